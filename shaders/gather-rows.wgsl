// The bytes of matrices out of those of a larger one: rows that lie apart are pushed together, from any byte on, with zeros
// after them up to the end of a word. One invocation a word of the result, striding; the matrices begin at equal distances,
// one to a workgroup_id.z.

struct Rows {
  // Bytes: where the first row begins in `raw`, how long a row is, how far apart rows are, and all of the result.
  begin: u32,
  length: u32,
  pitch: u32,
  bytes: u32,
  // From the begin of one matrix to the next in `raw`, and words from one result to the next.
  distance: u32,
  target_distance: u32,
}

var<immediate> rows: Rows;
@group(0) @binding(0) var<storage, read> raw: array<u32>;
@group(0) @binding(1) var<storage, read_write> packed: array<u32>;

fn place(begin: u32, position: u32) -> u32 {
  return begin + (position / rows.length) * rows.pitch + position % rows.length;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let words = (rows.bytes + 3u) / 4u;
  let begin = rows.begin + id.z * rows.distance;
  let aligned = ((begin | rows.length | rows.pitch) & 3u) == 0u;
  for (var index = id.x; index < words; index += groups.x * 64u) {
    var word = 0u;
    if aligned {
      word = raw[place(begin, 4u * index) / 4u];
    } else {
      for (var byte = 0u; byte < min(4u, rows.bytes - 4u * index); byte++) {
        let source = place(begin, 4u * index + byte);
        word |= extractBits(raw[source / 4u], (source % 4u) * 8u, 8u) << (byte * 8u);
      }
    }
    packed[id.z * rows.target_distance + index] = word;
  }
}
