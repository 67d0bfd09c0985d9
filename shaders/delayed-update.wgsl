// A ← A − V·Yᵀ − X·Uᵀ with all DEPTH columns of the factors (see delayed.wgsl), from row and column `rest` on. One workgroup
// a tile of 64 × 64, the batch on workgroup_id.z. `delayed.wgsl` and tile-product.wgsl come before.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<vec4<f32>>;

// In vec4: where the tile's part of V and X begins, and of Y and U.
var<private> lefts: u32;
var<private> rights: u32;

@compute @workgroup_size(TILE_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first_row = delayed.rest + group.y * TILE;
  let first_column = delayed.rest + group.x * TILE;
  lefts = (factor_column(group.z, V, 0u) + first_row) / 4u;
  rights = (factor_column(group.z, Y, 0u) + first_column) / 4u;
  let made = multiply_tile(0u, 2u * DEPTH, thread);
  let start = group.z * delayed.matrix;
  let row = first_row + 4u * (thread / 8u);
  let column = first_column + 4u * (thread % 8u);
  subtract(start, row, column, made.near);
  subtract(start, row, column + 32u, made.right);
  subtract(start, row + 32u, column, made.below);
  subtract(start, row + 32u, column + 32u, made.far);
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[lefts + k * (delayed.pitch / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[rights + k * (delayed.pitch / 4u) + quad];
}

// All loads come before the first store, or each would be waited for; what lies beyond A is read from its edge.
fn subtract(start: u32, row: u32, column: u32, change: mat4x4<f32>) {
  let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u)) * delayed.columns;
  let columns = min(column + vec4(0u, 1u, 2u, 3u), vec4(delayed.columns - 1u));
  let a = load(rows.x, columns) - change[0];
  let b = load(rows.y, columns) - change[1];
  let c = load(rows.z, columns) - change[2];
  let d = load(rows.w, columns) - change[3];
  if row < delayed.rows { store(rows.x, column, a); }
  if row + 1u < delayed.rows { store(rows.y, column, b); }
  if row + 2u < delayed.rows { store(rows.z, column, c); }
  if row + 3u < delayed.rows { store(rows.w, column, d); }
}

fn load(row: u32, columns: vec4<u32>) -> vec4<f32> {
  return vec4(matrices[row + columns.x], matrices[row + columns.y], matrices[row + columns.z], matrices[row + columns.w]);
}

fn store(row: u32, column: u32, entries: vec4<f32>) {
  if column < delayed.columns { matrices[row + column] = entries.x; }
  if column + 1u < delayed.columns { matrices[row + column + 1u] = entries.y; }
  if column + 2u < delayed.columns { matrices[row + column + 2u] = entries.z; }
  if column + 3u < delayed.columns { matrices[row + column + 3u] = entries.w; }
}
