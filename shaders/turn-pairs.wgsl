// X_p ← X_p + E·X_p for every pair of row blocks, with the rotations J = I + E that rotate-pairs.wgsl made; the same
// kernel turns the basis along. Pairs and layout are those of gram-pairs.wgsl.
//
// One workgroup a pair (workgroup_id.y) and `side` columns (workgroup_id.x), the batch on workgroup_id.z: it reads its
// columns of all rows of the pair before it writes them. One invocation four rows of four columns. The rows of X and of
// Eᵀ, which is what rotate-pairs.wgsl stored, pass through workgroup memory 16 at a time as vectors of four.

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
const DEPTH = 16u;

var<workgroup> tile: array<vec4<f32>, DEPTH * side / 4>;
var<workgroup> part: array<vec4<f32>, DEPTH * side / 4>;
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
  var sums = mat4x4<f32>();
  for (var depth = 0u; depth < side; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH * quads; item += threads) {
      let place = pair * side * side + depth * side + 4u * item;
      part[item] = vec4(rotations[place], rotations[place + 1u], rotations[place + 2u], rotations[place + 3u]);
      let column = first + 4u * (item % quads);
      let row = row_of(group.y, depth + item / quads);
      var entries = vec4<f32>();
      if row < step.rows {
        for (var i = 0u; i < 4u; i++) {
          if column + i < step.length {
            entries[i] = x[start + row * step.length + column + i];
          }
        }
      }
      tile[item] = entries;
    }
    workgroupBarrier();
    for (var k = 0u; k < DEPTH; k++) {
      let e = part[k * quads + local.y];
      let entries = tile[k * quads + local.x];
      sums[0] += e[0] * entries;
      sums[1] += e[1] * entries;
      sums[2] += e[2] * entries;
      sums[3] += e[3] * entries;
    }
  }
  // All rows have been read.
  workgroupBarrier();
  let column = first + 4u * local.x;
  for (var i = 0u; i < 4u; i++) {
    let row = row_of(group.y, 4u * local.y + i);
    if row < step.rows {
      for (var j = 0u; j < 4u; j++) {
        if column + j < step.length {
          x[start + row * step.length + column + j] += sums[i][j];
        }
      }
    }
  }
}
