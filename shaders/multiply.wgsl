// Matrix products C = A·B, with A, B or both transposed, and the step C = (3·B − A·B)/2 of Newton and Schulz, which squares
// the distance of B's rows from orthonormal ones when A = B·Bᵀ (Higham, "Functions of Matrices", section 8.3).
//
// Row-major, A rows × depth, B depth × columns, C rows × columns, the batch on workgroup_id.z. A workgroup makes a tile of
// 64·EACH × 64·EACH, one invocation EACH × EACH pieces of 4 × 4 of it, 64 apart; 16 products are summed by themselves, so
// that the error hardly grows with the depth. Constant EACH comes before it.

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

const QUADS = 16u * EACH;
const DEPTH = 16u / EACH;
const PITCH = QUADS + 1u;
const THREADS = 256u;

// Four rows of A, and four columns of B, to a vector.
var<workgroup> tile_a: array<vec4<f32>, DEPTH * PITCH>;
var<workgroup> tile_b: array<vec4<f32>, DEPTH * PITCH>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let start_a = group.z * shape.rows * shape.depth;
  let start_b = group.z * shape.depth * shape.columns;
  let start_c = group.z * shape.rows * shape.columns;
  let first_row = group.y * 4u * QUADS;
  let first_column = group.x * 4u * QUADS;
  let lies_a = (shape.flags & 1u) == 0u;
  let lies_b = (shape.flags & 2u) != 0u;
  // From one entry of a vector to the next, and from one vector to the next along the depth.
  let across_a = select(1u, shape.depth, lies_a);
  let along_a = select(shape.rows, 1u, lies_a);
  let across_b = select(1u, shape.depth, lies_b);
  let along_b = select(shape.columns, 1u, lies_b);
  // An invocation loads one vector of each: along the depth where that lies across, else along the rows or columns.
  let k_a = select(index / QUADS, index % DEPTH, lies_a);
  let quad_a = select(index % QUADS, index / DEPTH, lies_a);
  let k_b = select(index / QUADS, index % DEPTH, lies_b);
  let quad_b = select(index % QUADS, index / DEPTH, lies_b);
  let row = first_row + 4u * quad_a;
  let column = first_column + 4u * quad_b;
  var sums: array<array<vec4<f32>, EACH>, 4u * EACH>;
  for (var i = 0u; i < 4u * EACH; i++) {
    for (var j = 0u; j < EACH; j++) {
      sums[i][j] = vec4<f32>();
    }
  }
  for (var depth = 0u; depth < shape.depth; depth += 16u) {
    var parts: array<array<vec4<f32>, EACH>, 4u * EACH>;
    for (var i = 0u; i < 4u * EACH; i++) {
      for (var j = 0u; j < EACH; j++) {
        parts[i][j] = vec4<f32>();
      }
    }
    for (var begin = depth; begin < min(depth + 16u, shape.depth); begin += DEPTH) {
      // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
      var rows = vec4<f32>();
      var columns = vec4<f32>();
      for (var i = 0u; i < 4u; i++) {
        let inside_a = begin + k_a < shape.depth && row + i < shape.rows;
        let entry_a = a[start_a + select(0u, (row + i) * across_a + (begin + k_a) * along_a, inside_a)];
        rows[i] = select(0.0, entry_a, inside_a);
        let inside_b = begin + k_b < shape.depth && column + i < shape.columns;
        let entry_b = b[start_b + select(0u, (column + i) * across_b + (begin + k_b) * along_b, inside_b)];
        columns[i] = select(0.0, entry_b, inside_b);
      }
      workgroupBarrier();
      tile_a[k_a * PITCH + quad_a] = rows;
      tile_b[k_b * PITCH + quad_b] = columns;
      workgroupBarrier();
      for (var k = 0u; k < DEPTH; k++) {
        for (var i = 0u; i < EACH; i++) {
          let left = tile_a[k * PITCH + 16u * i + local.y];
          for (var j = 0u; j < EACH; j++) {
            let right = tile_b[k * PITCH + 16u * j + local.x];
            parts[4u * i][j] += left[0] * right;
            parts[4u * i + 1u][j] += left[1] * right;
            parts[4u * i + 2u][j] += left[2] * right;
            parts[4u * i + 3u][j] += left[3] * right;
          }
        }
      }
    }
    for (var i = 0u; i < 4u * EACH; i++) {
      for (var j = 0u; j < EACH; j++) {
        sums[i][j] += parts[i][j];
      }
    }
  }
  for (var i = 0u; i < 4u * EACH; i++) {
    let own_row = first_row + 64u * (i / 4u) + 4u * local.y + i % 4u;
    for (var j = 0u; j < EACH; j++) {
      for (var k = 0u; k < 4u; k++) {
        let own_column = first_column + 64u * j + 4u * local.x + k;
        if own_row < shape.rows && own_column < shape.columns {
          let place = own_row * shape.columns + own_column;
          let sum = sums[i][j][k];
          c[start_c + place] = select(sum, 1.5 * b[start_b + place] - 0.5 * sum, (shape.flags & 4u) != 0u);
        }
      }
    }
  }
}
