// What is factored for the reduction to a band (see delayed.wgsl): one panel a matrix (workgroup_id.z). V goes to `panels` and
// to the factors as well; the triangle goes to `corners`, T to `triangles`.
//
// delayed-factors.wgsl left the panel in `coming` and the products of its rows. Every workgroup adds them up and makes the
// reflections of them by panel-chain.wgsl for itself, which takes less time than to wait for one that does; then it brings
// PANEL_ROWS rows up to date (workgroup_id.x), or, the last of them, makes T. Where the chain stops early the first workgroup
// factors the panel alone, by householder-panel.wgsl, which comes before as does `delayed.wgsl`.

@group(0) @binding(1) var<storage, read_write> panels: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(5) var<storage, read_write> corners: array<f32>;
@group(0) @binding(6) var<storage, read_write> coming: array<vec4<f32>>;

// Nine invocations add up the nine vectors of every TEAMS-th part.
const TEAMS = min(16u, THREADS / 9u);

var<workgroup> team_sums: array<vec4<f32>, 9u * TEAMS>;
// BᵀB of the rows below the first, and that times their coefficients.
var<workgroup> below: array<f32, 64>;
var<workgroup> below_times_coefficients: array<f32, 64>;

fn factor(group: vec3<u32>, thread: u32) {
  let panel = Panel(group.z, select(delayed.rows, delayed.columns, delayed.side == 1u) - delayed.first);
  let last = panel.length - 1u;
  let begin = group.x * PANEL_ROWS;
  let end = min(begin + PANEL_ROWS, panel.length);
  // On its way meanwhile.
  let own = read_row(panel, min(begin + thread, last), 0u);
  if thread < BAND {
    var top = Row();
    if thread <= last { top = read_row(panel, thread, 0u); }
    top_rows[2u * thread] = top.low;
    top_rows[2u * thread + 1u] = top.high;
  }
  add_products(panel, thread);
  chain(thread, 0u);
  if workgroupUniformLoad(&chained_columns) < BAND {
    if group.x == 0u {
      factor_panel(panel, thread);
    }
    return;
  }
  if begin >= panel.length {
    multiply_v(panel, thread);
    finish(panel, thread, chained_row(min(thread, BAND - 1u)), triangle_factor(thread));
    return;
  }
  for (var row = begin + thread; row < end; row += THREADS) {
    var now = own;
    if row >= begin + THREADS { now = read_row(panel, row, 0u); }
    if row < BAND {
      now = row_of_v(chained_row(row), row);
    } else {
      now = changed(now);
    }
    keep_row(panel, row, now);
  }
}

// Sums the parts of the panel's Gram matrix.
fn add_products(panel: Panel, thread: u32) {
  let parts = (panel.length + COMING_ROWS - 1u) / COMING_ROWS;
  if thread < 9u * TEAMS {
    let start = coming_products(panel.matrix, 0u) / 4u + thread % 9u;
    var sum = vec4<f32>();
    // Eight on their way at a time; beyond the last comes the last again, and is dropped.
    for (var part = thread / 9u; part < parts; part += 8u * TEAMS) {
      let near = part + INDEX * TEAMS;
      let far = near + 4u * TEAMS;
      let a = start + 9u * min(near, vec4(parts - 1u));
      let b = start + 9u * min(far, vec4(parts - 1u));
      let c = select(vec4(0.0), vec4(1.0), near < vec4(parts));
      let d = select(vec4(0.0), vec4(1.0), far < vec4(parts));
      sum += (c.x * coming[a.x] + c.y * coming[a.y]) + (c.z * coming[a.z] + c.w * coming[a.w]) +
             ((d.x * coming[b.x] + d.y * coming[b.y]) + (d.z * coming[b.z] + d.w * coming[b.w]));
    }
    team_sums[thread] = sum;
  }
  workgroupBarrier();
  for (var k = thread; k < 36u; k += THREADS) {
    var sum = 0.0;
    for (var team = 0u; team < TEAMS; team += 1u) {
      sum += team_sums[9u * team + k / 4u][k % 4u];
    }
    let place = place_of_product(k);
    gram[place.x * BAND + place.y] = sum;
    gram[place.y * BAND + place.x] = sum;
  }
}

