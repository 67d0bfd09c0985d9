// Inner products within pairs of row blocks: the first step of a one-sided block Jacobi round.
//
// X is rows × length, row-major, the batch on workgroup_id.z. Its rows lie in blocks of SIDE/2; in round r of a sweep
// block i meets another one, as in a round-robin tournament, so that all pairs of a round can be worked on at once. For
// the pair on workgroup_id.x this computes the SIDE × SIDE matrix X_p X_pᵀ over the columns of one chunk
// (workgroup_id.y), or, if CROSSED, only the products of the first block's rows with the second's, SIDE/2 × SIDE/2. Rows
// beyond the last count as zero.
//
// One invocation 4 × 4 entries, TILES apart, and if CROSSED, of every fourth vector of columns only, so that there are as many
// of them. Columns go through workgroup memory 64 at a time, four to a vector; while these are multiplied, the next are read.
// An invocation adds up what comes of these 64 by itself, so that the error hardly grows with the length.
//
// Constants SIDE and CROSSED come before it, pairs-of-blocks.wgsl, and quads.wgsl or quads-aligned.wgsl.

struct Step {
  rows: u32,
  length: u32,
  round: u32,
  // Blocks, an even number.
  blocks: u32,
  // Columns of a chunk, a multiple of 64.
  chunk: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> x: Entries;
// For each chunk of each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> grams: array<f32>;

const DEPTH = 64u;
const QUADS = DEPTH / 4u;
const EDGE = select(SIDE, SIDE / 2u, CROSSED);
// Of the entries along an edge one invocation has every so many.
const TILES = EDGE / 4u;
// Parts that the columns are shared in, and vectors that a part takes, one after another.
const PARTS = select(1u, 4u, CROSSED);
const ROUNDS = QUADS / PARTS;
const THREADS = TILES * TILES * PARTS;
// Vectors that an invocation brings.
const LOADS = SIDE * QUADS / THREADS;

// One more than there are rows, so that the vectors of a row are spread over the banks of the memory.
var<workgroup> tile: array<array<array<vec4<f32>, SIDE + 1u>, PARTS>, ROUNDS>;

// Where the parts are added up.
var<workgroup> spare: array<vec4<f32>, select(1u, 4u * TILES * TILES, CROSSED)>;

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
  let right = select(across, across + EDGE, CROSSED);
  let quad = index % QUADS;
  let row = index / QUADS;
  var begins: array<u32, LOADS>;
  var ends: array<u32, LOADS>;
  for (var i = 0u; i < LOADS; i++) {
    let brought = row_of(step.round, step.blocks, group.x, row + i * (THREADS / QUADS));
    begins[i] = start + brought * step.length;
    ends[i] = select(0u, last, brought < step.rows);
  }
  var next: array<vec4<f32>, LOADS>;
  for (var i = 0u; i < LOADS; i++) {
    next[i] = quad_at(begins[i], first + 4u * quad, ends[i]);
  }
  var sums = mat4x4<f32>();
  for (var depth = first; depth < last; depth += DEPTH) {
    workgroupBarrier();
    for (var i = 0u; i < LOADS; i++) {
      tile[quad / PARTS][quad % PARTS][row + i * (THREADS / QUADS)] = next[i];
    }
    workgroupBarrier();
    for (var i = 0u; i < LOADS; i++) {
      next[i] = quad_at(begins[i], depth + DEPTH + 4u * quad, ends[i]);
    }
    var part = mat4x4<f32>();
    for (var k = 0u; k < ROUNDS; k++) {
      let b = mat4x4(tile[k][own_part][right], tile[k][own_part][right + TILES],
        tile[k][own_part][right + 2u * TILES], tile[k][own_part][right + 3u * TILES]);
      part[0] += tile[k][own_part][down] * b;
      part[1] += tile[k][own_part][down + TILES] * b;
      part[2] += tile[k][own_part][down + 2u * TILES] * b;
      part[3] += tile[k][own_part][down + 3u * TILES] * b;
    }
    sums += part;
  }
  if CROSSED {
    for (var other = 1u; other < PARTS; other++) {
      workgroupBarrier();
      if own_part == other {
        for (var i = 0u; i < 4u; i++) {
          spare[4u * own + i] = sums[i];
        }
      }
      workgroupBarrier();
      if own_part == 0u {
        for (var i = 0u; i < 4u; i++) {
          sums[i] += spare[4u * own + i];
        }
      }
    }
    if own_part != 0u {
      return;
    }
  }
  let place = ((group.z * groups.x + group.x) * groups.y + group.y) * EDGE * EDGE + down * EDGE + across;
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      grams[place + i * TILES * EDGE + j * TILES] = sums[i][j];
    }
  }
}
