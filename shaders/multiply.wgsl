// Matrix products C = A·B, with A, B or both transposed, and the step C = (3·B − A·B)/2 of Newton and Schulz, which squares
// the distance of B's rows from orthonormal ones when A = B·Bᵀ (Higham, "Functions of Matrices", section 8.3).
//
// Row-major, A rows × depth, B depth × columns, C rows × columns, the batch on workgroup_id.z. A workgroup makes a tile of
// 64 × 64, one invocation 4 × 4 of it, rows and columns 16 apart, so that neighbours read and write what lies side by
// side; 16 products are summed by themselves, so that the error hardly grows with the depth.

struct Shape {
  rows: u32,
  columns: u32,
  depth: u32,
  // 1: A is stored transposed, 2: B is, 4: the step of Newton and Schulz, 8: only tiles that meet the lower triangle.
  flags: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> c: array<f32>;

const TILE = 64u;
const QUADS = 16u;
const DEPTH = 16u;
const PITCH = QUADS + 1u;

// Four rows of A, and four columns of B, to a vector.
var<workgroup> tile_a: array<vec4<f32>, DEPTH * PITCH>;
var<workgroup> tile_b: array<vec4<f32>, DEPTH * PITCH>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  if (shape.flags & 8u) != 0u && group.x > group.y {
    return;
  }
  let start_a = group.z * shape.rows * shape.depth;
  let start_b = group.z * shape.depth * shape.columns;
  let start_c = group.z * shape.rows * shape.columns;
  let first_row = group.y * TILE;
  let first_column = group.x * TILE;
  // An invocation loads one vector of each. Neighbours lie along the depth where that lies across in memory, else along
  // the rows or columns.
  let lies_a = (shape.flags & 1u) == 0u;
  let lies_b = (shape.flags & 2u) != 0u;
  let across_a = select(1u, shape.depth, lies_a);
  let along_a = select(shape.rows, 1u, lies_a);
  let across_b = select(1u, shape.depth, lies_b);
  let along_b = select(shape.columns, 1u, lies_b);
  let k_a = select(index / QUADS, index % DEPTH, lies_a);
  let quad_a = select(index % QUADS, index / DEPTH, lies_a);
  let k_b = select(index / QUADS, index % DEPTH, lies_b);
  let quad_b = select(index % QUADS, index / DEPTH, lies_b);
  let row = first_row + quad_a;
  let column = first_column + quad_b;
  var sums = mat4x4<f32>();
  for (var depth = 0u; depth < shape.depth; depth += DEPTH) {
    // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
    var rows = vec4<f32>();
    var columns = vec4<f32>();
    for (var i = 0u; i < 4u; i++) {
      let inside_a = depth + k_a < shape.depth && row + i * QUADS < shape.rows;
      let entry_a = a[start_a + select(0u, (row + i * QUADS) * across_a + (depth + k_a) * along_a, inside_a)];
      rows[i] = select(0.0, entry_a, inside_a);
      let inside_b = depth + k_b < shape.depth && column + i * QUADS < shape.columns;
      let entry_b = b[start_b + select(0u, (column + i * QUADS) * across_b + (depth + k_b) * along_b, inside_b)];
      columns[i] = select(0.0, entry_b, inside_b);
    }
    workgroupBarrier();
    tile_a[k_a * PITCH + quad_a] = rows;
    tile_b[k_b * PITCH + quad_b] = columns;
    workgroupBarrier();
    var part = mat4x4<f32>();
    for (var k = 0u; k < DEPTH; k++) {
      let left = tile_a[k * PITCH + local.y];
      let right = tile_b[k * PITCH + local.x];
      part[0] += left[0] * right;
      part[1] += left[1] * right;
      part[2] += left[2] * right;
      part[3] += left[3] * right;
    }
    sums += part;
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let own_row = first_row + local.y + i * QUADS;
      let own_column = first_column + local.x + j * QUADS;
      if own_row < shape.rows && own_column < shape.columns {
        let place = own_row * shape.columns + own_column;
        let sum = sums[i][j];
        c[start_c + place] = select(sum, 1.5 * b[start_b + place] - 0.5 * sum, (shape.flags & 4u) != 0u);
      }
    }
  }
}
