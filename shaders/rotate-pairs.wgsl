// The rotations that make the rows of a pair of blocks orthogonal: one sweep of the cyclic Jacobi eigenvalue method
// (Jacobi 1846; Golub and Van Loan, section 8.5) over their Gram matrix G, in workgroup memory.
//
// The product J of all rotations is kept as E = J − I, and a rotation is applied in Rutishauser's form
//   a ← a − s·(b + τ·a),  b ← b + s·(a − τ·b),  τ = s/(1 + c),
// so that the error of a rotation shrinks with its angle: the many small ones of the last sweeps cost no digits. Of the
// two angles that make a pair orthogonal the one is taken that leaves the longer row first: sorted rows need fewer sweeps
// (de Rijk 1989).
//
// One workgroup a pair (workgroup_id.x) of a matrix (workgroup_id.z). A round of the sweep makes side/2 disjoint
// rotations; every 2 × 2 piece of G is turned from both sides by one invocation.
//
// `progress` gets the largest cosine between two rows that was met, before anything was turned, and the largest squared
// norm. Rows that are rounding noise beside the largest of the sweep before are left alone.

struct Step {
  // Partial sums of a Gram matrix.
  chunks: u32,
  // Where this sweep's cosine goes, and how many places a matrix has there.
  sweep: u32,
  sweeps: u32,
  // As in gram-pairs.wgsl.
  round: u32,
  blocks: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> grams: array<f32>;
// Eᵀ, side × side for each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> rotations: array<f32>;
// 0 where there is nothing to turn.
@group(0) @binding(2) var<storage, read_write> turned: array<u32>;
// Cosine and squared norm for each sweep of each matrix. The bits of a positive float sort as it does.
@group(0) @binding(3) var<storage, read_write> progress: array<atomic<u32>>;

override side: u32 = 32;
override threads: u32 = 64;
// Cosines below are rounding.
const ORTHOGONAL = 4e-7f;
const NEGLIGIBLE = 6e-8f;
// Squares of norms, relative.
const NOISE = 4e-14f;

var<workgroup> g: array<f32, side * (side + 1)>;
var<workgroup> e: array<f32, side * side>;
// s, τ, t of the rotations of a round.
var<workgroup> turns: array<vec3<f32>, side / 2>;
var<workgroup> largest_cosine: atomic<u32>;
var<workgroup> largest_norm: atomic<u32>;

fn at(row: u32, column: u32) -> u32 {
  return row * (side + 1u) + column;
}

// Where a row of the pair stands in X.
fn global_row(pair: u32, row: u32) -> u32 {
  let half = side / 2u;
  let others = step.blocks - 1u;
  let first = select((step.round + pair) % others, others, pair == 0u);
  let second = (step.round + others - pair) % others;
  return select(second, first, row < half) * half + row % half;
}

// s, τ and t of the rotation that makes rows with the squared norms a, b and the inner product `inner` orthogonal; the
// longer one stands first after it, if `first_is_a` says truly which is first.
fn rotation(a: f32, b: f32, inner: f32, first_is_a: bool) -> vec3<f32> {
  let theta = (b - a) / (2.0 * inner);
  let size = abs(theta);
  // Beyond 10⁴ the square root is θ to rounding, and its square may overflow.
  let t = select(-1.0, 1.0, theta >= 0.0) / select(size + sqrt(1.0 + size * size), 2.0 * size, size > 1e4);
  let c = inverseSqrt(1.0 + t * t);
  let s = t * c;
  // Rows that are nearly orthogonal stay where they are, so that the last sweeps turn by small angles only.
  if (a >= b) == first_is_a || abs(t) < 1e-6 {
    return vec3(s, s / (1.0 + c), t);
  }
  let steep = select(c, -c, t > 0.0);
  return vec3(steep, steep / (1.0 + abs(s)), -1.0 / t);
}

// The two rows that meet at table `table` in a round of a tournament.
fn meeting(round: u32, table: u32) -> vec2<u32> {
  let others = side - 1u;
  return vec2(select((round + table) % others, others, table == 0u), (round + others - table) % others);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let pair = group.z * groups.x + group.x;
  let size = side * side;
  let tables = side / 2u;
  for (var item = local; item < size; item += threads) {
    var sum = 0.0;
    for (var chunk = 0u; chunk < step.chunks; chunk++) {
      sum += grams[(pair * step.chunks + chunk) * size + item];
    }
    g[at(item / side, item % side)] = sum;
    e[item] = 0.0;
  }
  workgroupBarrier();
  let place = 2u * (group.z * step.sweeps + step.sweep);
  var floor = 0.0;
  if step.sweep > 0u {
    floor = NOISE * bitcast<f32>(atomicLoad(&progress[place - 1u]));
  }
  var cosine = 0.0;
  var norm = 0.0;
  for (var item = local; item < size; item += threads) {
    let row = item / side;
    let column = item % side;
    let least = min(g[at(row, row)], g[at(column, column)]);
    let most = max(g[at(row, row)], g[at(column, column)]);
    norm = max(norm, most);
    if row < column && least > floor {
      cosine = max(cosine, abs(g[at(row, column)]) * inverseSqrt(least) * inverseSqrt(most));
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
  if met <= bitcast<u32>(ORTHOGONAL) {
    return;
  }

  for (var round = 0u; round < side - 1u; round++) {
    if local < tables {
      let rows = meeting(round, local);
      let p = rows.x;
      let q = rows.y;
      let inner = g[at(p, q)];
      var turn = vec3<f32>();
      let least = min(g[at(p, p)], g[at(q, q)]);
      let most = max(g[at(p, p)], g[at(q, q)]);
      if least > floor && abs(inner) > NEGLIGIBLE * sqrt(least) * sqrt(most) {
        let first_is_p = global_row(group.x, p) < global_row(group.x, q);
        turn = rotation(g[at(p, p)], g[at(q, q)], inner, first_is_p);
      }
      turns[local] = turn;
    }
    workgroupBarrier();
    for (var item = local; item < tables * tables; item += threads) {
      let rows = meeting(round, item / tables);
      let columns = meeting(round, item % tables);
      let left = turns[item / tables];
      let right = turns[item % tables];
      let pr = at(rows.x, columns.x);
      let ps = at(rows.x, columns.y);
      let qr = at(rows.y, columns.x);
      let qs = at(rows.y, columns.y);
      if item / tables == item % tables {
        let inner = g[ps];
        if left.z != 0.0 {
          g[pr] -= left.z * inner;
          g[qs] += left.z * inner;
          g[ps] = 0.0;
          g[qr] = 0.0;
        }
      } else {
        let p = vec2(g[pr], g[ps]);
        let q = vec2(g[qr], g[qs]);
        let turned_p = p - left.x * (q + left.y * p);
        let turned_q = q + left.x * (p - left.y * q);
        let r = vec2(turned_p.x, turned_q.x);
        let s = vec2(turned_p.y, turned_q.y);
        let turned_r = r - right.x * (s + right.y * r);
        let turned_s = s + right.x * (r - right.y * s);
        g[pr] = turned_r.x;
        g[qr] = turned_r.y;
        g[ps] = turned_s.x;
        g[qs] = turned_s.y;
      }
    }
    for (var item = local; item < tables * side; item += threads) {
      let rows = meeting(round, item / side);
      let turn = turns[item / side];
      let column = item % side;
      let p = e[rows.x * side + column];
      let q = e[rows.y * side + column];
      let whole_p = p + select(0.0, 1.0, rows.x == column);
      let whole_q = q + select(0.0, 1.0, rows.y == column);
      e[rows.x * side + column] = p - turn.x * (whole_q + turn.y * whole_p);
      e[rows.y * side + column] = q + turn.x * (whole_p - turn.y * whole_q);
    }
    workgroupBarrier();
  }
  for (var item = local; item < size; item += threads) {
    rotations[pair * size + item] = e[(item % side) * side + item / side];
  }
}
