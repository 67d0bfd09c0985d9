// AᵀV for a panel of columns (see delayed.wgsl), and VᵀV, XᵀV for the columns of V and X before it. workgroup_id.x: 64 columns
// of A, then 32 columns of the factors; workgroup_id.y: part of the sum; the batch on workgroup_id.z. `delayed.wgsl` and
// delayed-dots.wgsl come before.
//
// Lanes go along the columns of A, an invocation has two of them, and the strips share the rows.

const TILE = 2u * LANES;

@compute @workgroup_size(LANES, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let begin = delayed.first + group.y * delayed.part;
  let to = min(begin + delayed.part, delayed.rows);
  let tiles = (delayed.columns - delayed.rest + TILE - 1u) / TILE;
  if group.x >= tiles {
    factor_dots(group.z, V, group.x - tiles, group.y, begin, to, local.x, local.y);
    return;
  }
  let column = delayed.rest + group.x * TILE + local.x;
  let start = group.z * delayed.matrix;
  let near = start + min(column, delayed.columns - 1u);
  let far = start + min(column + LANES, delayed.columns - 1u);
  let panel = 2u * group.z * delayed.pitch;

  var near0 = vec4<f32>();
  var near1 = vec4<f32>();
  var far0 = vec4<f32>();
  var far1 = vec4<f32>();
  // Strips take four rows in turn. Loads are not conditional, or each would be waited for: rows beyond the part are read
  // from its last, where they meet zeros.
  let bottom = vec4(to - 1u);
  var row = begin + 4u * local.y;
  var rows = min(row + vec4(0u, 1u, 2u, 3u), bottom) * delayed.columns;
  var next_a = vec4(matrices[near + rows.x], matrices[near + rows.y], matrices[near + rows.z], matrices[near + rows.w]);
  var next_b = vec4(matrices[far + rows.x], matrices[far + rows.y], matrices[far + rows.z], matrices[far + rows.w]);
  for (; row < to; row += 4u * STRIPS) {
    // What comes next is on its way while this is computed.
    let there = row + vec4(0u, 1u, 2u, 3u) <= bottom;
    let a = select(vec4<f32>(), next_a, there);
    let b = select(vec4<f32>(), next_b, there);
    rows = min(row + 4u * STRIPS + vec4(0u, 1u, 2u, 3u), bottom) * delayed.columns;
    next_a = vec4(matrices[near + rows.x], matrices[near + rows.y], matrices[near + rows.z], matrices[near + rows.w]);
    next_b = vec4(matrices[far + rows.x], matrices[far + rows.y], matrices[far + rows.z], matrices[far + rows.w]);
    let q = panel + 2u * row;
    let x0 = panels[q];
    let x1 = panels[q + 1u];
    let y0 = panels[q + 2u];
    let y1 = panels[q + 3u];
    let z0 = panels[q + 4u];
    let z1 = panels[q + 5u];
    let w0 = panels[q + 6u];
    let w1 = panels[q + 7u];
    near0 += (a.x * x0 + a.y * y0) + (a.z * z0 + a.w * w0);
    near1 += (a.x * x1 + a.y * y1) + (a.z * z1 + a.w * w1);
    far0 += (b.x * x0 + b.y * y0) + (b.z * z0 + b.w * w0);
    far1 += (b.x * x1 + b.y * y1) + (b.z * z1 + b.w * w1);
  }
  // Of each strip, number by number in vec4, half of the columns at a time: two vectors of 32 columns.
  combine(near0, near1, group, column, local, thread);
  combine(far0, far1, group, column + LANES, local, thread);
}

// Adds up the strips' numbers of the columns at `column` and stores them.
fn combine(low: vec4<f32>, high: vec4<f32>, group: vec3<u32>, column: u32, local: vec3<u32>, thread: u32) {
  workgroupBarrier();
  let slot = local.y * TILE + 2u * local.x;
  partial[slot] = low;
  partial[slot + 1u] = high;
  workgroupBarrier();
  // Consecutive invocations store consecutive numbers.
  let vector = thread / 4u;
  let c = thread % 4u;
  var sum = 0.0;
  for (var strip = 0u; strip < STRIPS; strip++) {
    sum += partial[strip * TILE + vector][c];
  }
  let own = column - local.x + thread / BAND;
  if own < delayed.columns {
    products[(group.z * delayed.parts + group.y) * products_size() + own * BAND + thread % BAND] = sum;
  }
}
