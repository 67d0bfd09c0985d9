// Cholesky factorisation G = C·Cᵀ, the panel of 32 columns that begins at `first`; cholesky-update.wgsl takes it off the
// rest. C only makes a good start for block-jacobi.ts: a pivot below 10⁻⁵ of the largest diagonal entry, which may be
// rounding, is replaced by that, and its column is left out, so that rounding cannot grow.
//
// G is size × size, row-major, the batch on workgroup_id.z; of the panel's rows the lower triangle is read. Cᵀ is written
// to `factor`, rows first … first + 31. One workgroup 32 rows of C (workgroup_id.x, the first has the diagonal block);
// each factors the diagonal block for itself, which is cheaper than a dispatch of its own.

struct Panel {
  size: u32,
  first: u32,
}

var<immediate> panel: Panel;
@group(0) @binding(0) var<storage, read> g: array<f32>;
@group(0) @binding(1) var<storage, read_write> factor: array<f32>;

const WIDTH = 32u;
const PITCH = 33u;
override threads: u32 = 128;

var<workgroup> block: array<f32, 1056>;
var<workgroup> rows: array<f32, 1056>;
var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let size = panel.size;
  let start = group.z * size * size;
  let width = min(WIDTH, size - panel.first);
  let first_row = panel.first + group.x * WIDTH;
  var largest = 0.0;
  for (var i = local; i < size; i += threads) {
    largest = max(largest, g[start + i * size + i]);
  }
  partial[local] = largest;
  for (var item = local; item < WIDTH * WIDTH; item += threads) {
    let i = item / WIDTH;
    let j = item % WIDTH;
    let inside = j < width;
    var own = 0.0;
    var other = 0.0;
    if inside && i < width {
      own = g[start + (panel.first + i) * size + panel.first + j];
    }
    if inside && first_row + i < size {
      other = g[start + (first_row + i) * size + panel.first + j];
    }
    block[i * PITCH + j] = own;
    rows[i * PITCH + j] = other;
  }
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] = max(partial[local], partial[local + half]);
    }
  }
  workgroupBarrier();
  let least = max(1e-5 * partial[0], 1e-30);

  // Columns stay as they are when they have been taken off those behind them, and are divided by their roots at the end.
  for (var k = 0u; k < width; k++) {
    let pivot = block[k * PITCH + k];
    let quotient = select(0.0, 1.0 / pivot, pivot >= least);
    for (var item = local; item < WIDTH * WIDTH; item += threads) {
      let i = item / WIDTH;
      let j = item % WIDTH;
      if j > k && j < width {
        let taken = quotient * block[j * PITCH + k];
        if i >= j && i < width {
          block[i * PITCH + j] -= block[i * PITCH + k] * taken;
        }
        rows[i * PITCH + j] -= rows[i * PITCH + k] * taken;
      }
    }
    workgroupBarrier();
  }
  for (var item = local; item < WIDTH * WIDTH; item += threads) {
    let i = item % WIDTH;
    let j = item / WIDTH;
    if j < width && first_row + i < size {
      let pivot = block[j * PITCH + j];
      let kept = pivot >= least;
      let entry = select(rows[i * PITCH + j], block[i * PITCH + j], group.x == 0u && i >= j);
      let divided = select(0.0, entry * inverseSqrt(pivot), kept && (group.x > 0u || i >= j));
      let root = group.x == 0u && i == j;
      factor[start + (panel.first + j) * size + first_row + i] = select(divided, sqrt(max(pivot, least)), root);
    }
  }
}
