// After a QR factorisation panel by panel (see panel.wgsl), makes the first `columns` rows of A the upper triangular R:
// the blocks on the diagonal come from the corners that panel-factor.wgsl left, what is below them becomes zero. One
// invocation an entry, the batch on workgroup_id.z.

struct Shape {
  columns: u32,
  // Entries from one matrix to the next.
  matrix: u32,
  // Corners of a matrix, two to a panel; those of columns are the first of two.
  corners: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(1) var<storage, read> corners: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  for (var row = id.y; row < shape.columns; row += groups.y) {
    let block = row / BAND;
    for (var column = id.x; column < min((block + 1u) * BAND, shape.columns); column += groups.x * 64u) {
      var entry = 0.0;
      if column / BAND == block {
        let corner = id.z * shape.corners + 2u * block;
        entry = corners[(corner * BAND + row % BAND) * BAND + column % BAND];
      }
      matrices[id.z * shape.matrix + row * shape.columns + column] = entry;
    }
  }
}
