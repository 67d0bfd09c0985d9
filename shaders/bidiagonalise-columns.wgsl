// Householder bidiagonalisation (Golub and Kahan 1965; LAPACK xGEBD2), the column half of step k. The matrix A is
// rows × columns with rows ≥ columns, row-major, the batch on workgroup_id.z.
//
// Both reflections of a step are applied as one rank-2 update A ← A − v·yᵀ − x·uᵀ (as xLABRD does with a block of one),
// and the update waits until the next step reads A anyway. So for each column j > k this kernel
//   applies step k−1's update to a_j,
//   makes the reflection H = I − τ·v·vᵀ (reflection.wgsl) that turns column c into β·e, and
//   computes y_j = τ·vᵀa_j.
// v = (1, c·inverse) is never needed as such: vᵀa = a_k + inverse·cᵀa below row k, so one pass gives ‖c‖ and all products.
//
// One workgroup a tile of columns: lanes along the columns, strips share the rows. Every workgroup sums ‖c‖ again, which
// is cheaper than a dispatch of its own. The first also stores β as the diagonal's k-th entry.
//
// Layout, each matrix after the other: `tall` holds column c, v and x (rows each), `wide` y and u (columns each),
// `bidiagonal` the diagonal and the superdiagonal (columns each), `reflections` β and inverse (0: no reflection).

struct Step {
  rows: u32,
  columns: u32,
  k: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(1) var<storage, read> tall: array<f32>;
@group(0) @binding(2) var<storage, read_write> wide: array<f32>;
@group(0) @binding(3) var<storage, read_write> bidiagonal: array<f32>;
@group(0) @binding(4) var<storage, read_write> reflections: array<vec2<f32>>;

override lanes: u32 = 16;
override strips: u32 = 16;
// Rows that a strip adds up before it adds their sum, with compensation, to its total: the error does not grow with rows.
const BLOCK = 32u;

// ‖c‖² and cᵀa_j below row k, of each strip.
var<workgroup> partial: array<vec2<f32>, lanes * strips>;

@compute @workgroup_size(lanes, strips)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let k = step.k;
  let column = k + 1u + group.x * lanes + local.x;
  let inside = column < step.columns;
  let start = group.z * step.rows * step.columns;
  let c = group.z * 3u * step.rows;
  let v = c + step.rows;
  let x = v + step.rows;
  let y = group.z * 2u * step.columns;
  let u = y + step.columns;

  var y_column = 0.0;
  var u_column = 0.0;
  if inside && k > 0u {
    y_column = wide[y + column];
    u_column = wide[u + column];
  }
  // The row of the diagonal by itself.
  var first = 0.0;
  var sums = vec2<f32>();
  var lost = vec2<f32>();
  for (var block = k + local.y; block < step.rows; block += strips * BLOCK) {
    var part = vec2<f32>();
    let end = min(step.rows, block + strips * BLOCK);
    for (var row = block; row < end; row += strips) {
      var entry = 0.0;
      if inside {
        let place = start + row * step.columns + column;
        entry = matrices[place];
        if k > 0u {
          entry = entry - tall[v + row] * y_column - tall[x + row] * u_column;
          matrices[place] = entry;
        }
      }
      if row == k {
        first = entry;
      } else {
        let leading = tall[c + row];
        part += leading * vec2(leading, entry);
      }
    }
    let next = sums + part;
    lost += part - (next - sums);
    sums = next;
  }
  sums += lost;
  let slot = local.y * lanes + local.x;
  partial[slot] = sums;
  workgroupBarrier();
  if local.y == 0u {
    for (var strip = 1u; strip < strips; strip++) {
      sums += partial[strip * lanes + local.x];
    }
    let h = reflection(tall[c + k], sums.x);
    if inside {
      wide[y + column] = h.tau * (first + h.inverse * sums.y);
    }
    if group.x == 0u && local.x == 0u {
      bidiagonal[group.z * 2u * step.columns + k] = h.beta;
      reflections[group.z] = vec2(h.beta, h.inverse);
    }
  }
}
