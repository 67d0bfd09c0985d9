// A·U for a panel of rows (see delayed.wgsl), and YᵀU, UᵀU for the columns of Y and U before it. workgroup_id.x: 32 rows of
// A, then 32 columns of the factors; workgroup_id.y: part of the sum; the batch on workgroup_id.z. `delayed.wgsl` and
// delayed-dots.wgsl come before.

@compute @workgroup_size(LANES, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let begin = delayed.first + group.y * delayed.part;
  let to = min(begin + delayed.part, delayed.columns);
  let blocks = (delayed.rows - delayed.rest + DOT_ROWS - 1u) / DOT_ROWS;
  if group.x >= blocks {
    factor_dots(group.z, Y, group.x - blocks, group.y, begin, to, local.x, local.y);
    return;
  }
  let row = delayed.rest + group.x * DOT_ROWS + local.y * 4u;
  let rows = group.z * delayed.matrix + min(row + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u)) * delayed.columns;
  let number = dots(rows, false, 2u * group.z * delayed.pitch, begin, to, local.x, local.y);
  let own = row + local.x / 8u;
  if own < delayed.rows {
    products[(group.z * delayed.parts + group.y) * products_size() + own * BAND + local.x % 8u] = number;
  }
}
