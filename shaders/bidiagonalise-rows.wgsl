// Householder bidiagonalisation, the row half of step k; bidiagonalise-columns.wgsl explains the whole and the layout.
//
// The row r = a_k − y (for v_k = 1) right of the diagonal is turned into β·e by G = I − τ·u·uᵀ. For each row i > k this
// kernel computes x_i = τ·(a_i − v_i·y)ᵀu and the entry of the next step's column, c_i = a_{i,k+1} − v_i·y_{k+1} − x_i·u_{k+1}.
// u = (1, r·inverse) again is applied without being formed: one pass gives ‖r‖, aᵀr and yᵀr right of that first entry.
//
// One workgroup takes eight rows, its threads share the columns. Every workgroup sums ‖r‖ again; the first stores u and
// the superdiagonal's k-th entry. Called once before the first step with k = 2³² − 1, it only fetches column 0.

struct Step {
  rows: u32,
  columns: u32,
  k: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> tall: array<f32>;
@group(0) @binding(2) var<storage, read_write> wide: array<f32>;
@group(0) @binding(3) var<storage, read_write> bidiagonal: array<f32>;
@group(0) @binding(4) var<storage, read> reflections: array<vec2<f32>>;

override threads: u32 = 64;

// All right of the first entry of r.
struct Sums {
  // aᵢᵀr for the eight rows.
  near: vec4<f32>,
  far: vec4<f32>,
  // ‖r‖², yᵀr.
  row: vec2<f32>,
}
var<workgroup> partial: array<Sums, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let k = step.k;
  let next = k + 1u;
  // Two dimensions, because one alone is limited to 65535.
  let number = group.y * groups.x + group.x;
  let first_row = next + number * 8u;
  let start = group.z * step.rows * step.columns;
  let c = group.z * 3u * step.rows;
  let v = c + step.rows;
  let x = v + step.rows;
  let y = group.z * 2u * step.columns;
  let u = y + step.columns;

  if next == 0u {
    if local < 8u && first_row + local < step.rows {
      tall[c + first_row + local] = matrices[start + (first_row + local) * step.columns];
    }
    return;
  }

  let row_k = start + k * step.columns;
  // Rows beyond the last are read as the last; their results are dropped.
  let last = step.rows - 1u;
  var place = array<u32, 8>();
  for (var i = 0u; i < 8u; i++) {
    place[i] = start + min(first_row + i, last) * step.columns;
  }
  var sums = Sums();
  for (var column = next + local; column < step.columns; column += threads) {
    let y_column = wide[y + column];
    let r = select(matrices[row_k + column] - y_column, 0.0, column == next);
    sums.row += r * vec2(r, y_column);
    sums.near += r * vec4(matrices[place[0] + column], matrices[place[1] + column], matrices[place[2] + column],
                          matrices[place[3] + column]);
    sums.far += r * vec4(matrices[place[4] + column], matrices[place[5] + column], matrices[place[6] + column],
                         matrices[place[7] + column]);
  }
  partial[local] = sums;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      let other = partial[local + half];
      sums.near += other.near;
      sums.far += other.far;
      sums.row += other.row;
      partial[local] = sums;
    }
  }
  workgroupBarrier();
  let total = partial[0];

  let y_next = wide[y + next];
  let g = reflection(matrices[row_k + next] - y_next, total.row.x);
  if local < 8u && first_row + local < step.rows {
    let row = first_row + local;
    let a_next = matrices[start + row * step.columns + next];
    let v_row = tall[c + row] * reflections[group.z].y;
    var product = total.near[local & 3u];
    if local >= 4u {
      product = total.far[local & 3u];
    }
    let x_row = g.tau * (a_next - v_row * y_next + g.inverse * (product - v_row * total.row.y));
    tall[v + row] = v_row;
    tall[x + row] = x_row;
    tall[c + row] = a_next - v_row * y_next - x_row;
  }
  if number == 0u {
    for (var column = next + local; column < step.columns; column += threads) {
      let r = matrices[row_k + column] - wide[y + column];
      wide[u + column] = select(r * g.inverse, 1.0, column == next);
    }
    if local == 0u {
      bidiagonal[group.z * 2u * step.columns + step.columns + k] = g.beta;
    }
  }
}
