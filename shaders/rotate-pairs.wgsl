// The rotations that make the rows of a pair of blocks orthogonal: one sweep of the cyclic Jacobi eigenvalue method
// (Jacobi 1846; Golub and Van Loan, section 8.5) over their Gram matrix G, in workgroup memory.
//
// The product J of all rotations is kept as E = J − I, and a rotation is applied in Rutishauser's form
//   a ← a − s·(b + τ·a),  b ← b + s·(a − τ·b),  τ = s/(1 + c),
// so that the error of a rotation shrinks with its angle: the many small ones of the last sweeps cost no digits. It is as
// orthogonal as τ fits s, whatever the angle; where fma rounds once (FUSED), τ gets a step of Newton's towards that, since
// GPUs' roots and quotients are off by an ulp or two, often to the same side. Of the two angles that make a pair
// orthogonal the one is taken that leaves the longer row first: sorted rows need fewer sweeps (de Rijk 1989).
//
// One workgroup a pair (workgroup_id.x) of a matrix (workgroup_id.z). In each round of the sweep all rows meet in twos at
// TABLES tables, then move on to other seats: the first seat of table t is place t, the second place TABLES + t of G and
// of E, so that an invocation always turns the same places, one 2 × 2 piece of G and of E for each of ITEMS, and always
// puts them into the same other ones. The seats are those of Brent and Luk (1985); after side − 1 rounds everybody is
// back where he began.
//
// G comes in parts, which gram-pairs.wgsl made; after round 0 of a sweep only the inner products of different blocks: those
// within a block are what this kernel left in `diagonals` a round before.
//
// `progress` gets the largest cosine between two rows that was met, before anything was turned, and the largest squared
// norm. Rows that are rounding noise beside the largest of the sweep before are left alone.
//
// Constants SIDE, THREADS and FUSED come before it, and pairs-of-blocks.wgsl.

