// A ← A − V·Yᵀ − X·Uᵀ with all DEPTH columns of the factors (see delayed.wgsl), from row and column `rest` on. One workgroup
// a tile, the batch on workgroup_id.z. `delayed.wgsl`, quads.wgsl and put-quads.wgsl or quads-aligned.wgsl and
// put-quads-aligned.wgsl, and tile-product.wgsl come before.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(2) var<storage, read_write> factors: array<vec4<f32>>;

// In vec4: where the tile's part of V and X begins, and of Y and U.
var<private> lefts: u32;
var<private> rights: u32;

@compute @workgroup_size(TILE_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first_row = delayed.rest + group.y * TILE;
  let first_column = delayed.rest + group.x * TILE_COLUMNS;
  lefts = (factor_column(group.z, V, 0u) + first_row) / 4u;
  rights = (factor_column(group.z, Y, 0u) + first_column) / 4u;
  let made = multiply_tile(0u, 2u * DEPTH, thread);
  let start = group.z * delayed.matrix;
  let row = first_row + 4u * tile_y(thread);
  let column = first_column + 4u * tile_x(thread);
  // All loads come before the first store, or they would be waited for.
  let near = entries(start, row, column) - made.near;
  let right = entries(start, row, column + TILE_COLUMNS / 2u) - made.right;
  let below = entries(start, row + TILE / 2u, column) - made.below;
  let far = entries(start, row + TILE / 2u, column + TILE_COLUMNS / 2u) - made.far;
  put(start, row, column, near);
  put(start, row, column + TILE_COLUMNS / 2u, right);
  put(start, row + TILE / 2u, column, below);
  put(start, row + TILE / 2u, column + TILE_COLUMNS / 2u, far);
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[lefts + k * (delayed.pitch / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[rights + k * (delayed.pitch / 4u) + quad];
}

// Four rows of A; what lies beyond it is some entry.
fn entries(start: u32, row: u32, column: u32) -> mat4x4<f32> {
  let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u)) * delayed.columns;
  return mat4x4(quad_near(rows.x, column, delayed.columns), quad_near(rows.y, column, delayed.columns),
                quad_near(rows.z, column, delayed.columns), quad_near(rows.w, column, delayed.columns));
}

fn put(start: u32, row: u32, column: u32, quads: mat4x4<f32>) {
  let rows = start + (row + vec4(0u, 1u, 2u, 3u)) * delayed.columns;
  if row < delayed.rows { put_quad(rows.x, column, delayed.columns, quads[0]); }
  if row + 1u < delayed.rows { put_quad(rows.y, column, delayed.columns, quads[1]); }
  if row + 2u < delayed.rows { put_quad(rows.z, column, delayed.columns, quads[2]); }
  if row + 3u < delayed.rows { put_quad(rows.w, column, delayed.columns, quads[3]); }
}
