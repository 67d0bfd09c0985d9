// X_p ← X_p + E·X_p for every pair of row blocks, with the rotations J = I + E that rotate-pairs.wgsl made; the same
// kernel turns the basis along. Pairs and layout are those of gram-pairs.wgsl.
//
// One workgroup a pair (workgroup_id.y) and `side` columns (workgroup_id.x), the batch on workgroup_id.z: it reads its
// columns of all rows of the pair before it writes them. One invocation four rows of four columns.

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

override side: u32 = 32;
// Columns of E that are in workgroup memory at a time, and vectors of four of them.
const DEPTH = 16u;
const DEPTH_QUADS = 4u;

// Four rows of a column to a vector, and four columns of a row of E.
var<workgroup> tile: array<vec4<f32>, side / 4 * side>;
var<workgroup> part: array<vec4<f32>, side * DEPTH_QUADS>;
var<workgroup> is_turned: u32;

fn row_of(pair: u32, row: u32) -> u32 {
  let half = side / 2u;
  let turns = step.blocks - 1u;
  var block = 0u;
  if row < half {
    block = select((step.round + pair) % turns, turns, pair == 0u);
  } else {
    block = (step.round + turns - pair) % turns;
  }
  return block * half + row % half;
}

@compute @workgroup_size(side / 4, side / 4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let quads = side / 4u;
  let threads = quads * quads;
  let pair = group.z * groups.y + group.y;
  if index == 0u {
    is_turned = turned[pair];
  }
  if workgroupUniformLoad(&is_turned) == 0u {
    return;
  }
  let start = group.z * step.rows * step.length;
  let first = group.x * side;
  for (var item = index; item < quads * side; item += threads) {
    let column = first + item % side;
    let row = row_of(group.y, 4u * (item / side));
    var entries = vec4<f32>();
    if column < step.length {
      for (var i = 0u; i < 4u; i++) {
        if row + i < step.rows {
          entries[i] = x[start + (row + i) * step.length + column];
        }
      }
    }
    tile[item] = entries;
  }
  var sums = mat4x4<f32>();
  for (var depth = 0u; depth < side; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < side * DEPTH_QUADS; item += threads) {
      let place = pair * side * side + (item / DEPTH_QUADS) * side + depth + 4u * (item % DEPTH_QUADS);
      part[item] = vec4(rotations[place], rotations[place + 1u], rotations[place + 2u], rotations[place + 3u]);
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH_QUADS; k++) {
      let e0 = part[(4u * local.y) * DEPTH_QUADS + k];
      let e1 = part[(4u * local.y + 1u) * DEPTH_QUADS + k];
      let e2 = part[(4u * local.y + 2u) * DEPTH_QUADS + k];
      let e3 = part[(4u * local.y + 3u) * DEPTH_QUADS + k];
      for (var j = 0u; j < 4u; j++) {
        let entries = tile[(depth / 4u + k) * side + local.x + j * quads];
        sums[j] += vec4(dot(e0, entries), dot(e1, entries), dot(e2, entries), dot(e3, entries));
      }
    }
  }
  let row = row_of(group.y, 4u * local.y);
  for (var j = 0u; j < 4u; j++) {
    let column = first + local.x + j * quads;
    let entries = tile[local.y * side + local.x + j * quads] + sums[j];
    if column < step.length {
      for (var i = 0u; i < 4u; i++) {
        if row + i < step.rows {
          x[start + (row + i) * step.length + column] = entries[i];
        }
      }
    }
  }
}
