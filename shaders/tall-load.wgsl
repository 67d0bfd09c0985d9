// The next block of a tall matrix (see tall.wgsl), with zeros beyond A, and what tall-rows.wgsl, which comes before, makes of it
// for the first panel. In A zeros take its place, above which R's rows will be put. workgroup_id.x: `tiles` times ROWS rows
// from `first` on, the batch on workgroup_id.z. quads.wgsl and put-quads.wgsl or quads-aligned.wgsl and
// put-quads-aligned.wgsl come before.

@group(0) @binding(0) var<storage, read_write> x: Entries;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = group.z;
  let progress = progress_in_numbers(matrix, thread);
  if progress.columns != tall.first {
    return;
  }
  let quads = tall.width / 4u;
  let quad = min(thread % QUADS, quads - 1u);
  let column = tall.first + 4u * quad;
  var rows: Rows;
  var sum: Sum;
  for (var tile = group.x * tall.tiles; tile < (group.x + 1u) * tall.tiles; tile++) {
    let begin = tall.first + tile * ROWS;
    if begin >= tall.rows {
      break;
    }
    for (var i = 0u; i < STEPS; i++) {
      let row = begin + thread / QUADS + i * STRIPS;
      let entries = quad_at(matrix * tall.matrix + min(row, tall.rows - 1u) * tall.columns, column, tall.columns);
      rows[i] = select(vec4<f32>(), entries, row < tall.rows);
    }
    for (var i = 0u; i < STEPS; i++) {
      let row = begin + thread / QUADS + i * STRIPS;
      if thread % QUADS < quads {
        block[block_row(matrix, row) + quad] = rows[i];
        if row < tall.columns {
          put_quad(matrix * tall.matrix + row * tall.columns, column, tall.columns, vec4<f32>());
        }
      }
    }
    workgroupBarrier();
    share_panel(&rows, thread, 0u, 0u);
    workgroupBarrier();
    if tile == 0u {
      share_first_rows(&rows, thread, 0u, matrix, progress.half);
    }
    workgroupBarrier();
    sum = plus(sum, multiply_rows(&rows, thread));
  }
  keep_sums(sum, thread, matrix, progress.half, group.x);
}
