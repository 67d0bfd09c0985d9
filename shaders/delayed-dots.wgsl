// What delayed-left-products.wgsl and delayed-right-products.wgsl share: sums of eight numbers, and products of the factors'
// columns, or of rows of the matrix, with a panel. `row.wgsl` and quads.wgsl or quads-aligned.wgsl come before.

@group(0) @binding(0) var<storage, read> x: Entries;
// Rows of a panel are two vec4.
@group(0) @binding(1) var<storage, read> panels: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> factors: array<vec4<f32>>;
// See `products_size`.
@group(0) @binding(3) var<storage, read_write> products: array<vec4<f32>>;

const THREADS = 128u;
// Rows go along LANES invocations, and an invocation has four of them.
const LANES = 16u;
const DOT_ROWS = 4u * THREADS / LANES;

// Products of four rows (or columns) of the matrix with a panel.
struct Sums {
  a: Row,
  b: Row,
  c: Row,
  d: Row,
}

// A vec4 of each invocation's sums, then the next of each.
var<workgroup> partial: array<vec4<f32>, 8u * THREADS>;

// The sums of four rows after those with the next four columns, in `a` to `d`, which meet the panel's rows 4·quad …: they
// are read from the factors, where the panel's columns lie one by one.
fn plus(sums: Sums, a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, panel: u32, quad: u32) -> Sums {
  let pitch = delayed.pitch / 4u;
  let place = panel + quad;
  let p0 = factors[place];
  let p1 = factors[place + pitch];
  let p2 = factors[place + 2u * pitch];
  let p3 = factors[place + 3u * pitch];
  let p4 = factors[place + 4u * pitch];
  let p5 = factors[place + 5u * pitch];
  let p6 = factors[place + 6u * pitch];
  let p7 = factors[place + 7u * pitch];
  let low = transpose(mat4x4(p0, p1, p2, p3));
  let high = transpose(mat4x4(p4, p5, p6, p7));
  return Sums(plus_row(sums.a, a, low, high), plus_row(sums.b, b, low, high), plus_row(sums.c, c, low, high),
              plus_row(sums.d, d, low, high));
}

fn plus_row(sum: Row, a: vec4<f32>, low: mat4x4<f32>, high: mat4x4<f32>) -> Row {
  return Row((((sum.low + a.x * low[0]) + a.y * low[1]) + a.z * low[2]) + a.w * low[3],
             (((sum.high + a.x * high[0]) + a.y * high[1]) + a.z * high[2]) + a.w * high[3]);
}

// Adds up the lanes' sums and stores them as rows `first` to `first` + DOT_ROWS of `place` on, in vec4, up to row `limit`.
// Each strip of LANES has four of them.
fn store_rows(sums: Sums, place: u32, first: u32, limit: u32, thread: u32) {
  keep(sums, thread);
  // An invocation has half of one row: that of all lanes of a strip. They begin at different lanes, for the banks' sake.
  let strips = THREADS / LANES;
  let number = thread / strips;
  let row = first + 4u * (thread % strips) + number / 2u;
  if number < 8u && row < limit {
    var sum = vec4<f32>();
    for (var lane = 0u; lane < LANES; lane++) {
      sum += partial[thread * LANES + (lane + thread) % LANES];
    }
    products[place + 2u * row + number % 2u] = sum;
  }
}

fn keep(sums: Sums, thread: u32) {
  partial[thread] = sums.a.low;
  partial[THREADS + thread] = sums.a.high;
  partial[2u * THREADS + thread] = sums.b.low;
  partial[3u * THREADS + thread] = sums.b.high;
  partial[4u * THREADS + thread] = sums.c.low;
  partial[5u * THREADS + thread] = sums.c.high;
  partial[6u * THREADS + thread] = sums.d.low;
  partial[7u * THREADS + thread] = sums.d.high;
  workgroupBarrier();
}

// Where a part's products are in `products`, in vec4.
fn products_of(matrix: u32, part: u32) -> u32 {
  return (matrix * delayed.parts + part) * (products_size() / 4u);
}

// Entries [begin, to) of columns `block`·DOT_ROWS … of the joint columns of factors `factor` and the next, times those of the
// panel whose first column is `fresh` of factors `panel_factor`. Rows beyond the last are zeros.
fn factor_dots(matrix: u32, factor: u32, panel_factor: u32, block: u32, part: u32, begin: u32, to: u32, thread: u32) {
  let count = delayed.left + delayed.right;
  let first = block * DOT_ROWS;
  let own = min(vec4(first + 4u * (thread / LANES)) + vec4(0u, 1u, 2u, 3u), vec4(count - 1u));
  let rows = vec4(joint_column(matrix, factor, own.x), joint_column(matrix, factor, own.y),
                  joint_column(matrix, factor, own.z), joint_column(matrix, factor, own.w)) / 4u;
  let panel = factor_column(matrix, panel_factor, delayed.fresh) / 4u;
  var sums = Sums();
  for (var quad = begin / 4u + thread % LANES; quad < (to + 3u) / 4u; quad += LANES) {
    sums = plus(sums, factors[rows.x + quad], factors[rows.y + quad], factors[rows.z + quad], factors[rows.w + quad], panel, quad);
  }
  store_rows(sums, products_of(matrix, part) + 2u * delayed.pitch, first, count, thread);
}
