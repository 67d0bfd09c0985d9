// Takes the band out of A: row r of `band` holds the entries of columns r − (BAND − 1) … r + 2·BAND, of which those
// within the band (r … r + BAND) come from A and the rest, room for bulges, are zero. One invocation an entry.

struct Shape {
  rows: u32,
  columns: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> band: array<f32>;

const WIDTH = 3u * BAND;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let size = shape.columns * WIDTH;
  for (var place = id.x; place < size; place += groups.x * 64u) {
    let row = place / WIDTH;
    let offset = place % WIDTH;
    var entry = 0.0;
    let column = row + offset - (BAND - 1u);
    if offset >= BAND - 1u && offset < 2u * BAND && column < shape.columns {
      entry = matrices[id.z * shape.rows * shape.columns + row * shape.columns + column];
    }
    band[id.z * size + place] = entry;
  }
}
