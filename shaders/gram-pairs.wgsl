// Inner products within pairs of row blocks: the first step of a one-sided block Jacobi round.
//
// X is rows × length, row-major, the batch on workgroup_id.z. Its rows lie in blocks of SIDE/2; in round r of a sweep
// block i meets another one, as in a round-robin tournament, so that all pairs of a round can be worked on at once. For
// the pair on workgroup_id.x this computes the SIDE × SIDE matrix X_p X_pᵀ over the columns of one chunk
// (workgroup_id.y), or, if CROSSED, only the products of the first block's rows with the second's, SIDE/2 × SIDE/2. Rows
// beyond the last count as zero.
//
// One invocation a 4 × 4 tile, and if CROSSED, of every fourth column only, so that there are as many of them; columns go
// through workgroup memory 32 at a time, four rows to a vector. Each 32 products are summed by themselves, so that the
// error hardly grows with the length.
//
// Constants SIDE and CROSSED come before it.

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
// For each chunk of each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> grams: array<f32>;

const DEPTH = 32u;
const QUADS = SIDE / 4u;
// Tiles along an edge of the result, parts that the columns are shared in.
const TILES = select(QUADS, QUADS / 2u, CROSSED);
const PARTS = select(1u, 4u, CROSSED);
const THREADS = TILES * TILES * PARTS;

var<workgroup> tile: array<vec4<f32>, DEPTH * (QUADS + 1u)>;

// Where local row `row` of the pair stands in X: block 0 of a tournament stays, the others go round.
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
  let start = group.z * step.rows * step.length;
  let first = group.y * step.chunk;
  let last = min(step.length, first + step.chunk);
  let own = index % (TILES * TILES);
  let own_part = index / (TILES * TILES);
  let down = own / TILES;
  let across = own % TILES;
  let right = select(across, across + TILES, CROSSED);
  var sums = mat4x4<f32>();
  for (var depth = first; depth < last; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH * QUADS; item += THREADS) {
      let column = depth + item % DEPTH;
      let quad = item / DEPTH;
      let row = row_of(group.x, 4u * quad);
      // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
      var entries = vec4<f32>();
      for (var i = 0u; i < 4u; i++) {
        let inside = column < last && row + i < step.rows;
        let entry = x[start + select(0u, (row + i) * step.length + column, inside)];
        entries[i] = select(0.0, entry, inside);
      }
      tile[(item % DEPTH) * (QUADS + 1u) + quad] = entries;
    }
    workgroupBarrier();
    var part = mat4x4<f32>();
    for (var k = own_part; k < DEPTH; k += PARTS) {
      let a = tile[k * (QUADS + 1u) + down];
      let b = tile[k * (QUADS + 1u) + right];
      part[0] += a[0] * b;
      part[1] += a[1] * b;
      part[2] += a[2] * b;
      part[3] += a[3] * b;
    }
    sums += part;
  }
  if CROSSED {
    // The parts are added up where the tile was.
    for (var other = 1u; other < PARTS; other++) {
      workgroupBarrier();
      if own_part == other {
        for (var i = 0u; i < 4u; i++) {
          tile[4u * own + i] = sums[i];
        }
      }
      workgroupBarrier();
      if own_part == 0u {
        for (var i = 0u; i < 4u; i++) {
          sums[i] += tile[4u * own + i];
        }
      }
    }
    if own_part != 0u {
      return;
    }
  }
  let edge = 4u * TILES;
  let place = ((group.z * groups.x + group.x) * groups.y + group.y) * edge * edge + 4u * (down * edge + across);
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      grams[place + i * edge + j] = sums[i][j];
    }
  }
}
