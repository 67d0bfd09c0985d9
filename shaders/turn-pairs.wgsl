// X_p ← X_p + E·X_p for every pair of row blocks, with the rotations J = I + E that rotate-pairs.wgsl made; the same
// kernel turns the basis along. Pairs and layout are those of gram-pairs.wgsl.
//
// One workgroup a pair (workgroup_id.y) and 4·LANES columns (workgroup_id.x), the batch on workgroup_id.z: it reads its
// columns of all rows of the pair before it writes them. One invocation four rows of four columns.
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
const THREADS = LANES * QUADS;

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
  var sums = mat4x4<f32>();
  for (var depth = 0u; depth < SIDE; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH * QUADS; item += THREADS) {
      part[item / QUADS][item % QUADS] = rotations[(pair * SIDE + depth) * QUADS + item];
    }
    for (var item = index; item < DEPTH * LANES; item += THREADS) {
      let own = depth + item / LANES;
      let row = select(second_row, first_row, own < SIDE / 2u) + own % (SIDE / 2u);
      let column = first + 4u * (item % LANES);
      tile[item / LANES][item % LANES] = quad_at(start + row * step.length, column, select(0u, step.length, row < step.rows));
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let entries = tile[k][lane];
      let e = part[k][down];
      sums[0] += e[0] * entries;
      sums[1] += e[1] * entries;
      sums[2] += e[2] * entries;
      sums[3] += e[3] * entries;
    }
  }
  // All rows have been read.
  workgroupBarrier();
  let column = first + 4u * lane;
  for (var i = 0u; i < 4u; i++) {
    let own = 4u * down + i;
    let row = select(second_row, first_row, own < SIDE / 2u) + own % (SIDE / 2u);
    let begin = start + row * step.length;
    let end = select(0u, step.length, row < step.rows);
    put_quad(begin, column, end, quad_at(begin, column, end) + sums[i]);
  }
}
