// Inner products within pairs of row blocks: the first step of a one-sided block Jacobi round.
//
// X is rows × length, row-major, the batch on workgroup_id.z. Its rows lie in blocks of SIDE/2; in round r of a sweep
// block i meets another one, as in a round-robin tournament, so that all pairs of a round can be worked on at once. For
// the pair on workgroup_id.x this computes the SIDE × SIDE matrix X_p X_pᵀ over the columns of one chunk
// (workgroup_id.y), or, if CROSSED, only the products of the first block's rows with the second's, SIDE/2 × SIDE/2. Rows
// beyond the last count as zero.
//
// One invocation a 4 × 4 tile, and if CROSSED, of every fourth column only, so that there are as many of them; columns go
// through workgroup memory 64 at a time, four rows to a vector. An invocation adds up what comes of these 64 by itself, so
// that the error hardly grows with the length.
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
const QUADS = SIDE / 4u;
// Tiles along an edge of the result, parts that the columns are shared in.
const TILES = select(QUADS, QUADS / 2u, CROSSED);
const PARTS = select(1u, 4u, CROSSED);
const THREADS = TILES * TILES * PARTS;

// Columns that a part takes, one after another.
const ROUNDS = DEPTH / PARTS;

var<workgroup> tile: array<array<array<vec4<f32>, QUADS>, PARTS>, ROUNDS>;

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
  let right = select(across, across + TILES, CROSSED);
  // Four rows that it brings.
  let quad = index % QUADS;
  let row = row_of(step.round, step.blocks, group.x, 4u * quad);
  var rows: array<u32, 4>;
  var ends: array<u32, 4>;
  for (var i = 0u; i < 4u; i++) {
    rows[i] = start + (row + i) * step.length;
    ends[i] = select(0u, last, row + i < step.rows);
  }
  var sums = mat4x4<f32>();
  for (var depth = first; depth < last; depth += DEPTH) {
    workgroupBarrier();
    for (var item = index; item < DEPTH / 4u * QUADS; item += THREADS) {
      let k = 4u * (item / QUADS);
      let entries = transpose(mat4x4(
        quad_at(rows[0], depth + k, ends[0]), quad_at(rows[1], depth + k, ends[1]),
        quad_at(rows[2], depth + k, ends[2]), quad_at(rows[3], depth + k, ends[3])));
      for (var i = 0u; i < 4u; i++) {
        tile[(k + i) / PARTS][(k + i) % PARTS][quad] = entries[i];
      }
    }
    workgroupBarrier();
    var part = mat4x4<f32>();
    for (var k = 0u; k < ROUNDS; k++) {
      let a = tile[k][own_part][down];
      let b = tile[k][own_part][right];
      part[0] += a[0] * b;
      part[1] += a[1] * b;
      part[2] += a[2] * b;
      part[3] += a[3] * b;
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
  let edge = 4u * TILES;
  let place = ((group.z * groups.x + group.x) * groups.y + group.y) * edge * edge + 4u * (down * edge + across);
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      grams[place + i * edge + j] = sums[i][j];
    }
  }
}
