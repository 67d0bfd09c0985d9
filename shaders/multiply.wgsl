// Matrix products C = A·B, with A, B or both transposed, and the step C = (3·B − A·B)/2 of Newton and Schulz, which squares
// the distance of B's rows from orthonormal ones when A = B·Bᵀ (Higham, "Functions of Matrices", section 8.3).
//
// Row-major, A rows × depth, B depth × columns, C rows × columns, the batch on workgroup_id.z. A workgroup makes a tile of 64 × 64, one
// invocation 4 × 4 of it; 16 products are summed by themselves, so that the error hardly grows with the depth.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  // 1: A is stored transposed, 2: B is, 4: the step of Newton and Schulz.
  flags: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

const TILE = 64u;
const QUADS = 16u;
const DEPTH = 16u;
const THREADS = 256u;

// Four rows of A, and four columns of B, to a vector.
var<workgroup> tile_a: array<vec4<f32>, 272>;
var<workgroup> tile_b: array<vec4<f32>, 272>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let start_a = group.z * shape.rows * shape.depth;
  let start_b = group.z * shape.depth * shape.columns;
  let start_c = group.z * shape.rows * shape.columns;
  let first_row = group.y * TILE;
  let first_column = group.x * TILE;
  var sums = mat4x4<f32>();
  for (var depth = 0u; depth < shape.depth; depth += DEPTH) {
    workgroupBarrier();
    // One vector each: along the depth where that lies across, else along the rows or columns.
    var rows = vec4<f32>();
    if (shape.flags & 1u) == 0u {
      let k = depth + index % DEPTH;
      let row = first_row + 4u * (index / DEPTH);
      for (var i = 0u; i < 4u; i++) {
        if k < shape.depth && row + i < shape.rows {
          rows[i] = a[start_a + (row + i) * shape.depth + k];
        }
      }
      tile_a[(index % DEPTH) * (QUADS + 1u) + index / DEPTH] = rows;
    } else {
      let k = depth + index / QUADS;
      let row = first_row + 4u * (index % QUADS);
      for (var i = 0u; i < 4u; i++) {
        if k < shape.depth && row + i < shape.rows {
          rows[i] = a[start_a + k * shape.rows + row + i];
        }
      }
      tile_a[(index / QUADS) * (QUADS + 1u) + index % QUADS] = rows;
    }
    var columns = vec4<f32>();
    if (shape.flags & 2u) != 0u {
      let k = depth + index % DEPTH;
      let column = first_column + 4u * (index / DEPTH);
      for (var i = 0u; i < 4u; i++) {
        if k < shape.depth && column + i < shape.columns {
          columns[i] = b[start_b + (column + i) * shape.depth + k];
        }
      }
      tile_b[(index % DEPTH) * (QUADS + 1u) + index / DEPTH] = columns;
    } else {
      let k = depth + index / QUADS;
      let column = first_column + 4u * (index % QUADS);
      for (var i = 0u; i < 4u; i++) {
        if k < shape.depth && column + i < shape.columns {
          columns[i] = b[start_b + k * shape.columns + column + i];
        }
      }
      tile_b[(index / QUADS) * (QUADS + 1u) + index % QUADS] = columns;
    }
    workgroupBarrier();
    var part = mat4x4<f32>();
    for (var k = 0u; k < DEPTH; k++) {
      let left = tile_a[k * (QUADS + 1u) + local.y];
      let right = tile_b[k * (QUADS + 1u) + local.x];
      part[0] += left[0] * right;
      part[1] += left[1] * right;
      part[2] += left[2] * right;
      part[3] += left[3] * right;
    }
    sums += part;
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let row = first_row + 4u * local.y + i;
      let column = first_column + 4u * local.x + j;
      if row < shape.rows && column < shape.columns {
        let place = row * shape.columns + column;
        c[start_c + place] = select(sums[i][j], 1.5 * b[start_b + place] - 0.5 * sums[i][j], (shape.flags & 4u) != 0u);
      }
    }
  }
}
