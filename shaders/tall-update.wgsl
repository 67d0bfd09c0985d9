// A ← A − V·W for the columns to the right of a block (see tall.wgsl). workgroup_id.x: 64 columns, workgroup_id.y: 64 rows, or
// several times as many, the batch on workgroup_id.z. tile-product.wgsl, and quads.wgsl and put-quads.wgsl or
// quads-aligned.wgsl and put-quads-aligned.wgsl come before.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(2) var<storage, read_write> transposed: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> weights: array<vec4<f32>>;

// In vec4, where the tile's rows of V begin, and its columns of W.
var<private> start_of_v: u32;
var<private> start_of_w: u32;

@compute @workgroup_size(TILE_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let column = tall.first + WIDTH + group.x * TILE;
  start_of_w = (group.z * WIDTH * tall.pitch + column) / 4u;
  for (var tile = tall.first + group.y * TILE; tile < tall.rows; tile += groups.y * TILE) {
    start_of_v = (group.z * WIDTH * tall.height + tile) / 4u;
    let made = multiply_tile(0u, WIDTH, thread);
    let own_row = tile + 4u * (thread / 8u);
    let own_column = column + 4u * (thread % 8u);
    subtract(group.z, own_row, own_column, made.near);
    subtract(group.z, own_row, own_column + 32u, made.right);
    subtract(group.z, own_row + 32u, own_column, made.below);
    subtract(group.z, own_row + 32u, own_column + 32u, made.far);
  }
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return transposed[start_of_v + k * (tall.height / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return weights[start_of_w + k * (tall.pitch / 4u) + quad];
}

// All loads come before the first store, or each would be waited for; what lies beyond A is read from its edge.
fn subtract(matrix: u32, row: u32, column: u32, change: mat4x4<f32>) {
  let start = matrix * tall.matrix;
  let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(tall.rows - 1u)) * tall.columns;
  let a = quad_at(rows.x, column, tall.columns) - change[0];
  let b = quad_at(rows.y, column, tall.columns) - change[1];
  let c = quad_at(rows.z, column, tall.columns) - change[2];
  let d = quad_at(rows.w, column, tall.columns) - change[3];
  if row < tall.rows { put_quad(rows.x, column, tall.columns, a); }
  if row + 1u < tall.rows { put_quad(rows.y, column, tall.columns, b); }
  if row + 2u < tall.rows { put_quad(rows.z, column, tall.columns, c); }
  if row + 3u < tall.rows { put_quad(rows.w, column, tall.columns, d); }
}
