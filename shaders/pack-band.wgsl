// Puts the band together: row r of `band` holds the entries of columns r − (BAND − 1) … r + 2·BAND, of which those within
// the band (r … r + BAND) come from the triangles that panel-factor.wgsl left, two to a block of rows, and the rest, room
// for bulges, are zero. The first of a block's triangles is upper and stands on the diagonal; the second stands right of
// it, transposed. One invocation an entry, the batch on workgroup_id.z.

struct Shape {
  columns: u32,
  // Triangles of a matrix.
  corners: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> corners: array<f32>;
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
      let block = row / BAND;
      let right = column / BAND - block;
      let inner = select(row % BAND * BAND + column % BAND, column % BAND * BAND + row % BAND, right == 1u);
      entry = corners[(id.z * shape.corners + 2u * block + right) * BAND * BAND + inner];
    }
    band[id.z * size + place] = entry;
  }
}
