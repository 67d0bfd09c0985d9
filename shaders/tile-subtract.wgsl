// A ← A − a tile of tile-product.wgsl, which comes before, as do quads.wgsl and put-quads.wgsl or quads-aligned.wgsl and
// put-quads-aligned.wgsl.

// A in X: where it begins, rows × columns, row-major.
struct Rows {
  start: u32,
  rows: u32,
  columns: u32,
}

// The tile at row `first_row`, column `first_column`, as far as it is within A.
fn subtract_tile(a: Rows, first_row: u32, first_column: u32, made: Tile, thread: u32) {
  let row = first_row + 4u * tile_y(thread);
  let column = first_column + 4u * tile_x(thread);
  // All loads come before the first store, or they would be waited for.
  let near = entries(a, row, column) - made.near;
  let right = entries(a, row, column + TILE_COLUMNS / 2u) - made.right;
  let below = entries(a, row + TILE / 2u, column) - made.below;
  let far = entries(a, row + TILE / 2u, column + TILE_COLUMNS / 2u) - made.far;
  put(a, row, column, near);
  put(a, row, column + TILE_COLUMNS / 2u, right);
  put(a, row + TILE / 2u, column, below);
  put(a, row + TILE / 2u, column + TILE_COLUMNS / 2u, far);
}

// Four rows of A; what lies beyond it is some entry.
fn entries(a: Rows, row: u32, column: u32) -> mat4x4<f32> {
  let rows = a.start + min(row + vec4(0u, 1u, 2u, 3u), vec4(a.rows - 1u)) * a.columns;
  return mat4x4(quad_near(rows.x, column, a.columns), quad_near(rows.y, column, a.columns),
                quad_near(rows.z, column, a.columns), quad_near(rows.w, column, a.columns));
}

fn put(a: Rows, row: u32, column: u32, quads: mat4x4<f32>) {
  let rows = a.start + (row + vec4(0u, 1u, 2u, 3u)) * a.columns;
  if row < a.rows { put_quad(rows.x, column, a.columns, quads[0]); }
  if row + 1u < a.rows { put_quad(rows.y, column, a.columns, quads[1]); }
  if row + 2u < a.rows { put_quad(rows.z, column, a.columns, quads[2]); }
  if row + 3u < a.rows { put_quad(rows.w, column, a.columns, quads[3]); }
}
