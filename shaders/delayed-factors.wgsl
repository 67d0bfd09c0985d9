// Between two panels (see delayed.wgsl): from what delayed-*-products.wgsl found, after a panel of columns
//   Y = (AᵀV − Y·(VᵀV) − U·(XᵀV))·T, whose left side is the new columns and right side those before,
// and then the panel of rows to come, A − V·Yᵀ − X·Uᵀ in its place; after a panel of rows the same for X and columns. One
// workgroup ROWS rows of Y (or X), the batch on workgroup_id.z. The strips share the factors' columns; then two of them have
// half a row each. Loads are unconditional and as many together as can be, or each would be waited for.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> products: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> triangles: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> coming: array<f32>;

const ROWS = COMING_ROWS;
const STRIPS = 4u;
const THREADS = ROWS * STRIPS;
// Columns that a strip has on their way at a time.
const TOGETHER = 8u;

// For each column of the factors its products with the panel and its entries in the panel to come, two vec4 each; then the
// strips' sums of both; then halves of rows, two squares of BAND, and halves of rows of the panel to come.
var<workgroup> numbers: array<vec4<f32>, max(8u * DEPTH, 4u * THREADS)>;
const SQUARES = 2u * ROWS;
const COMING = SQUARES + 64u;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let rows_wanted = delayed.side == 1u;
  let matrix = group.z;
  let length = select(delayed.columns, delayed.rows, rows_wanted);
  let limit = select(delayed.rows, delayed.columns, rows_wanted);
  // Which factors have the rows that are made here, Y and U or V and X, and which the others.
  let own = select(Y, V, rows_wanted);
  let other = select(V, Y, rows_wanted);
  let count = delayed.left + delayed.right;
  let size = products_size() / 4u;
  let found = matrix * delayed.parts * size;

  let lane = thread % ROWS;
  let strip = thread / ROWS;
  let row = delayed.rest + group.x * ROWS + lane;
  let place = min(row, length - 1u);
  // Numbers 4·half … of a row are this invocation's.
  let half = strip % 2u;
  let takes = strip < 2u;
  let short = vec4(delayed.next + 4u * half) + vec4(0u, 1u, 2u, 3u);
  let entry = entries(matrix, place, min(short, vec4(limit - 1u)));
  let there = (short < vec4(limit)) & vec4(row < length);
  if delayed.begin == 1u {
    if takes { numbers[COMING + half * ROWS + lane] = select(vec4<f32>(), entry, there); }
    hand_over(matrix, group.x, thread);
    return;
  }
  let product = added(found + 2u * place + half, size);

  // The table.
  for (var slot = thread; slot < 2u * count; slot += THREADS) {
    let e = slot / 2u;
    let h = slot % 2u;
    numbers[4u * e + h] = added(found + 2u * delayed.pitch + slot, size);
    numbers[4u * e + 2u + h] = four_of(joint_column(matrix, other, e) + delayed.next + 4u * h);
  }
  // Half a row of T, and of the panel's own part of V (or U), column by column.
  let k = thread % 16u / 2u;
  let of_triangle = triangles[(matrix * BAND + k) * 2u + thread % 2u];
  let of_panel = four_of(factor_column(matrix, select(V, U, rows_wanted), delayed.fresh + k) + delayed.next + 4u * (thread % 2u));
  workgroupBarrier();

  var y0 = vec4<f32>();
  var y1 = vec4<f32>();
  var p0 = vec4<f32>();
  var p1 = vec4<f32>();
  for (var e = strip; e < count; e += TOGETHER * STRIPS) {
    let near = vec4(e) + vec4(0u, STRIPS, 2u * STRIPS, 3u * STRIPS);
    let far = near + 4u * STRIPS;
    let f = beside(matrix, own, near, count, place);
    let g = beside(matrix, own, far, count, place);
    let q = 4u * min(near, vec4(count - 1u));
    let r = 4u * min(far, vec4(count - 1u));
    y0 += (f.x * numbers[q.x] + f.y * numbers[q.y]) + (f.z * numbers[q.z] + f.w * numbers[q.w]);
    y1 += (f.x * numbers[q.x + 1u] + f.y * numbers[q.y + 1u]) + (f.z * numbers[q.z + 1u] + f.w * numbers[q.w + 1u]);
    p0 += (f.x * numbers[q.x + 2u] + f.y * numbers[q.y + 2u]) + (f.z * numbers[q.z + 2u] + f.w * numbers[q.w + 2u]);
    p1 += (f.x * numbers[q.x + 3u] + f.y * numbers[q.y + 3u]) + (f.z * numbers[q.z + 3u] + f.w * numbers[q.w + 3u]);
    y0 += (g.x * numbers[r.x] + g.y * numbers[r.y]) + (g.z * numbers[r.z] + g.w * numbers[r.w]);
    y1 += (g.x * numbers[r.x + 1u] + g.y * numbers[r.y + 1u]) + (g.z * numbers[r.z + 1u] + g.w * numbers[r.w + 1u]);
    p0 += (g.x * numbers[r.x + 2u] + g.y * numbers[r.y + 2u]) + (g.z * numbers[r.z + 2u] + g.w * numbers[r.w + 2u]);
    p1 += (g.x * numbers[r.x + 3u] + g.y * numbers[r.y + 3u]) + (g.z * numbers[r.z + 3u] + g.w * numbers[r.w + 3u]);
  }
  workgroupBarrier();
  numbers[thread] = y0;
  numbers[THREADS + thread] = y1;
  numbers[2u * THREADS + thread] = p0;
  numbers[3u * THREADS + thread] = p1;
  workgroupBarrier();
  var correction = vec4<f32>();
  var delay = vec4<f32>();
  if takes {
    for (var s = 0u; s < STRIPS; s++) {
      correction += numbers[half * THREADS + s * ROWS + lane];
      delay += numbers[(2u + half) * THREADS + s * ROWS + lane];
    }
  }
  workgroupBarrier();
  if takes { numbers[half * ROWS + lane] = product - correction; }
  if thread < 16u {
    numbers[SQUARES + thread] = of_triangle;
    numbers[SQUARES + 16u + thread] = of_panel;
  }
  workgroupBarrier();
  var made = vec4<f32>();
  if takes { made = times_square(lane, SQUARES + half); }
  workgroupBarrier();
  if takes {
    if row < length {
      let to = factor_column(matrix, select(Y, X, rows_wanted), delayed.fresh + 4u * half) + row;
      factors[to] = made.x;
      factors[to + delayed.pitch] = made.y;
      factors[to + 2u * delayed.pitch] = made.z;
      factors[to + 3u * delayed.pitch] = made.w;
    }
    numbers[half * ROWS + lane] = made;
  }
  workgroupBarrier();
  if takes {
    let change = times_square(lane, SQUARES + 16u + half);
    numbers[COMING + half * ROWS + lane] = select(vec4<f32>(), (entry - delay) - change, there);
  }
  hand_over(matrix, group.x, thread);
}

