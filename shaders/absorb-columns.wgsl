// The triangle of an LQ factorisation of short, wide matrices, as a tree (TSQR: Demmel, Grigori, Hoemmen and Langou 2012,
// transposed): X = L·Q by Householder reflections of the columns.
//
// X is rows × length, row-major, the batch on workgroup_id.z. A workgroup (workgroup_id.x) takes `share` columns of it
// and leaves their L, rows × rows with zeros above the diagonal, as columns workgroup · rows … of Y. So Y is laid out as X
// is, but shorter, and has the same L: the kernel runs again on its own result until one workgroup is left.
//
// A workgroup absorbs its columns into L a chunk at a time. For k = 0, 1, … one reflection makes row k of the chunk zero
// and changes column k of L: with x_j row j of the chunk, v = (1, x_k/(L_kk − β)), every row j ≥ k needs x_k·x_j only.
// A row of the chunk lies in the registers of LANES invocations, one of which holds HELD entries of each of VECTORS rows,
// four at a time; row k passes to all through workgroup memory. Before it come constants with those names, THREADS, and
// reflection.wgsl.

struct Shape {
  rows: u32,
  length: u32,
  // Columns of a workgroup.
  share: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

const QUADS = HELD / 4u;
// Columns of a chunk, and rows that the workgroup holds one of for each invocation.
const CHUNK = LANES * HELD;
const STRIDE = THREADS / LANES;

// Rows k and k + 1 of the chunk.
var<workgroup> pivots: array<array<vec4<f32>, CHUNK / 4u>, 2>;
// Parts of x_k·x_j.
var<workgroup> parts: array<f32, THREADS * VECTORS>;
// L_kk, and the next.
var<workgroup> corners: array<f32, 2>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let rows = shape.rows;
  let lane = local % LANES;
  let own = local / LANES;
  let start = group.z * rows * shape.length;
  let pitch = groups.x * rows;
  let corner = group.z * rows * pitch + group.x * rows;
  let first = group.x * shape.share;
  let last = min(first + shape.share, shape.length);

  for (var begin = first; begin < last; begin += CHUNK) {
    var held: array<array<vec4<f32>, QUADS>, VECTORS>;
    for (var i = 0u; i < VECTORS; i++) {
      let row = own + i * STRIDE;
      for (var quad = 0u; quad < QUADS; quad++) {
        var entries = vec4<f32>();
        let column = begin + 4u * (quad * LANES + lane);
        for (var part = 0u; part < 4u; part++) {
          if row < rows && column + part < last {
            entries[part] = x[start + row * shape.length + column + part];
          }
        }
        held[i][quad] = entries;
      }
    }
    if own == 0u {
      for (var quad = 0u; quad < QUADS; quad++) {
        pivots[0][quad * LANES + lane] = held[0][quad];
      }
    }
    for (var k = 0u; k < rows; k++) {
      // Column k of L.
      var entries = array<f32, VECTORS>();
      for (var i = 0u; i < VECTORS; i++) {
        let row = own + i * STRIDE;
        if row >= k && row < rows && begin > first {
          entries[i] = y[corner + row * pitch + k];
        }
        if row == k && lane == 0u {
          corners[k % 2u] = entries[i];
        }
      }
      workgroupBarrier();
      for (var i = 0u; i < VECTORS; i++) {
        var sums = vec4<f32>();
        for (var quad = 0u; quad < QUADS; quad++) {
          sums += pivots[k % 2u][quad * LANES + lane] * held[i][quad];
        }
        parts[(own + i * STRIDE) * LANES + lane] = (sums.x + sums.y) + (sums.z + sums.w);
      }
      workgroupBarrier();
      var norm = 0.0;
      for (var part = 0u; part < LANES; part++) {
        norm += parts[k * LANES + part];
      }
      let made = reflection(corners[k % 2u], norm);
      for (var i = 0u; i < VECTORS; i++) {
        let row = own + i * STRIDE;
        if row < rows {
          if row == k {
            entries[i] = made.beta;
          } else if row > k {
            var product = 0.0;
            for (var part = 0u; part < LANES; part++) {
              product += parts[row * LANES + part];
            }
            let factor = made.tau * (entries[i] + made.inverse * product);
            entries[i] -= factor;
            for (var quad = 0u; quad < QUADS; quad++) {
              held[i][quad] -= factor * made.inverse * pivots[k % 2u][quad * LANES + lane];
              if row == k + 1u {
                pivots[(k + 1u) % 2u][quad * LANES + lane] = held[i][quad];
              }
            }
          }
          if lane == 0u {
            y[corner + row * pitch + k] = entries[i];
          }
        }
      }
    }
    // The next chunk's first row goes where the last one's may still be read, and L is read again.
    storageBarrier();
    workgroupBarrier();
  }
}
