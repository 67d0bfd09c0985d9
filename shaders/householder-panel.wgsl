// Factors panels of BAND = 8 columns by Householder reflections, a workgroup each. An invocation holds eight of a panel's
// rows in registers, named ones, because compilers leave arrays in memory; rows beyond 8·THREADS stay in memory and are read
// and written once a column.
//
// Column j is left unscaled, x, until the products xᵀa with all columns are known. They give its norm, the update of the
// columns after it, and for those before it (which hold their vectors v by then) vᵀx, of which T is made:
// T[:,j] = −τⱼ·T·(Vᵀvⱼ) (LAPACK xLARFT). One barrier a column: what goes through workgroup memory takes turns.
//
// Columns move on by one place with each step, so that column j is always the first: the loop over columns stays a loop,
// because its code unrolled would be fetched for longer than it runs, and every entry has a register all the same.
//
// `row.wgsl`, `reflection.wgsl` and the constant THREADS come before. householder-panel-plain.wgsl or
// householder-panel-subgroups.wgsl has the entry point and the sums over the workgroup, where `turn` is 0 and 1 in turns.
// What is factored and what becomes of it say delayed-panel.wgsl, tall-leaf.wgsl and tall-root.wgsl by
//   panel_of(group)                     the workgroup's panel,
//   read_row(panel, row), write_row     a row while the panel is factored,
//   finish(panel, thread, own, factor)  what the workgroup does when it is: invocations below BAND have a row of R, with V
//                                       below the diagonal, in `own`, and of T in `factor`,
//   keep_row(panel, row, row of V)      with its ones and zeros.

// Which panel: its matrix, its number among those of the matrix that are factored at once, and its rows.
struct Panel {
  matrix: u32,
  number: u32,
  length: u32,
}

// Row j of column j's turn.
var<workgroup> pivots: array<vec4<f32>, 4>;

const INDEX = vec4(0u, 1u, 2u, 3u);

