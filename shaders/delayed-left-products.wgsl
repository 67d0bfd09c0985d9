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
  // Eight rows in turn, on their way together. Below A, where the panel is zero, comes A's last row again.
  for (var row = begin + 8u * (thread / ACROSS); row < to; row += 8u * STRIPS) {
    let near = start + min(vec4(row) + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u)) * delayed.columns;
    let far = start + min(vec4(row) + vec4(4u, 5u, 6u, 7u), vec4(delayed.rows - 1u)) * delayed.columns;
    let a = quad_near(near.x, column, delayed.columns);
    let b = quad_near(near.y, column, delayed.columns);
    let c = quad_near(near.z, column, delayed.columns);
    let d = quad_near(near.w, column, delayed.columns);
    let e = quad_near(far.x, column, delayed.columns);
    let f = quad_near(far.y, column, delayed.columns);
    let g = quad_near(far.z, column, delayed.columns);
    let h = quad_near(far.w, column, delayed.columns);
    let place = panel + 2u * row;
    sums = plus_columns(sums, a, place);
    sums = plus_columns(sums, b, place + 2u);
    sums = plus_columns(sums, c, place + 4u);
    sums = plus_columns(sums, d, place + 6u);
    sums = plus_columns(sums, e, place + 8u);
    sums = plus_columns(sums, f, place + 10u);
    sums = plus_columns(sums, g, place + 12u);
    sums = plus_columns(sums, h, place + 14u);
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

// The sums of four columns after a row's, which meets the panel's row at `place`.
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
