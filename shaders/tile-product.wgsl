// A tile of 64 × TILE_COLUMNS (64 or 128) of a matrix product, by a workgroup with 8 × 8 numbers an invocation, that a shader
// makes by
//   left_quad(k, quad), right_quad(k, quad)   numbers 4·quad … of the left factor's column k and of the right one's row k,
// both of which are asked for in whole steps of STEP. The next ones are on their way while these are multiplied. With the
// constant SEPARATE, STEP products are summed by themselves, so that the error hardly grows with the length. The loop
// over a step is unrolled for GPUs (two-stage-kernels.ts): with k a constant, workgroup memory needs no bounds checks but for
// the lane's, which is half of the time.

const STEP = 16u;
const TILE = 64u;
const TILE_QUADS = TILE / 4u;
const TILE_THREADS = TILE_COLUMNS;
const RIGHT_QUADS = TILE_COLUMNS / 4u;
// Rows of the left factor's step that the workgroup reads at a time; of the right one's it is four.
const LEFT_ROWS = TILE_THREADS / TILE_QUADS;

// Rows 4·tile_y(thread) … of the tile and 32 further down; columns 4·tile_x(thread) … and TILE_COLUMNS / 2 further right.
struct Tile {
  near: mat4x4<f32>,
  right: mat4x4<f32>,
  below: mat4x4<f32>,
  far: mat4x4<f32>,
}

var<workgroup> left_step: array<array<vec4<f32>, TILE_QUADS>, STEP>;
var<workgroup> right_step: array<array<vec4<f32>, RIGHT_QUADS>, STEP>;

// A subgroup of 32 has 4 × 8 places, so that it reads few numbers of a step; ABREAST such squares lie side by side.
const ABREAST = TILE_COLUMNS / 64u;

fn tile_x(thread: u32) -> u32 {
  return thread % 8u + thread / 32u % ABREAST * 8u;
}

fn tile_y(thread: u32) -> u32 {
  return thread % 32u / 8u + thread / (32u * ABREAST) * 4u;
}

// The sum over k from `begin` to `end`, a whole number of steps.
fn multiply_tile(begin: u32, end: u32, thread: u32) -> Tile {
  let x = tile_x(thread);
  let y = tile_y(thread);
  let left_row = thread / TILE_QUADS;
  let left_column = thread % TILE_QUADS;
  let right_row = thread / RIGHT_QUADS;
  let right_column = thread % RIGHT_QUADS;
  var near = mat4x4<f32>();
  var right = mat4x4<f32>();
  var below = mat4x4<f32>();
  var far = mat4x4<f32>();
  var sums = Tile();
  var next = begin;
  // Of a step each invocation reads four quads of the right factor, and of the left one four, or two in a wide tile.
  var l0 = left_quad(next + left_row, left_column);
  var l1 = left_quad(next + left_row + LEFT_ROWS, left_column);
  var l2 = vec4<f32>();
  var l3 = vec4<f32>();
  if ABREAST == 1u {
    l2 = left_quad(next + left_row + 2u * LEFT_ROWS, left_column);
    l3 = left_quad(next + left_row + 3u * LEFT_ROWS, left_column);
  }
  var r0 = right_quad(next + right_row, right_column);
  var r1 = right_quad(next + right_row + 4u, right_column);
  var r2 = right_quad(next + right_row + 8u, right_column);
  var r3 = right_quad(next + right_row + 12u, right_column);
  for (var step = begin; step < end; step += STEP) {
    workgroupBarrier();
    left_step[left_row][left_column] = l0;
    left_step[left_row + LEFT_ROWS][left_column] = l1;
    if ABREAST == 1u {
      left_step[left_row + 2u * LEFT_ROWS][left_column] = l2;
      left_step[left_row + 3u * LEFT_ROWS][left_column] = l3;
    }
    right_step[right_row][right_column] = r0;
    right_step[right_row + 4u][right_column] = r1;
    right_step[right_row + 8u][right_column] = r2;
    right_step[right_row + 12u][right_column] = r3;
    workgroupBarrier();
    next = min(step + STEP, end - STEP);
    l0 = left_quad(next + left_row, left_column);
    l1 = left_quad(next + left_row + LEFT_ROWS, left_column);
    if ABREAST == 1u {
      l2 = left_quad(next + left_row + 2u * LEFT_ROWS, left_column);
      l3 = left_quad(next + left_row + 3u * LEFT_ROWS, left_column);
    }
    r0 = right_quad(next + right_row, right_column);
    r1 = right_quad(next + right_row + 4u, right_column);
    r2 = right_quad(next + right_row + 8u, right_column);
    r3 = right_quad(next + right_row + 12u, right_column);
    for (var k = 0u; k < STEP; k++) {
      let x0 = left_step[k][y];
      let x1 = left_step[k][y + 8u];
      let y0 = right_step[k][x];
      let y1 = right_step[k][x + 8u * ABREAST];
      near[0] += x0.x * y0;
      near[1] += x0.y * y0;
      near[2] += x0.z * y0;
      near[3] += x0.w * y0;
      right[0] += x0.x * y1;
      right[1] += x0.y * y1;
      right[2] += x0.z * y1;
      right[3] += x0.w * y1;
      below[0] += x1.x * y0;
      below[1] += x1.y * y0;
      below[2] += x1.z * y0;
      below[3] += x1.w * y0;
      far[0] += x1.x * y1;
      far[1] += x1.y * y1;
      far[2] += x1.z * y1;
      far[3] += x1.w * y1;
    }
    if SEPARATE {
      sums = Tile(sums.near + near, sums.right + right, sums.below + below, sums.far + far);
      near = mat4x4<f32>();
      right = mat4x4<f32>();
      below = mat4x4<f32>();
      far = mat4x4<f32>();
    }
  }
  return Tile(sums.near + near, sums.right + right, sums.below + below, sums.far + far);
}
