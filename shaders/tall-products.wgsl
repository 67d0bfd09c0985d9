// VᵀA for the columns to the right of a block (see tall.wgsl). workgroup_id.x: TILE_COLUMNS columns, workgroup_id.z: part of the sum and
// matrix of the batch. tile-product.wgsl and quads.wgsl or quads-aligned.wgsl come before.

@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> products: array<vec4<f32>>;

// Where the matrix begins in A, the block in `block`, in vec4, and the tile's first column.
var<private> start: u32;
var<private> start_of_v: u32;
var<private> first_column: u32;

@compute @workgroup_size(TILE_THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = group.z / tall.parts;
  if progress_of(matrix, thread).columns != tall.first + WIDTH {
    return;
  }
  let begin = tall.first + group.z % tall.parts * tall.part;
  start = matrix * tall.matrix;
  start_of_v = block_row(matrix, 0u);
  first_column = tall.first + WIDTH + group.x * TILE_COLUMNS;
  let made = multiply_tile(begin, min(begin + tall.part, (tall.rows + TILE - 1u) / TILE * TILE), thread);
  let pitch = tall.pitch / 4u;
  let place = (group.z * WIDTH + 4u * tile_y(thread)) * pitch + first_column / 4u + tile_x(thread);
  for (var i = 0u; i < 4u; i++) {
    let row = place + i * pitch;
    products[row] = made.near[i];
    products[row + RIGHT_QUADS / 2u] = made.right[i];
    products[row + TILE / 2u * pitch] = made.below[i];
    products[row + TILE / 2u * pitch + RIGHT_QUADS / 2u] = made.far[i];
  }
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return block[start_of_v + k * TILE_QUADS + quad];
}

// Rows beyond A are read from its last, where V is zero.
fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return quad_at(start + min(k, tall.rows - 1u) * tall.columns, first_column + 4u * quad, tall.columns);
}
