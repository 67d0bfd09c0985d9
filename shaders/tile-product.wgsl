// A tile of 64 × 64 of a matrix product, by a workgroup of 64 invocations, 8 × 8 numbers each, that a shader makes by
//   left_quad(k, quad), right_quad(k, quad)   numbers 4·quad … of the left factor's column k and of the right one's row k,
// both of which are asked for in whole steps of STEP. The next ones are on their way while these are multiplied. With the
// constant SEPARATE, STEP products are summed by themselves, so that the error hardly grows with the length. The loop
// over a step is unrolled for GPUs (two-stage-kernels.ts): with k a constant, workgroup memory needs no bounds checks but for
// the lane's, which is half of the time.

const STEP = 16u;
const TILE = 64u;
const TILE_QUADS = TILE / 4u;
const TILE_THREADS = 64u;

// Rows 4·(thread / 8) … of the tile and 32 further down; columns 4·(thread % 8) … and 32 further right.
struct Tile {
  near: mat4x4<f32>,
  right: mat4x4<f32>,
  below: mat4x4<f32>,
  far: mat4x4<f32>,
}

var<workgroup> left_step: array<array<vec4<f32>, TILE_QUADS>, STEP>;
var<workgroup> right_step: array<array<vec4<f32>, TILE_QUADS>, STEP>;

// The sum over k from `begin` to `end`, a whole number of steps.
fn multiply_tile(begin: u32, end: u32, thread: u32) -> Tile {
  let x = thread % 8u;
  let y = thread / 8u;
  let down = thread / TILE_QUADS;
  let quad = thread % TILE_QUADS;
  var near = mat4x4<f32>();
  var right = mat4x4<f32>();
  var below = mat4x4<f32>();
  var far = mat4x4<f32>();
  var sums = Tile();
  var l0 = left_quad(begin + down, quad);
  var l1 = left_quad(begin + down + 4u, quad);
  var l2 = left_quad(begin + down + 8u, quad);
  var l3 = left_quad(begin + down + 12u, quad);
  var r0 = right_quad(begin + down, quad);
  var r1 = right_quad(begin + down + 4u, quad);
  var r2 = right_quad(begin + down + 8u, quad);
  var r3 = right_quad(begin + down + 12u, quad);
  for (var step = begin; step < end; step += STEP) {
    workgroupBarrier();
    left_step[down][quad] = l0;
    left_step[down + 4u][quad] = l1;
    left_step[down + 8u][quad] = l2;
    left_step[down + 12u][quad] = l3;
    right_step[down][quad] = r0;
    right_step[down + 4u][quad] = r1;
    right_step[down + 8u][quad] = r2;
    right_step[down + 12u][quad] = r3;
    workgroupBarrier();
    let next = min(step + STEP, end - STEP) + down;
    l0 = left_quad(next, quad);
    l1 = left_quad(next + 4u, quad);
    l2 = left_quad(next + 8u, quad);
    l3 = left_quad(next + 12u, quad);
    r0 = right_quad(next, quad);
    r1 = right_quad(next + 4u, quad);
    r2 = right_quad(next + 8u, quad);
    r3 = right_quad(next + 12u, quad);
    for (var k = 0u; k < STEP; k++) {
      let x0 = left_step[k][y];
      let x1 = left_step[k][y + 8u];
      let y0 = right_step[k][x];
      let y1 = right_step[k][x + 8u];
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
