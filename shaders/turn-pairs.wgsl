// X_p ← X_p + E·X_p for every pair of row blocks, with the rotations J = I + E that rotate-pairs.wgsl made; the same
// kernel turns the basis along. Pairs and layout are those of gram-pairs.wgsl.
//
// One workgroup a pair (workgroup_id.y) and 4·LANES columns (workgroup_id.x), the batch on workgroup_id.z: it reads its
// columns of all rows of the pair before it writes them. One invocation eight rows of four columns.
// The rows of X and of Eᵀ, which is what rotate-pairs.wgsl stored, pass through workgroup memory DEPTH at a time as
// vectors of four.
//
// Constants SIDE, DEPTH and LANES come before it, pairs-of-blocks.wgsl, and quads.wgsl and put-quads.wgsl
// or quads-aligned.wgsl and put-quads-aligned.wgsl.

struct Step {
  rows: u32,
  length: u32,
  round: u32,
  blocks: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read_write> x: Entries;
@group(0) @binding(1) var<storage, read> rotations: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> turned: array<u32>;

const QUADS = SIDE / 4u;
// An invocation makes the rows of one vector of a column of E and of another, so many further on.
const DOWN = QUADS / 2u;
const THREADS = LANES * DOWN;
// Vectors that an invocation brings.
const BROUGHT = DEPTH * LANES / THREADS;
const ROTATIONS = DEPTH * QUADS / THREADS;

var<workgroup> tile: array<array<vec4<f32>, LANES>, DEPTH>;
var<workgroup> part: array<array<vec4<f32>, QUADS>, DEPTH>;
var<workgroup> is_turned: u32;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  let pair = group.z * groups.y + group.y;
  if index == 0u {
    is_turned = turned[pair];
  }
  if workgroupUniformLoad(&is_turned) == 0u {
    return;
  }
  let start = group.z * step.rows * step.length;
  let first = group.x * 4u * LANES;
  let lane = index % LANES;
  let down = index / LANES;
  let first_row = block_of(step.round, step.blocks, group.y, false) * (SIDE / 2u);
  let second_row = block_of(step.round, step.blocks, group.y, true) * (SIDE / 2u);
  var upper = mat4x4<f32>();
  var lower = mat4x4<f32>();
  for (var depth = 0u; depth < SIDE; depth += DEPTH) {
    var entries_brought: array<vec4<f32>, BROUGHT>;
    var rotations_brought: array<vec4<f32>, ROTATIONS>;
    for (var i = 0u; i < ROTATIONS; i++) {
      rotations_brought[i] = rotations[(pair * SIDE + depth) * QUADS + index + i * THREADS];
    }
    for (var i = 0u; i < BROUGHT; i++) {
      let item = index + i * THREADS;
      let own = depth + item / LANES;
      let row = select(second_row, first_row, own < SIDE / 2u) + own % (SIDE / 2u);
      let column = first + 4u * (item % LANES);
      entries_brought[i] = quad_at(start + row * step.length, column, select(0u, step.length, row < step.rows));
    }
    workgroupBarrier();
    for (var i = 0u; i < ROTATIONS; i++) {
      let item = index + i * THREADS;
      part[item / QUADS][item % QUADS] = rotations_brought[i];
    }
    for (var i = 0u; i < BROUGHT; i++) {
      let item = index + i * THREADS;
      tile[item / LANES][item % LANES] = entries_brought[i];
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let entries = tile[k][lane];
      let above = part[k][down];
      upper[0] += above[0] * entries;
      upper[1] += above[1] * entries;
      upper[2] += above[2] * entries;
      upper[3] += above[3] * entries;
      let below = part[k][down + DOWN];
      lower[0] += below[0] * entries;
      lower[1] += below[1] * entries;
      lower[2] += below[2] * entries;
      lower[3] += below[3] * entries;
    }
  }
  // All rows have been read.
  workgroupBarrier();
  let column = first + 4u * lane;
  for (var i = 0u; i < 4u; i++) {
    add(start, first_row, second_row, 4u * down + i, column, upper[i]);
    add(start, first_row, second_row, 4u * (down + DOWN) + i, column, lower[i]);
  }
}

// Adds to four entries of a row of the pair.
fn add(start: u32, first_row: u32, second_row: u32, own: u32, column: u32, change: vec4<f32>) {
  let row = select(second_row, first_row, own < SIDE / 2u) + own % (SIDE / 2u);
  let begin = start + row * step.length;
  let end = select(0u, step.length, row < step.rows);
  put_quad(begin, column, end, quad_at(begin, column, end) + change);
}
