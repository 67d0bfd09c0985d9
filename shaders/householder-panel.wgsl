// Factors panels of BAND = 8 columns by Householder reflections, a workgroup each. An invocation holds eight of a panel's
// rows in registers, named ones, because compilers leave arrays in memory; rows beyond 8·THREADS stay in memory.
//
// The reflections come from the Gram matrix of the rows by panel-chain.wgsl, usually all eight at once, where one after
// another would be eight sums over the workgroup. Then the rows are brought up to date. T comes from V itself, by
// T⁻¹ + T⁻ᵀ = VᵀV (Puglisi, SIAM J. Sci. Stat. Comput. 13, 1992): Q = I − V·T·Vᵀ is orthogonal whatever became of V by
// rounding. So the same sums are made at least twice, of the panel and of V.
//
// `row.wgsl`, `row-products.wgsl`, `panel-chain.wgsl`, `triangular-solve.wgsl` and the constants BAND, FUSED and THREADS come
// before. householder-panel-plain.wgsl or householder-panel-subgroups.wgsl has the entry point and
//   share(products, thread)             after which, barrier included, any invocation may ask for
//   total(k)                            product `k`'s sum over all invocations.
// What is factored and what becomes of it say others by
//   factor(group, thread)               what a workgroup does: factor_panel with its panel,
//   read_row(panel, row, round), write_row  a row while the panel is factored; in the first two rounds, 0 and 1, nothing
//                                       has been written yet,
//   finish(panel, thread, own, factor)  what the workgroup does when it is: invocations below BAND have a row of R, with V
//                                       below the diagonal, in `own`, and of T in `factor`,
//   keep_row(panel, row, row of V)      with its ones and zeros.

// Which panel: its matrix, and its rows.
struct Panel {
  matrix: u32,
  length: u32,
}

// A row below the first as the coefficients have it.
fn changed(row: Row) -> Row {
  return Row(vec4(dot(row.low, coefficients[0]), dot(row.low, coefficients[2]), dot(row.low, coefficients[4]),
                  dot(row.low, coefficients[6])),
             vec4(dot(row.low, coefficients[8]) + dot(row.high, coefficients[9]),
                  dot(row.low, coefficients[10]) + dot(row.high, coefficients[11]),
                  dot(row.low, coefficients[12]) + dot(row.high, coefficients[13]),
                  dot(row.low, coefficients[14]) + dot(row.high, coefficients[15])));
}

const INDEX = vec4(0u, 1u, 2u, 3u);

