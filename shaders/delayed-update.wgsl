// A ← A − V·Yᵀ − X·Uᵀ with all DEPTH columns of the factors (see delayed.wgsl), from row and column `rest` on. One workgroup
// a tile, the batch on workgroup_id.z. `delayed.wgsl`, quads.wgsl and put-quads.wgsl or quads-aligned.wgsl and
// put-quads-aligned.wgsl, tile-product.wgsl and tile-subtract.wgsl come before.

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
  subtract_tile(Rows(group.z * delayed.matrix, delayed.rows, delayed.columns), first_row, first_column, made, thread);
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[lefts + k * (delayed.pitch / 4u) + quad];
}

fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return factors[rights + k * (delayed.pitch / 4u) + quad];
}
