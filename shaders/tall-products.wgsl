// VᵀA for the columns to the right of a block (see tall.wgsl). workgroup_id.x: 64 columns, workgroup_id.z: part of the sum and
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
  let begin = tall.first + group.z % tall.parts * tall.part;
  start = matrix * tall.matrix;
  start_of_v = block_row(matrix, 0u);
  first_column = tall.first + WIDTH + group.x * TILE;
  let made = multiply_tile(begin, min(begin + tall.part, tall.height), thread);
  let pitch = tall.pitch / 4u;
  let place = (group.z * WIDTH + 4u * (thread / 8u)) * pitch + first_column / 4u + thread % 8u;
  for (var i = 0u; i < 4u; i++) {
    let row = place + i * pitch;
    products[row] = made.near[i];
    products[row + 8u] = made.right[i];
    products[row + 32u * pitch] = made.below[i];
    products[row + 32u * pitch + 8u] = made.far[i];
  }
}

fn left_quad(k: u32, quad: u32) -> vec4<f32> {
  return block[start_of_v + k * TILE_QUADS + quad];
}

// Rows beyond A are read from its last, where V is zero.
fn right_quad(k: u32, quad: u32) -> vec4<f32> {
  return quad_at(start + min(k, tall.rows - 1u) * tall.columns, first_column + 4u * quad, tall.columns);
}