fn factor_panel(panel: Panel, thread: u32) {
  let length = panel.length;
  let last = length - 1u;
  let rows = thread + INDEX * THREADS;
  let more = rows + 4u * THREADS;
  let here = rows <= vec4(last);
  let there = more <= vec4(last);
  let none = Row();
  // The rows: number `thread`, `thread` + THREADS and so on.
  var a = read_row(panel, min(rows.x, last), 0u);
  var b = read_row(panel, min(rows.y, last), 0u);
  var c = read_row(panel, min(rows.z, last), 0u);
  var d = read_row(panel, min(rows.w, last), 0u);
  var e = read_row(panel, min(more.x, last), 0u);
  var f = read_row(panel, min(more.y, last), 0u);
  var g = read_row(panel, min(more.z, last), 0u);
  var h = read_row(panel, min(more.w, last), 0u);
  if !here.x { a = none; }
  if !here.y { b = none; }
  if !here.z { c = none; }
  if !here.w { d = none; }
  if !there.x { e = none; }
  if !there.y { f = none; }
  if !there.z { g = none; }
  if !there.w { h = none; }
  // Whether rows 4·THREADS and on are there.
  let long = length > 4u * THREADS;
  var done = 0u;
  var round = 0u;
  for (; round <= BAND; round++) {
    let factored = done == BAND;
    var products = Products();
    // Of the first rows those that are complete have no part any more, and V is asked for at the end.
    if (!factored && thread >= done) || thread >= BAND {
      products = plus(products, a);
    } else if factored && here.x {
      products = plus(products, row_of_v(a, thread));
    }
    products = plus(plus(plus(products, b), c), d);
    if long {
      products = plus(plus(plus(plus(products, e), f), g), h);
    }
    for (var row = thread + 8u * THREADS; row < length; row += THREADS) {
      var own = read_row(panel, row, round);
      if round > 0u {
        own = changed(own);
        if !factored { write_row(panel, row, own); }
      }
      products = plus(products, own);
    }
    if thread < BAND {
      top_rows[2u * thread] = a.low;
      top_rows[2u * thread + 1u] = a.high;
    }
    share(products, thread);
    for (var k = thread; k < 36u; k += THREADS) {
      let place = place_of_product(k);
      let sum = total(k);
      gram[place.x * BAND + place.y] = sum;
      gram[place.y * BAND + place.x] = sum;
    }
    workgroupBarrier();
    if factored { break; }
    chain(thread, done);
    done = workgroupUniformLoad(&chained_columns);
    if thread < BAND {
      a = chained_row(thread);
    } else {
      a = changed(a);
    }
    b = changed(b);
    c = changed(c);
    d = changed(d);
    if long {
      e = changed(e);
      f = changed(f);
      g = changed(g);
      h = changed(h);
    }
  }

  finish(panel, thread, a, triangle_factor(thread));
  // Rows below are rows of V as they are.
  let v = row_of_v(a, min(thread, BAND));
  if here.x { keep_row(panel, rows.x, v); }
  if here.y { keep_row(panel, rows.y, b); }
  if here.z { keep_row(panel, rows.z, c); }
  if here.w { keep_row(panel, rows.w, d); }
  if there.x { keep_row(panel, more.x, e); }
  if there.y { keep_row(panel, more.y, f); }
  if there.z { keep_row(panel, more.z, g); }
  if there.w { keep_row(panel, more.w, h); }
  for (var row = thread + 8u * THREADS; row < length; row += THREADS) {
    keep_row(panel, row, changed(read_row(panel, row, round)));
  }
}

// Row `r` of V, where R is above the diagonal.
fn row_of_v(own: Row, r: u32) -> Row {
  let none = vec4<f32>();
  return Row(select(own.low, select(none, vec4(1.0), INDEX == vec4(r)), INDEX >= vec4(r)),
             select(own.high, select(none, vec4(1.0), INDEX + 4u == vec4(r)), INDEX + 4u >= vec4(r)));
}

// Row `thread` < BAND of T from VᵀV in `gram`. Has a barrier.
fn triangle_factor(thread: u32) -> Row {
  if thread < BAND {
    let r = thread * BAND;
    let low = vec4(gram[r], gram[r + 1u], gram[r + 2u], gram[r + 3u]);
    let high = vec4(gram[r + 4u], gram[r + 5u], gram[r + 6u], gram[r + 7u]);
    strict_rows[2u * thread] = select(vec4<f32>(), low, INDEX > vec4(thread));
    strict_rows[2u * thread + 1u] = select(vec4<f32>(), high, INDEX + 4u > vec4(thread));
    let square = gram[9u * thread];
    var tau = 2.0 / square;
    // Quotients that are an ulp off, often to the same side, would add up over thousands of panels (reflection.wgsl).
    if FUSED {
      tau = fma(fma(-tau, square, 2.0), 0.5 * tau, tau);
    }
    // Where the panel has no such row, there is no reflection.
    reciprocals[thread] = select(tau, 0.0, square == 0.0);
  }
  workgroupBarrier();
  let one = vec4(1.0);
  let zero = vec4<f32>();
  return solve(Row(select(zero, one, INDEX == vec4(thread)), select(zero, one, INDEX + 4u == vec4(thread))));
}

// Row `row` < BAND of A as the chain left it.
fn chained_row(row: u32) -> Row {
  let first = BAND * row;
  return Row(vec4(chained[first], chained[first + 1u], chained[first + 2u], chained[first + 3u]),
             vec4(chained[first + 4u], chained[first + 5u], chained[first + 6u], chained[first + 7u]));
}
