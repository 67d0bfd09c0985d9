// AᵀV for a panel of columns (see delayed.wgsl), and VᵀV, XᵀV for the columns of V and X before it. workgroup_id.x: TILE columns
// of A, then DOT_ROWS columns of the factors; workgroup_id.y: part of the sum; the batch on workgroup_id.z. `delayed.wgsl` and
// delayed-dots.wgsl come before.
//
// Invocations go along the columns of A, each has four of them, and the strips share the rows.

const ACROSS = 16u;
const STRIPS = THREADS / ACROSS;
const TILE = 4u * ACROSS;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let begin = delayed.first + group.y * delayed.part;
  let to = min(begin + delayed.part, delayed.rows);
  let tiles = (delayed.columns - delayed.rest + TILE - 1u) / TILE;
  if group.x >= tiles {
    factor_dots(group.z, V, V, group.x - tiles, group.y, begin, to, thread);
    return;
  }
  let first = delayed.rest + group.x * TILE;
  let column = first + 4u * (thread % ACROSS);
  let start = group.z * delayed.matrix;
  let panel = 2u * group.z * delayed.pitch;
  var sums = Sums();
  // Sixteen rows in turn, on their way together; the last may be eight.
  var row = begin + 16u * (thread / ACROSS);
  for (; row + 8u < to; row += 16u * STRIPS) {
    let near = eight_rows(start, row, column);
    let far = eight_rows(start, row + 8u, column);
    sums = plus_eight(sums, near, panel + 2u * row);
    sums = plus_eight(sums, far, panel + 2u * row + 16u);
  }
  if row < to {
    sums = plus_eight(sums, eight_rows(start, row, column), panel + 2u * row);
  }
  keep_by_strip(sums, thread);
  // An invocation has half of one column, that of all strips.
  var sum = vec4<f32>();
  for (var strip = 0u; strip < STRIPS; strip++) {
    sum += partial[strip * 8u * ACROSS + thread];
  }
  let number = thread / ACROSS;
  let own = column + number / 2u;
  if own < delayed.columns {
    products[products_of(group.z, group.y) + 2u * own + number % 2u] = sum;
  }
}

// Four columns of eight rows.
struct Eight {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
}

// Below A, where the panel is zero, comes its last row again.
fn eight_rows(start: u32, row: u32, column: u32) -> Eight {
  let last = vec4(delayed.rows - 1u);
  let near = start + min(row + vec4(0u, 1u, 2u, 3u), last) * delayed.columns;
  let far = start + min(row + vec4(4u, 5u, 6u, 7u), last) * delayed.columns;
  return Eight(quad_near(near.x, column, delayed.columns), quad_near(near.y, column, delayed.columns),
               quad_near(near.z, column, delayed.columns), quad_near(near.w, column, delayed.columns),
               quad_near(far.x, column, delayed.columns), quad_near(far.y, column, delayed.columns),
               quad_near(far.z, column, delayed.columns), quad_near(far.w, column, delayed.columns));
}

// The sums of four columns after those of eight rows, which meet the panel's rows at `place`.
fn plus_eight(sums: Sums, rows: Eight, place: u32) -> Sums {
  var sum = sums;
  sum = plus_columns(sum, rows.a, place);
  sum = plus_columns(sum, rows.b, place + 2u);
  sum = plus_columns(sum, rows.c, place + 4u);
  sum = plus_columns(sum, rows.d, place + 6u);
  sum = plus_columns(sum, rows.e, place + 8u);
  sum = plus_columns(sum, rows.f, place + 10u);
  sum = plus_columns(sum, rows.g, place + 12u);
  sum = plus_columns(sum, rows.h, place + 14u);
  return sum;
}

fn plus_columns(sums: Sums, a: vec4<f32>, place: u32) -> Sums {
  let low = panels[place];
  let high = panels[place + 1u];
  return Sums(Row(sums.a.low + a.x * low, sums.a.high + a.x * high), Row(sums.b.low + a.y * low, sums.b.high + a.y * high),
              Row(sums.c.low + a.z * low, sums.c.high + a.z * high), Row(sums.d.low + a.w * low, sums.d.high + a.w * high));
}

fn keep_by_strip(sums: Sums, thread: u32) {
  let place = thread / ACROSS * 8u * ACROSS + thread % ACROSS;
  partial[place] = sums.a.low;
  partial[place + ACROSS] = sums.a.high;
  partial[place + 2u * ACROSS] = sums.b.low;
  partial[place + 3u * ACROSS] = sums.b.high;
  partial[place + 4u * ACROSS] = sums.c.low;
  partial[place + 5u * ACROSS] = sums.c.high;
  partial[place + 6u * ACROSS] = sums.d.low;
  partial[place + 7u * ACROSS] = sums.d.high;
  workgroupBarrier();
}
