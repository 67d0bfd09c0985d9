// Inner products within pairs of row blocks: the first step of a one-sided block Jacobi round.
//
// X is rows × length, row-major, the batch on workgroup_id.z. Its rows lie in blocks of side/2; in round r of a sweep
// block i meets another one, as in a round-robin tournament, so that all pairs of a round can be worked on at once. For
// the pair on workgroup_id.x this computes the side × side matrix X_p X_pᵀ over the columns of one chunk
// (workgroup_id.y). Rows beyond the last count as zero.
//
// One invocation a 4 × 4 tile; columns go through workgroup memory 32 at a time, four rows to a vector. Each 32 products
// are summed by themselves, so that the error hardly grows with the length.

struct Step {
  rows: u32,
  length: u32,
  round: u32,
  // Blocks, an even number.
  blocks: u32,
  // Columns of a chunk, a multiple of 32.
  chunk: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> x: array<f32>;
// side × side for each chunk of each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> grams: array<f32>;

override side: u32 = 32;
const DEPTH = 32u;

var<workgroup> tile: array<vec4<f32>, DEPTH * (side / 4 + 1)>;

// Where local row `row` of the pair stands in X: block 0 of a tournament stays, the others go round.
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
  let start = group.z * step.rows * step.length;
  let first = group.y * step.chunk;
  let last = min(step.length, first + step.chunk);
  var sums = mat4x4<f32>();
  for (var depth = first; depth < last; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH * quads; item += threads) {
      let column = depth + item % DEPTH;
      let quad = item / DEPTH;
      let row = row_of(group.x, 4u * quad);
      var entries = vec4<f32>();
      if column < last {
        for (var i = 0u; i < 4u; i++) {
          if row + i < step.rows {
            entries[i] = x[start + (row + i) * step.length + column];
          }
        }
      }
      tile[(item % DEPTH) * (quads + 1u) + quad] = entries;
    }
    workgroupBarrier();
    var part = mat4x4<f32>();
    for (var k = 0u; k < DEPTH; k++) {
      let a = tile[k * (quads + 1u) + local.y];
      let b = tile[k * (quads + 1u) + local.x];
      part[0] += a[0] * b;
      part[1] += a[1] * b;
      part[2] += a[2] * b;
      part[3] += a[3] * b;
    }
    sums += part;
  }
  let place = ((group.z * groups.x + group.x) * groups.y + group.y) * side * side + 4u * (local.y * side + local.x);
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      grams[place + i * side + j] = sums[i][j];
    }
  }
}
