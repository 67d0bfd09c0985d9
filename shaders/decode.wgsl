// Raw bytes → fp32, divided by the power of two that brings the matrix's largest magnitude into [1, 2), and transposed if
// asked, so that no later kernel meets overflow, subnormals or a wide matrix. Exact for all dtypes of up to 24 bits of
// mantissa, else rounded to nearest even. An entry that is too small for fp32 beside the largest becomes 2⁻¹²⁶ and not
// zero, so that an empty row stays distinguishable; one that is not finite becomes the mark MISSING.
//
// One dispatch a chunk, or several whole matrices that lie at equal distances, one to a workgroup_id.z; one invocation an
// entry, striding. `number.wgsl` comes first.

struct Chunk {
  format: Format,
  entries: u32,
  first_entry: u32,
  // The matrix as the file has it.
  rows: u32,
  columns: u32,
  // Which matrix of the batch is the first, where its first entry goes, and the distance from one to the next in words.
  matrix: u32,
  target_first: u32,
  distance: u32,
  // 1: write it as columns × rows.
  transpose: u32,
}

var<immediate> chunk: Chunk;
@group(0) @binding(0) var<storage, read> raw: array<u32>;
// Eight a matrix, as shaders/scan.wgsl wrote them.
@group(0) @binding(1) var<storage, read> counters: array<u32>;
// Row-major, one matrix after another.
@group(0) @binding(2) var<storage, read_write> matrices: array<f32>;

const EXPONENT_OFFSET = 2048;
const MISSING = 0x1p100f;
override threads: u32 = 64;

fn rounded(entry: Number, scale: i32) -> f32 {
  if !entry.finite {
    return MISSING;
  }
  if entry.mantissa == 0u {
    return 0.0;
  }
  let exponent = entry.exponent - scale;
  var bits = 0x00800000u;
  if exponent >= -126 {
    let kept = entry.mantissa >> 8u;
    let dropped = entry.mantissa & 0xffu;
    let up = u32(dropped > 0x80u || (dropped == 0x80u && (kept & 1u) == 1u));
    // The hidden bit of `kept` adds one to the exponent field, as a carry out of the fraction does.
    bits = (u32(exponent + 126) << 23u) + kept + up;
  }
  return bitcast<f32>(bits | (u32(entry.negative) << 31u));
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let scale = i32(counters[(chunk.matrix + id.z) * 8u + 3u]) - EXPONENT_OFFSET;
  let begin_entry = id.z * chunk.distance * 4u / (chunk.format.bits / 8u);
  let target_first = chunk.target_first + id.z * chunk.rows * chunk.columns;
  for (var index = id.x; index < chunk.entries; index += groups.x * threads) {
    let bits = entry_bits(begin_entry + index, chunk.format);
    let value = rounded(number(bits.x, bits.y, chunk.format), scale);
    let position = chunk.first_entry + index;
    var target_position = position;
    if chunk.transpose == 1u {
      target_position = (position % chunk.columns) * chunk.rows + position / chunk.columns;
    }
    matrices[target_first + target_position] = value;
  }
}
