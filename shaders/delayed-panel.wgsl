// Factors a panel (see delayed.wgsl) by Householder reflections, one workgroup a matrix (workgroup_id.z). An invocation
// holds eight of its rows in registers, named ones, because compilers leave arrays in memory; rows beyond 8·THREADS stay in
// memory and are read and written once a column.
//
// Column j is left unscaled, x, until the products xᵀa with all columns are known. They give its norm, the update of the
// columns after it, and for those before it (which hold their vectors v by then) vᵀx, of which T is made:
// T[:,j] = −τⱼ·T·(Vᵀvⱼ) (LAPACK xLARFT). One barrier a column: what goes through workgroup memory takes turns.
//
// Columns move on by one place with each step, so that column j is always the first: the loop over columns stays a loop,
// because its code unrolled would be fetched for longer than it runs, and every entry has a register all the same.
//
// The panel becomes V, with its ones and zeros, and goes to the factors as well; its triangle goes to `corners`, T to
// `triangles`. `delayed.wgsl`, `reflection.wgsl` and the constant THREADS come before; delayed-panel-plain.wgsl or
// delayed-panel-subgroups.wgsl has the entry point and the sums over the workgroup, where `turn` is 0 and 1 in turns.

@group(0) @binding(1) var<storage, read_write> panels: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(5) var<storage, read_write> corners: array<f32>;

// Of the columns' products.
struct Sums {
  low: vec4<f32>,
  high: vec4<f32>,
}

// Row j of column j's turn.
var<workgroup> pivots: array<vec4<f32>, 4>;

const INDEX = vec4(0u, 1u, 2u, 3u);

fn factor_panel(matrix: u32, thread: u32) {
  let length = select(delayed.rows, delayed.columns, delayed.side == 1u) - delayed.first;
  // In vec4.
  let start = (matrix * delayed.pitch + delayed.first) * 2u;
  let last = length - 1u;
  let rows = thread + INDEX * THREADS;
  let more = rows + 4u * THREADS;
  let near = start + 2u * min(rows, vec4(last));
  let far = start + 2u * min(more, vec4(last));
  let here = rows <= vec4(last);
  let there = more <= vec4(last);
  let none = vec4<f32>();
  // The rows: number `thread`, `thread` + THREADS and so on.
  var a0 = select(none, panels[near.x], here.x);
  var a1 = select(none, panels[near.x + 1u], here.x);
  var b0 = select(none, panels[near.y], here.y);
  var b1 = select(none, panels[near.y + 1u], here.y);
  var c0 = select(none, panels[near.z], here.z);
  var c1 = select(none, panels[near.z + 1u], here.z);
  var d0 = select(none, panels[near.w], here.w);
  var d1 = select(none, panels[near.w + 1u], here.w);
  var e0 = select(none, panels[far.x], there.x);
  var e1 = select(none, panels[far.x + 1u], there.x);
  var f0 = select(none, panels[far.y], there.y);
  var f1 = select(none, panels[far.y + 1u], there.y);
  var g0 = select(none, panels[far.z], there.z);
  var g1 = select(none, panels[far.z + 1u], there.z);
  var h0 = select(none, panels[far.w], there.w);
  var h1 = select(none, panels[far.w + 1u], there.w);
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
      let place = start + 2u * row;
      var low = panels[place];
      var high = panels[place + 1u];
      if j > 0u {
        let x = low.x;
        low = vec4(low.yzw, high.x) + shares0 * x;
        high = vec4(high.yzw, inverse * x) + shares1 * x;
        panels[place] = low;
        panels[place + 1u] = high;
      }
      s0 += low.x * low;
      s1 += low.x * high;
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

  let factor = select(V, U, delayed.side == 1u);
  let to = factor_column(matrix, factor, delayed.fresh) + delayed.first;
  if thread < BAND {
    // R above the diagonal, V below.
    let row = (matrix * delayed.corners + delayed.corner) * BAND * BAND + thread * BAND;
    for (var c = 0u; c < BAND; c++) {
      corners[row + c] = select(0.0, entry(a0, a1, c), c >= thread);
      triangles[(matrix * BAND + thread) * BAND + c] = entry(t0, t1, c);
    }
    a0 = select(a0, select(none, vec4(1.0), INDEX == vec4(thread)), INDEX >= vec4(thread));
    a1 = select(a1, select(none, vec4(1.0), INDEX + 4u == vec4(thread)), INDEX + 4u >= vec4(thread));
  }
  if here.x { keep(near.x, to + thread, a0, a1); }
  if here.y { keep(near.y, to + thread + THREADS, b0, b1); }
  if here.z { keep(near.z, to + thread + 2u * THREADS, c0, c1); }
  if here.w { keep(near.w, to + thread + 3u * THREADS, d0, d1); }
  if there.x { keep(far.x, to + thread + 4u * THREADS, e0, e1); }
  if there.y { keep(far.y, to + thread + 5u * THREADS, f0, f1); }
  if there.z { keep(far.z, to + thread + 6u * THREADS, g0, g1); }
  if there.w { keep(far.w, to + thread + 7u * THREADS, h0, h1); }
  for (var row = thread + 8u * THREADS; row < length; row += THREADS) {
    let place = start + 2u * row;
    let low = panels[place];
    let high = panels[place + 1u];
    keep(place, to + row, vec4(low.yzw, high.x), vec4(high.yzw, inverse * low.x));
  }
}

fn entry(low: vec4<f32>, high: vec4<f32>, c: u32) -> f32 {
  return select(low[c & 3u], high[c & 3u], c >= 4u);
}

fn keep(place: u32, to: u32, low: vec4<f32>, high: vec4<f32>) {
  panels[place] = low;
  panels[place + 1u] = high;
  factors[to] = low.x;
  factors[to + delayed.pitch] = low.y;
  factors[to + 2u * delayed.pitch] = low.z;
  factors[to + 3u * delayed.pitch] = low.w;
  factors[to + 4u * delayed.pitch] = high.x;
  factors[to + 5u * delayed.pitch] = high.y;
  factors[to + 6u * delayed.pitch] = high.z;
  factors[to + 7u * delayed.pitch] = high.w;
}
