// The Householder reflections of a panel of BAND = 8 columns from its first eight rows A and the Gram matrix
// F = AᵀA + BᵀB, where B are the rows below. Reflections leave F alone, but for the row that each completes, so that the
// whole algorithm runs on A, F and coefficients M, of which column c says what column c of the rows below has become of
// B's columns. In step j
//   β = −sign(Aⱼⱼ)·√Fⱼⱼ, R[j,:] = F[j,:]/β, v = (1, A[j+1:,j]/(Aⱼⱼ − β)), below B·M[:,j]/(Aⱼⱼ − β),
//   A −= v·(A[j,:] − R[j,:]), M −= M[:,j]·(A[j,:] − R[j,:])/(Aⱼⱼ − β), F −= R[j,:]ᵀ·R[j,:],
// the same reflections as by sums over the rows in each step (Golub and Van Loan, 5.1). Only, F loses digits as Cholesky's
// factorisation does where columns are nearly in the span of those before: of each there is left a part of its square,
// Fⱼⱼ in step j by that at the beginning, and the product of these parts bounds what rounding becomes. So the chain stops
// where that product is below a tenth, and the caller starts again with products of rows that are up to date: then the
// column's norm is a sum of squares again. One column at least is done each time. A column of zeros takes v = e_j, a
// mere change of sign, and is the last of its chain.
//
// Invocation 8·r + c < 64 has entry r, c of each of the three. They are so few that what a step costs is its latency: one
// barrier, one vector that everybody leaves and three that everybody reads. The constants BAND and FUSED come before.

// F, row by row, from row and column `begin` on.
var<workgroup> gram: array<f32, 64>;
// A row by row, two vec4 each.
var<workgroup> top_rows: array<vec4<f32>, 16>;
// A row by row afterwards, with R on and above the diagonal and V below.
var<workgroup> chained: array<f32, 64>;
// Of each column two vec4, what makes rows below of B: V up to the last column that is done, columns that are up to date
// from there on.
var<workgroup> coefficients: array<vec4<f32>, 16>;
// How many columns are done.
var<workgroup> chained_columns: u32;
// Entries of A, F and M, in two turns.
var<workgroup> chain_links: array<vec3<f32>, 128>;

const LEAST_PART = 0.1;
// The largest entry is 1: what is smaller than 10⁻¹⁵ of it may be dropped, and squares of less are inexact in fp32.
const NO_SQUARE = 1e-30f;

// Columns `begin` and on; for workgroups of 64 invocations at least.
fn chain(thread: u32, begin: u32) {
  workgroupBarrier();
  let r = thread / BAND % BAND;
  let c = thread % BAND;
  var a = top_rows[2u * r + c / 4u][c % 4u];
  var f = gram[BAND * r + c];
  var m = select(0.0, 1.0, r == c);
  var end = begin;
  var stopped = false;
  var part = 1.0;
  for (var j = begin; j < BAND; j++) {
    let turn = 64u * (j & 1u);
    if thread < 64u {
      chain_links[turn + thread] = vec3(a, f, m);
    }
    workgroupBarrier();
    let pivot = chain_links[turn + 9u * j];
    let along = chain_links[turn + BAND * j + c];
    let down = chain_links[turn + BAND * r + j];
    let square = pivot.y;
    let whole = gram[9u * j];
    if j > begin && square < whole {
      part *= square / whole;
    }
    stopped = stopped || part < LEAST_PART;
    if !stopped {
      end = j + 1u;
      let none = square <= NO_SQUARE;
      // F has nothing then of the row that is complete, and would keep it.
      stopped = none;
      var root = inverseSqrt(max(square, NO_SQUARE));
      if FUSED {
        root = fma(fma(-square * root, root, 1.0), 0.5 * root, root);
      }
      let scale = select(root, -root, pivot.x > 0.0);
      let beta = select(scale * square, -pivot.x, none);
      let inverse = select(1.0 / (pivot.x - beta), 0.0, none);
      let change = along.x - select(scale * along.y, -along.x, none);
      let v = select(select(0.0, 1.0, r == j), inverse * down.x, r > j);
      if c > j {
        a -= v * change;
        f -= (scale * down.y) * (scale * along.y);
        m -= (inverse * change) * down.z;
      } else if c == j {
        a = select(select(a, beta, r == j), v, r > j);
        m = inverse * m;
      }
    }
  }
  // After the eighth step nobody reads from this turn.
  if thread < 64u {
    chained[thread] = a;
    chain_links[thread].z = m;
    if thread == 0u { chained_columns = end; }
  }
  workgroupBarrier();
  if thread < 16u {
    let place = 4u * (thread % 2u) * BAND + thread / 2u;
    coefficients[thread] = vec4(chain_links[place].z, chain_links[place + BAND].z, chain_links[place + 2u * BAND].z,
                                chain_links[place + 3u * BAND].z);
  }
  workgroupBarrier();
}
