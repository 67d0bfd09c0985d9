// What the raw bytes of a matrix tell, before anything is rounded: how many entries are not finite, zero, different from
// the identity matrix's; the largest exponent, from which the decoder takes its scale; a 128-bit fingerprint.
//
// One dispatch a chunk of the tensor, or several whole matrices that lie at equal distances, one to a workgroup_id.z; its
// workgroups stride over it, reduce what they find in workgroup memory and add it to the matrix's eight counters.
// `number.wgsl` comes first.
//
// Fingerprint: four 32-bit sums over the words w at position i of mix(w, i), each with its own constants, where mix is
// the finaliser of MurmurHash3 (Appleby). A sum does not depend on the order in which workgroups arrive.

struct Chunk {
  format: Format,
  // Entries in this chunk, and how many of the matrix come before it.
  entries: u32,
  first_entry: u32,
  columns: u32,
  // Words in this chunk (bytes after the last entry are zero), and how many come before it.
  words: u32,
  first_word: u32,
  // Which matrix of the batch is the first, and the distance from one to the next in words.
  matrix: u32,
  distance: u32,
  // The bits of 1 in this dtype, low word and high word.
  one_low: u32,
  one_high: u32,
}

var<immediate> chunk: Chunk;
@group(0) @binding(0) var<storage, read> raw: array<u32>;
// Eight counters a matrix: non-finite, zeros, different from identity, largest exponent + EXPONENT_OFFSET (0: none is
// finite and not zero), and the fingerprint.
@group(0) @binding(1) var<storage, read_write> counters: array<atomic<u32>>;

const EXPONENT_OFFSET = 2048;
override threads: u32 = 64;

var<workgroup> found: array<atomic<u32>, 8>;

fn mix(value: u32, seed: u32) -> u32 {
  var x = value ^ seed;
  x = (x ^ (x >> 16u)) * 0x85ebca6bu;
  x = (x ^ (x >> 13u)) * 0xc2b2ae35u;
  return x ^ (x >> 16u);
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(local_invocation_index) local: u32,
        @builtin(num_workgroups) groups: vec3<u32>) {
  let stride = groups.x * threads;
  let begin = id.z * chunk.distance;
  let begin_entry = begin * 4u / (chunk.format.bits / 8u);
  var not_finite = 0u;
  var zeros = 0u;
  var different = 0u;
  var largest = 0u;
  for (var index = id.x; index < chunk.entries; index += stride) {
    let bits = entry_bits(begin_entry + index, chunk.format);
    let entry = number(bits.x, bits.y, chunk.format);
    let zero = entry.finite && entry.mantissa == 0u;
    let position = chunk.first_entry + index;
    let diagonal = position / chunk.columns == position % chunk.columns;
    let is_one = bits.x == chunk.one_low && bits.y == chunk.one_high;
    not_finite += u32(!entry.finite);
    zeros += u32(zero);
    different += u32(!select(zero, is_one, diagonal));
    if entry.finite && !zero {
      largest = max(largest, u32(entry.exponent + EXPONENT_OFFSET));
    }
  }
  var print = vec4<u32>();
  for (var index = id.x; index < chunk.words; index += stride) {
    let word = raw[begin + index];
    let place = (chunk.first_word + index) * 0x9e3779b9u;
    print += vec4(mix(word, place ^ 0x243f6a88u), mix(word, ~place ^ 0x13198a2eu), mix(word * 0xcc9e2d51u + place, 0xa4093822u),
                  mix(word * 0x1b873593u - place, 0x299f31d0u));
  }

  atomicAdd(&found[0], not_finite);
  atomicAdd(&found[1], zeros);
  atomicAdd(&found[2], different);
  atomicMax(&found[3], largest);
  atomicAdd(&found[4], print.x);
  atomicAdd(&found[5], print.y);
  atomicAdd(&found[6], print.z);
  atomicAdd(&found[7], print.w);
  workgroupBarrier();
  if local < 8u {
    let total = atomicLoad(&found[local]);
    let counter = (chunk.matrix + id.z) * 8u + local;
    if local == 3u {
      atomicMax(&counters[counter], total);
    } else {
      atomicAdd(&counters[counter], total);
    }
  }
}