// The workgroup's rows of the panel to come, and the products of their entries.
fn hand_over(matrix: u32, part: u32, thread: u32) {
  workgroupBarrier();
  for (var slot = thread; slot < ROWS * BAND; slot += THREADS) {
    let lane = slot / BAND;
    let c = slot % BAND;
    let row = delayed.rest + part * ROWS + lane;
    if row < delayed.pitch {
      coming[coming_row(matrix, row) + c] = numbers[COMING + c / 4u * ROWS + lane][c % 4u];
    }
  }
  // Three invocations for each product.
  if thread < 108u {
    let place = place_of_product(thread % 36u);
    let left = COMING + place.x / 4u * ROWS;
    let right = COMING + place.y / 4u * ROWS;
    var sum = 0.0;
    for (var r = thread / 36u; r < ROWS; r += 3u) {
      sum += numbers[left + r][place.x % 4u] * numbers[right + r][place.y % 4u];
    }
    numbers[thread].x = sum;
  }
  workgroupBarrier();
  if thread < 36u {
    coming[coming_products(matrix, part) + thread] = (numbers[thread].x + numbers[thread + 36u].x) + numbers[thread + 72u].x;
  }
}

// The entries of A where row `place` of Y (or X) meets rows (or columns) `short`.
fn entries(matrix: u32, place: u32, short: vec4<u32>) -> vec4<f32> {
  let rows_wanted = delayed.side == 1u;
  let places = matrix * delayed.matrix + short * select(delayed.columns, 1u, rows_wanted) +
               place * select(1u, delayed.columns, rows_wanted);
  return vec4(matrices[places.x], matrices[places.y], matrices[places.z], matrices[places.w]);
}

fn four_of(place: u32) -> vec4<f32> {
  return vec4(factors[place], factors[place + 1u], factors[place + 2u], factors[place + 3u]);
}

// Row `place` of joint columns `columns`, zero beyond the last of `count`.
fn beside(matrix: u32, factor: u32, columns: vec4<u32>, count: u32, place: u32) -> vec4<f32> {
  let es = min(columns, vec4(count - 1u));
  let f = vec4(factors[joint_column(matrix, factor, es.x) + place], factors[joint_column(matrix, factor, es.y) + place],
               factors[joint_column(matrix, factor, es.z) + place], factors[joint_column(matrix, factor, es.w) + place]);
  return select(vec4<f32>(), f, columns < vec4(count));
}

// The row of which each half is in `numbers` at `lane`, times four columns of a square of BAND whose first row's are at
// `square`.
fn times_square(lane: u32, square: u32) -> vec4<f32> {
  let a = numbers[lane];
  let b = numbers[ROWS + lane];
  return ((a.x * numbers[square] + a.y * numbers[square + 2u]) + (a.z * numbers[square + 4u] + a.w * numbers[square + 6u])) +
         ((b.x * numbers[square + 8u] + b.y * numbers[square + 10u]) +
          (b.z * numbers[square + 12u] + b.w * numbers[square + 14u]));
}

// The sum of the products' parts, at `place` and each `size` further on.
fn added(place: u32, size: u32) -> vec4<f32> {
  let last = delayed.parts - 1u;
  let parts = place + size * min(vec4(0u, 1u, 2u, 3u), vec4(last));
  let there = select(vec4(0.0), vec4(1.0), vec4(0u, 1u, 2u, 3u) <= vec4(last));
  return (there.x * products[parts.x] + there.y * products[parts.y]) +
         (there.z * products[parts.z] + there.w * products[parts.w]);
}