fn factor_panel(panel: Panel, thread: u32) {
  let length = panel.length;
  let last = length - 1u;
  let rows = thread + INDEX * THREADS;
  let more = rows + 4u * THREADS;
  let here = rows <= vec4(last);
  let there = more <= vec4(last);
  let none = vec4<f32>();
  // The rows: number `thread`, `thread` + THREADS and so on.
  let row_a = read_row(panel, min(rows.x, last));
  let row_b = read_row(panel, min(rows.y, last));
  let row_c = read_row(panel, min(rows.z, last));
  let row_d = read_row(panel, min(rows.w, last));
  let row_e = read_row(panel, min(more.x, last));
  let row_f = read_row(panel, min(more.y, last));
  let row_g = read_row(panel, min(more.z, last));
  let row_h = read_row(panel, min(more.w, last));
  var a0 = select(none, row_a.low, here.x);
  var a1 = select(none, row_a.high, here.x);
  var b0 = select(none, row_b.low, here.y);
  var b1 = select(none, row_b.high, here.y);
  var c0 = select(none, row_c.low, here.z);
  var c1 = select(none, row_c.high, here.z);
  var d0 = select(none, row_d.low, here.w);
  var d1 = select(none, row_d.high, here.w);
  var e0 = select(none, row_e.low, there.x);
  var e1 = select(none, row_e.high, there.x);
  var f0 = select(none, row_f.low, there.y);
  var f1 = select(none, row_f.high, there.y);
  var g0 = select(none, row_g.low, there.z);
  var g1 = select(none, row_g.high, there.z);
  var h0 = select(none, row_h.low, there.w);
  var h1 = select(none, row_h.high, there.w);
  // This invocation's row of T.
  var t0 = none;
  var t1 = none;
  // Whether rows 4·THREADS and on are there.
  let long = length > 4u * THREADS;
  // What the column before does to the rows in memory still.
  var shares0 = vec4<f32>();
  var shares1 = vec4<f32>();
  var inverse = 1.0;
  for (var j = 0u; j < BAND; j++) {
    // Below the diagonal.
    let pivot = thread == j;
    let below = thread > j;
    let xa = select(0.0, a0.x, below);
    let xb = b0.x;
    let xc = c0.x;
    let xd = d0.x;
    let xe = e0.x;
    let xf = f0.x;
    let xg = g0.x;
    let xh = h0.x;
    var s0 = (xa * a0 + xb * b0) + (xc * c0 + xd * d0);
    var s1 = (xa * a1 + xb * b1) + (xc * c1 + xd * d1);
    if long {
      s0 += (xe * e0 + xf * f0) + (xg * g0 + xh * h0);
      s1 += (xe * e1 + xf * f1) + (xg * g1 + xh * h1);
    }
    for (var row = thread + 8u * THREADS; row < length; row += THREADS) {
      var own = read_row(panel, row);
      if j > 0u {
        let x = own.low.x;
        own = Row(vec4(own.low.yzw, own.high.x) + shares0 * x, vec4(own.high.yzw, inverse * x) + shares1 * x);
        write_row(panel, row, own);
      }
      s0 += own.low.x * own.low;
      s1 += own.low.x * own.high;
    }
    let turn = 2u * (j & 1u);
    if pivot {
      pivots[turn] = a0;
      pivots[turn + 1u] = a1;
    }
    let sums = sum_over_workgroup(s0, s1, j & 1u, thread);
    let pivot0 = pivots[turn];
    let pivot1 = pivots[turn + 1u];
    let h = reflection(pivot0.x, sums.low.x);
    // vⱼᵀ times each column.
    let along0 = pivot0 + h.inverse * sums.low;
    let along1 = pivot1 + h.inverse * sums.high;
    if thread < BAND {
      // T is zero still from column j on.
      let product = dot(t0, along0) + dot(t1, along1);
      let number = select(select(0.0, h.tau, pivot), -h.tau * product, thread < j);
      t0 = vec4(t0.yzw, t1.x);
      t1 = vec4(t1.yzw, number);
    }
    // The columns after j, moved on: of eight, 7 − j.
    let change0 = select(vec4<f32>(), h.tau * vec4(along0.yzw, along1.x), INDEX + j < vec4(7u));
    let change1 = select(vec4<f32>(), h.tau * vec4(along1.yzw, 0.0), INDEX + j + 4u < vec4(7u));
    inverse = h.inverse;
    shares0 = -inverse * change0;
    shares1 = -inverse * change1;
    // Column j becomes v; in its own row it is the diagonal entry, and above nothing changes.
    let kept = select(select(a0.x, h.beta, pivot), inverse * xa, below);
    let own = select(0.0, 1.0, pivot);
    a0 = (vec4(a0.yzw, a1.x) - own * change0) + shares0 * xa;
    a1 = (vec4(a1.yzw, kept) - own * change1) + shares1 * xa;
    b0 = vec4(b0.yzw, b1.x) + shares0 * xb;
    b1 = vec4(b1.yzw, inverse * xb) + shares1 * xb;
    c0 = vec4(c0.yzw, c1.x) + shares0 * xc;
    c1 = vec4(c1.yzw, inverse * xc) + shares1 * xc;
    d0 = vec4(d0.yzw, d1.x) + shares0 * xd;
    d1 = vec4(d1.yzw, inverse * xd) + shares1 * xd;
    if long {
      e0 = vec4(e0.yzw, e1.x) + shares0 * xe;
      e1 = vec4(e1.yzw, inverse * xe) + shares1 * xe;
      f0 = vec4(f0.yzw, f1.x) + shares0 * xf;
      f1 = vec4(f1.yzw, inverse * xf) + shares1 * xf;
      g0 = vec4(g0.yzw, g1.x) + shares0 * xg;
      g1 = vec4(g1.yzw, inverse * xg) + shares1 * xg;
      h0 = vec4(h0.yzw, h1.x) + shares0 * xh;
      h1 = vec4(h1.yzw, inverse * xh) + shares1 * xh;
    }
  }

  finish(panel, thread, Row(a0, a1), Row(t0, t1));
  // Rows below are rows of V as they are.
  let v = row_of_v(Row(a0, a1), min(thread, BAND));
  if here.x { keep_row(panel, rows.x, v); }
  if here.y { keep_row(panel, rows.y, Row(b0, b1)); }
  if here.z { keep_row(panel, rows.z, Row(c0, c1)); }
  if here.w { keep_row(panel, rows.w, Row(d0, d1)); }
  if there.x { keep_row(panel, more.x, Row(e0, e1)); }
  if there.y { keep_row(panel, more.y, Row(f0, f1)); }
  if there.z { keep_row(panel, more.z, Row(g0, g1)); }
  if there.w { keep_row(panel, more.w, Row(h0, h1)); }
  for (var row = thread + 8u * THREADS; row < length; row += THREADS) {
    let own = read_row(panel, row);
    keep_row(panel, row, Row(vec4(own.low.yzw, own.high.x), vec4(own.high.yzw, inverse * own.low.x)));
  }
}

// Row `r` of V, where R is above the diagonal.
fn row_of_v(own: Row, r: u32) -> Row {
  let none = vec4<f32>();
  return Row(select(own.low, select(none, vec4(1.0), INDEX == vec4(r)), INDEX >= vec4(r)),
             select(own.high, select(none, vec4(1.0), INDEX + 4u == vec4(r)), INDEX + 4u >= vec4(r)));
}
