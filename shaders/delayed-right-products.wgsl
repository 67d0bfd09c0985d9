// A·U for a panel of rows (see delayed.wgsl), and YᵀU, UᵀU for the columns of Y and U before it. workgroup_id.x: DOT_ROWS rows
// of A, then as many columns of the factors; workgroup_id.y: part of the sum; the batch on workgroup_id.z, from the last to the
// first: what the left products read last is still in the cache. `delayed.wgsl` and delayed-dots.wgsl come before.

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let matrix = groups.z - 1u - group.z;
  let begin = delayed.first + group.y * delayed.part;
  let to = min(begin + delayed.part, delayed.columns);
  let blocks = (delayed.rows - delayed.rest + DOT_ROWS - 1u) / DOT_ROWS;
  if group.x >= blocks {
    factor_dots(matrix, Y, U, group.x - blocks, group.y, begin, to, thread);
    return;
  }
  let first = delayed.rest + group.x * DOT_ROWS;
  let own = min(vec4(first + 4u * (thread / LANES)) + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u));
  let rows = matrix * delayed.matrix + own * delayed.columns;
  let panel = factor_column(matrix, U, delayed.fresh) / 4u;
  let last = (to + 3u) / 4u;
  var sums = Sums();
  // Two quads of each row at a time, on their way together. Beyond A, where the panel is zero, comes some entry.
  var quad = begin / 4u + thread % LANES;
  for (; quad + LANES < last; quad += 2u * LANES) {
    let a = quad_near(rows.x, 4u * quad, delayed.columns);
    let b = quad_near(rows.y, 4u * quad, delayed.columns);
    let c = quad_near(rows.z, 4u * quad, delayed.columns);
    let d = quad_near(rows.w, 4u * quad, delayed.columns);
    let e = quad_near(rows.x, 4u * (quad + LANES), delayed.columns);
    let f = quad_near(rows.y, 4u * (quad + LANES), delayed.columns);
    let g = quad_near(rows.z, 4u * (quad + LANES), delayed.columns);
    let h = quad_near(rows.w, 4u * (quad + LANES), delayed.columns);
    sums = plus(sums, a, b, c, d, panel, quad);
    sums = plus(sums, e, f, g, h, panel, quad + LANES);
  }
  if quad < last {
    sums = plus(sums, quad_near(rows.x, 4u * quad, delayed.columns), quad_near(rows.y, 4u * quad, delayed.columns),
                quad_near(rows.z, 4u * quad, delayed.columns), quad_near(rows.w, 4u * quad, delayed.columns), panel, quad);
  }
  store_rows(sums, products_of(matrix, group.y), first, delayed.rows, thread);
}
