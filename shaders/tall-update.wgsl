// A ← A − V·W for the columns to the right of a block (see tall.wgsl). workgroup_id.x: TILE_COLUMNS columns, workgroup_id.y: 64
// rows, or several times as many, the batch on workgroup_id.z. tile-product.wgsl, tile-subtract.wgsl, and quads.wgsl and
// put-quads.wgsl or quads-aligned.wgsl and put-quads-aligned.wgsl come before.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(2) var<storage, read_write> transposed: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> weights: array<vec4<f32>>;

// In vec4, where the tile's rows of V begin, and its columns of W.
var<private> start_of_v: u32;
var<private> start_of_w: u32;

@compute @workgroup_size(TILE_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  if progress_of(group.z, thread).columns != tall.first + WIDTH {
    return;
  }
  let column = tall.first + WIDTH + group.x * TILE_COLUMNS;
  start_of_w = (group.z * WIDTH * tall.pitch + column) / 4u;
  for (var tile = tall.first + group.y * TILE; tile < tall.rows; tile += groups.y * TILE) {
    start_of_v = (group.z * WIDTH * tall.height + tile) / 4u;
    let made = multiply_tile(0u, WIDTH, thread);
    subtract_tile(Rows(group.z * tall.matrix, tall.rows, tall.columns), tile, column, made, thread);
  }
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return transposed[start_of_v + k * (tall.height / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return weights[start_of_w + k * (tall.pitch / 4u) + quad];
}
