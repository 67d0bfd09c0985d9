// X_p ← X_p + E·X_p for every pair of row blocks, with the rotations J = I + E that rotate-pairs.wgsl made; the same
// kernel turns the basis along. Pairs and layout are those of gram-pairs.wgsl.
//
// One workgroup a pair (workgroup_id.y) and 16·ACROSS columns (workgroup_id.x), the batch on workgroup_id.z: it reads its
// columns of all rows of the pair before it writes them. One invocation eight rows of ACROSS quads of columns, 16 quads
// from each other. The rows of X and of Eᵀ, which is what rotate-pairs.wgsl stored, pass through workgroup memory 16 at a
// time as vectors of four.
//
// Constants SIDE and ACROSS come before it.

struct Step {
  rows: u32,
  length: u32,
  round: u32,
  blocks: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read> rotations: array<f32>;
@group(0) @binding(2) var<storage, read> turned: array<u32>;

const DEPTH = 16u;
const QUADS = SIDE / 4u;
// Quads of columns.
const LANES = 16u;
const WIDTH = LANES * ACROSS;
const THREADS = LANES * SIDE / 8u;

var<workgroup> tile: array<vec4<f32>, DEPTH * WIDTH>;
var<workgroup> part: array<vec4<f32>, DEPTH * QUADS>;
var<workgroup> is_turned: u32;

fn row_of(pair: u32, row: u32) -> u32 {
  let half = SIDE / 2u;
  let turns = step.blocks - 1u;
  var block = 0u;
  if row < half {
    block = select((step.round + pair) % turns, turns, pair == 0u);
  } else {
    block = (step.round + turns - pair) % turns;
  }
  return block * half + row % half;
}

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
  let first = group.x * 4u * WIDTH;
  let lane = index % LANES;
  let down = index / LANES;
  var sums: array<array<vec4<f32>, ACROSS>, 8>;
  for (var i = 0u; i < 8u; i++) {
    for (var j = 0u; j < ACROSS; j++) {
      sums[i][j] = vec4<f32>();
    }
  }
  for (var depth = 0u; depth < SIDE; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH * QUADS; item += THREADS) {
      let place = pair * SIDE * SIDE + depth * SIDE + 4u * item;
      part[item] = vec4(rotations[place], rotations[place + 1u], rotations[place + 2u], rotations[place + 3u]);
    }
    for (var item = index; item < DEPTH * WIDTH; item += THREADS) {
      let column = first + 4u * (item % WIDTH);
      let row = row_of(group.y, depth + item / WIDTH);
      // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
      var entries = vec4<f32>();
      for (var i = 0u; i < 4u; i++) {
        let inside = row < step.rows && column + i < step.length;
        let entry = x[start + select(0u, row * step.length + column + i, inside)];
        entries[i] = select(0.0, entry, inside);
      }
      tile[item] = entries;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let e0 = part[k * QUADS + 2u * down];
      let e1 = part[k * QUADS + 2u * down + 1u];
      for (var j = 0u; j < ACROSS; j++) {
        let entries = tile[k * WIDTH + j * LANES + lane];
        sums[0][j] += e0[0] * entries;
        sums[1][j] += e0[1] * entries;
        sums[2][j] += e0[2] * entries;
        sums[3][j] += e0[3] * entries;
        sums[4][j] += e1[0] * entries;
        sums[5][j] += e1[1] * entries;
        sums[6][j] += e1[2] * entries;
        sums[7][j] += e1[3] * entries;
      }
    }
  }
  // All rows have been read.
  workgroupBarrier();
  for (var i = 0u; i < 8u; i++) {
    let row = row_of(group.y, 8u * down + i);
    if row < step.rows {
      for (var j = 0u; j < ACROSS; j++) {
        let column = first + 4u * (j * LANES + lane);
        for (var k = 0u; k < 4u; k++) {
          if column + k < step.length {
            x[start + row * step.length + column + k] += sums[i][j][k];
          }
        }
      }
    }
  }
}