// VᵀV of the whole panel, in `gram`: from the first rows of V as they are, and by the coefficients of the others.
fn multiply_v(panel: Panel, thread: u32) {
  for (var slot = thread; slot < 64u; slot += THREADS) {
    var sum = gram[slot];
    for (var row = 0u; row < BAND; row++) {
      sum -= top_rows[2u * row + slot / 32u][slot / BAND % 4u] * top_rows[2u * row + slot % BAND / 4u][slot % 4u];
    }
    below[slot] = sum;
  }
  workgroupBarrier();
  for (var slot = thread; slot < 64u; slot += THREADS) {
    let r = BAND * (slot / BAND);
    let c = 2u * (slot % BAND);
    below_times_coefficients[slot] =
      dot(vec4(below[r], below[r + 1u], below[r + 2u], below[r + 3u]), coefficients[c]) +
      dot(vec4(below[r + 4u], below[r + 5u], below[r + 6u], below[r + 7u]), coefficients[c + 1u]);
  }
  workgroupBarrier();
  let rows = min(panel.length, BAND);
  for (var slot = thread; slot < 64u; slot += THREADS) {
    let r = slot / BAND;
    let c = slot % BAND;
    var sum = 0.0;
    for (var k = 0u; k < BAND; k++) {
      sum += coefficients[2u * r + k / 4u][k % 4u] * below_times_coefficients[k * BAND + c];
    }
    for (var row = max(r, c); row < rows; row++) {
      sum += top_of_v(row, r) * top_of_v(row, c);
    }
    gram[slot] = sum;
  }
  workgroupBarrier();
}

// Entry of V in row `row` < BAND, column c ≤ row.
fn top_of_v(row: u32, c: u32) -> f32 {
  return select(chained[BAND * row + c], 1.0, row == c);
}

fn place_of(panel: Panel, row: u32) -> u32 {
  return (panel.matrix * delayed.pitch + delayed.first + row) * 2u;
}

fn read_row(panel: Panel, row: u32, round: u32) -> Row {
  let place = place_of(panel, row);
  if round > 1u {
    return Row(panels[place], panels[place + 1u]);
  }
  let start = coming_row(panel.matrix, delayed.first + row) / 4u;
  return Row(coming[start], coming[start + 1u]);
}

fn write_row(panel: Panel, row: u32, own: Row) {
  let place = place_of(panel, row);
  panels[place] = own.low;
  panels[place + 1u] = own.high;
}

fn finish(panel: Panel, thread: u32, own: Row, factor: Row) {
  if thread < BAND {
    let row = (panel.matrix * delayed.corners + delayed.corner) * BAND * BAND + thread * BAND;
    for (var c = 0u; c < BAND; c++) {
      corners[row + c] = select(0.0, entry(own, c), c >= thread);
      triangles[(panel.matrix * BAND + thread) * BAND + c] = entry(factor, c);
    }
  }
}

fn keep_row(panel: Panel, row: u32, own: Row) {
  write_row(panel, row, own);
  let to = factor_column(panel.matrix, select(V, U, delayed.side == 1u), delayed.fresh) + delayed.first + row;
  factors[to] = own.low.x;
  factors[to + delayed.pitch] = own.low.y;
  factors[to + 2u * delayed.pitch] = own.low.z;
  factors[to + 3u * delayed.pitch] = own.low.w;
  factors[to + 4u * delayed.pitch] = own.high.x;
  factors[to + 5u * delayed.pitch] = own.high.y;
  factors[to + 6u * delayed.pitch] = own.high.z;
  factors[to + 7u * delayed.pitch] = own.high.w;
}
