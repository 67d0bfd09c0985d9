// The next block of a tall matrix (see tall.wgsl), with zeros beyond A. workgroup_id.x: ROWS rows from `first` on, the batch on
// workgroup_id.z. quads.wgsl or quads-aligned.wgsl comes before.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let begin = tall.first + group.x * ROWS;
  for (var row = begin + local.y; row < min(begin + ROWS, tall.height); row += 16u) {
    for (var quad = local.x; quad < tall.width / 4u; quad += 16u) {
      let start = group.z * tall.matrix + min(row, tall.rows - 1u) * tall.columns;
      let entries = quad_at(start, tall.first + 4u * quad, tall.columns);
      block[block_row(group.z, row) + quad] = select(vec4<f32>(), entries, row < tall.rows);
    }
  }
}
