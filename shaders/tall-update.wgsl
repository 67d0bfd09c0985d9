// A ← A − V·W for the columns to the right of a block (see tall.wgsl). workgroup_id.x: TILE_COLUMNS columns, workgroup_id.y: 64
// rows, or several times as many, the batch on workgroup_id.z. tile-product.wgsl, and quads.wgsl and put-quads.wgsl or
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
  if progress_of(group.z, thread).columns != tall.first + WIDTH {
    return;
  }
  let column = tall.first + WIDTH + group.x * TILE_COLUMNS;
  start_of_w = (group.z * WIDTH * tall.pitch + column) / 4u;
  for (var tile = tall.first + group.y * TILE; tile < tall.rows; tile += groups.y * TILE) {
    start_of_v = (group.z * WIDTH * tall.height + tile) / 4u;
    let made = multiply_tile(0u, WIDTH, thread);
    let start = group.z * tall.matrix;
    let own_row = tile + 4u * tile_y(thread);
    let own_column = column + 4u * tile_x(thread);
    // All loads come before the first store, or they would be waited for.
    let near = entries(start, own_row, own_column) - made.near;
    let right = entries(start, own_row, own_column + TILE_COLUMNS / 2u) - made.right;
    let below = entries(start, own_row + TILE / 2u, own_column) - made.below;
    let far = entries(start, own_row + TILE / 2u, own_column + TILE_COLUMNS / 2u) - made.far;
    put(start, own_row, own_column, near);
    put(start, own_row, own_column + TILE_COLUMNS / 2u, right);
    put(start, own_row + TILE / 2u, own_column, below);
    put(start, own_row + TILE / 2u, own_column + TILE_COLUMNS / 2u, far);
  }
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return transposed[start_of_v + k * (tall.height / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return weights[start_of_w + k * (tall.pitch / 4u) + quad];
}

// Four rows of A; what lies beyond it is some entry.
fn entries(start: u32, row: u32, column: u32) -> mat4x4<f32> {
  let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(tall.rows - 1u)) * tall.columns;
  return mat4x4(quad_near(rows.x, column, tall.columns), quad_near(rows.y, column, tall.columns),
                quad_near(rows.z, column, tall.columns), quad_near(rows.w, column, tall.columns));
}

fn put(start: u32, row: u32, column: u32, quads: mat4x4<f32>) {
  let rows = start + (row + vec4(0u, 1u, 2u, 3u)) * tall.columns;
  if row < tall.rows { put_quad(rows.x, column, tall.columns, quads[0]); }
  if row + 1u < tall.rows { put_quad(rows.y, column, tall.columns, quads[1]); }
  if row + 2u < tall.rows { put_quad(rows.z, column, tall.columns, quads[2]); }
  if row + 3u < tall.rows { put_quad(rows.w, column, tall.columns, quads[3]); }
}