struct Step {
  // Partial sums of a Gram matrix.
  chunks: u32,
  // Where this sweep's cosine goes, and how many places a matrix has there.
  sweep: u32,
  sweeps: u32,
  // As in gram-pairs.wgsl.
  round: u32,
  blocks: u32,
  // 1: the parts are only those of different blocks.
  crossed: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> grams: array<f32>;
// Eᵀ, side × side for each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> rotations: array<f32>;
// 0 where there is nothing to turn.
@group(0) @binding(2) var<storage, read_write> turned: array<u32>;
// Cosine and squared norm for each sweep of each matrix. The bits of a positive float sort as it does.
@group(0) @binding(3) var<storage, read_write> progress: array<atomic<u32>>;
// SIDE/2 × SIDE/2 for each block of each matrix.
@group(0) @binding(4) var<storage, read_write> diagonals: array<f32>;

// Cosines below are rounding.
const ORTHOGONAL = 4e-7f;
const NEGLIGIBLE = 6e-8f;
// Squares of norms, relative.
const NOISE = 4e-14f;
const TABLES = SIDE / 2u;
const SIZE = SIDE * SIDE;
const ITEMS = TABLES * TABLES / THREADS;
// One more than a row, so that a column is spread over the banks of the memory.
const PITCH = TABLES + 1u;

// Columns c and TABLES + c to a vector.
var<workgroup> g: array<vec2<f32>, SIDE * TABLES>;
var<workgroup> e: array<vec2<f32>, SIDE * PITCH>;
// The row that sits in a place.
var<workgroup> sitting: array<u32, SIDE>;
// s and τ of the rotations of a round, and the tangents.
var<workgroup> turns: array<vec2<f32>, TABLES>;
var<workgroup> tangents: array<f32, TABLES>;
var<workgroup> largest_cosine: atomic<u32>;
var<workgroup> largest_norm: atomic<u32>;

// s, τ and t of the rotation that makes rows with the squared norms a, b and the inner product `inner` orthogonal; the
// longer one stands first after it, if `first_is_a` says truly which is first.
fn rotation(a: f32, b: f32, inner: f32, first_is_a: bool) -> vec3<f32> {
  let difference = b - a;
  let size = abs(difference) + sqrt(difference * difference + 4.0 * inner * inner);
  let t = clamp(select(-2.0, 2.0, difference >= 0.0) * inner / max(size, 1e-37), -1.0, 1.0);
  let c = inverseSqrt(1.0 + t * t);
  // Rows that are nearly orthogonal stay where they are, so that the last sweeps turn by small angles only.
  let stays = (a >= b) == first_is_a || abs(t) < 1e-6;
  let sine = select(select(c, -c, t > 0.0), t * c, stays);
  let cosine = select(abs(t * c), c, stays);
  var tau = sine / (1.0 + cosine);
  if FUSED {
    // s·τ² − 2·τ + s = 0.
    tau = fma(fma(sine, fma(tau, tau, 1.0), -2.0 * tau), 0.5 / max(cosine, 0.5), tau);
  }
  return vec3(sine, tau, select(-1.0 / t, t, stays));
}

// Where a row goes after a round: the first of all stays, the others go round.
fn next_seat(place: u32) -> u32 {
  if place < TABLES {
    return select(select(place + 1u, SIDE - 1u, place == TABLES - 1u), 0u, place == 0u);
  }
  return select(place - 1u, 1u, place == TABLES);
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let pair = group.z * groups.x + group.x;
  let first_block = block_of(step.round, step.blocks, group.x, false);
  let second_block = block_of(step.round, step.blocks, group.x, true);
  let half = TABLES * TABLES;
  let first_diagonal = (group.z * step.blocks + first_block) * half;
  let second_diagonal = (group.z * step.blocks + second_block) * half;
  let part = select(SIZE, half, step.crossed == 1u);
  for (var item = local; item < SIZE; item += THREADS) {
    let row = item / SIDE;
    let column = item % SIDE;
    let r = row % TABLES;
    let c = column % TABLES;
    let same = (row < TABLES) == (column < TABLES);
    var sum = 0.0;
    if step.crossed == 1u && same {
      sum = diagonals[select(second_diagonal, first_diagonal, row < TABLES) + r * TABLES + c];
    } else {
      let place = select(item, select(c * TABLES + r, r * TABLES + c, row < TABLES), step.crossed == 1u);
      for (var chunk = 0u; chunk < step.chunks; chunk++) {
        sum += grams[(pair * step.chunks + chunk) * part + place];
      }
    }
    g[row * TABLES + c][column / TABLES] = sum;
    e[row * PITCH + c][column / TABLES] = 0.0;
  }
  if local < SIDE {
    sitting[local] = local;
  }
  workgroupBarrier();
  let place = 2u * (group.z * step.sweeps + step.sweep);
  var floor = 0.0;
  if step.sweep > 0u {
    floor = NOISE * bitcast<f32>(atomicLoad(&progress[place - 1u]));
  }
  var cosine = 0.0;
  var norm = 0.0;
  for (var item = local; item < SIZE; item += THREADS) {
    let row = item / SIDE;
    let column = item % SIDE;
    let c = column % TABLES;
    let a = g[row * TABLES + row % TABLES][row / TABLES];
    let b = g[column * TABLES + c][column / TABLES];
    let least = min(a, b);
    let most = max(a, b);
    norm = max(norm, most);
    if row < column && least > floor {
      cosine = max(cosine, abs(g[row * TABLES + c][column / TABLES]) * inverseSqrt(least) * inverseSqrt(most));
    }
  }
  atomicMax(&largest_cosine, bitcast<u32>(min(cosine, 1.0)));
  atomicMax(&largest_norm, bitcast<u32>(norm));
  let met = workgroupUniformLoad(&largest_cosine);
  if local == 0u {
    atomicMax(&progress[place], met);
    atomicMax(&progress[place + 1u], atomicLoad(&largest_norm));
    turned[pair] = u32(met > bitcast<u32>(ORTHOGONAL));
  }
  // Nothing is turned, but the next round needs what is within the blocks.
  if met > bitcast<u32>(ORTHOGONAL) {
    for (var round = 0u; round < SIDE - 1u; round++) {
      // The pieces in two rows: of G, of E, and of the identity that E lacks.
      var first: array<vec4<f32>, ITEMS>;
      var second: array<vec4<f32>, ITEMS>;
      var first_whole: array<vec4<f32>, ITEMS>;
      var second_whole: array<vec4<f32>, ITEMS>;
      for (var i = 0u; i < ITEMS; i++) {
        let r = (local + i * THREADS) / TABLES;
        let c = (local + i * THREADS) % TABLES;
        first[i] = vec4(g[r * TABLES + c], e[r * PITCH + c]);
        second[i] = vec4(g[(r + TABLES) * TABLES + c], e[(r + TABLES) * PITCH + c]);
        let columns = vec2(c, c + TABLES);
        first_whole[i] = first[i] + vec4(0.0, 0.0, select(vec2<f32>(), vec2(1.0), columns == vec2(sitting[r])));
        second_whole[i] = second[i] + vec4(0.0, 0.0, select(vec2<f32>(), vec2(1.0), columns == vec2(sitting[r + TABLES])));
      }
      var first_sitting = 0u;
      var second_sitting = 0u;
      if local < TABLES {
        first_sitting = sitting[local];
        second_sitting = sitting[local + TABLES];
        let of_first = g[local * TABLES + local];
        let a = of_first.x;
        let inner = of_first.y;
        let b = g[(local + TABLES) * TABLES + local].y;
        var turn = vec3<f32>();
        if min(a, b) > floor && inner * inner > NEGLIGIBLE * NEGLIGIBLE * a * b {
          let first_is_a = select(second_block, first_block, first_sitting < TABLES) * TABLES + first_sitting % TABLES <
            select(second_block, first_block, second_sitting < TABLES) * TABLES + second_sitting % TABLES;
          turn = rotation(a, b, inner, first_is_a);
        }
        turns[local] = turn.xy;
        tangents[local] = turn.z;
      }
      workgroupBarrier();
      if local < TABLES {
        sitting[next_seat(local)] = first_sitting;
        sitting[next_seat(local + TABLES)] = second_sitting;
      }
      for (var i = 0u; i < ITEMS; i++) {
        let r = (local + i * THREADS) / TABLES;
        let c = (local + i * THREADS) % TABLES;
        let left = turns[r];
        let right = turns[c];
        let top = first[i] - left.x * (second_whole[i] + left.y * first_whole[i]);
        let bottom = second[i] + left.x * (first_whole[i] - left.y * second_whole[i]);
        let x = vec2(top.x, bottom.x);
        let y = vec2(top.y, bottom.y);
        var turned_x = x - right.x * (y + right.y * x);
        var turned_y = y + right.x * (x - right.y * y);
        if r == c {
          let tangent = tangents[r];
          let inner = first[i].y;
          turned_x = vec2(first[i].x - tangent * inner, select(inner, 0.0, tangent != 0.0));
          turned_y = vec2(turned_x.y, second[i].y + tangent * inner);
        }
        let first_row = next_seat(r);
        let second_row = next_seat(r + TABLES);
        // The last first seat is followed by the last second one, the first second one by a first one.
        let to_second = select(0u, 1u, c == TABLES - 1u);
        let first_column = select(select(c + 1u, c, c == TABLES - 1u), 0u, c == 0u);
        let to_first = select(1u, 0u, c == 0u);
        let second_column = select(c - 1u, 1u, c == 0u);
        g[first_row * TABLES + first_column][to_second] = turned_x.x;
        g[first_row * TABLES + second_column][to_first] = turned_y.x;
        g[second_row * TABLES + first_column][to_second] = turned_x.y;
        g[second_row * TABLES + second_column][to_first] = turned_y.y;
        e[first_row * PITCH + c] = top.zw;
        e[second_row * PITCH + c] = bottom.zw;
      }
      workgroupBarrier();
    }
    for (var item = local; item < SIZE; item += THREADS) {
      rotations[pair * SIZE + item] = e[(item % SIDE) * PITCH + item / SIDE % TABLES][item / (SIDE * TABLES)];
    }
  }
  for (var item = local; item < half; item += THREADS) {
    let row = item / TABLES;
    let column = item % TABLES;
    diagonals[first_diagonal + item] = g[row * TABLES + column].x;
    diagonals[second_diagonal + item] = g[(row + TABLES) * TABLES + column].y;
  }
}
