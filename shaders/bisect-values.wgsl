// Singular values of a bidiagonal matrix by Sturm counts: the number of values below x is the number of negative pivots
// qᵢ of the factorisation L·D·Lᵀ = BᵀB − x²I, in its differential form (Fernando and Parlett, Numer. Math. 67, 1994)
//   qᵢ = dᵢ² + sᵢ, sᵢ₊₁ = sᵢ·eᵢ²/qᵢ − x², s₁ = −x²,
// which never forms dᵢ² + eᵢ₋₁².
//
// LANES invocations narrow down one value: each counts at one of LANES points that divide the interval evenly, and the
// interval between two neighbours is the next. FIRST_ROUNDS such steps count in single precision, which finds the value to
// some 1e-6 of the largest; then, from an interval that is wider by far more than that on either side, ROUNDS steps in
// pairs of floats (see pairs.wgsl), so that the values come out as those of a matrix next to B in far more than single
// precision. A workgroup takes 64 / LANES values, the batch is on workgroup_id.z. `pairs.wgsl` and the constants LANES,
// FIRST_ROUNDS and ROUNDS come first.

struct Shape {
  columns: u32,
  // 0, which the compiler must not know.
  zero: u32,
}

var<immediate> shape: Shape;
// As unpack-bidiagonal.wgsl makes them: the largest entry lies in [1, 2).
@group(0) @binding(0) var<storage, read> squares: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> scales: array<f32>;
// Descending.
@group(0) @binding(2) var<storage, read_write> values: array<f32>;

const BOUND = 4.0f;
// What counts in single precision may be wrong by, many times over.
const MARGIN = 4e-5f;
// Pivots that are closer to zero count as negative.
const LEAST = 1e-25f;

var<workgroup> counts: array<u32, 64>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.columns;
  let value = group.x * (64u / LANES) + local / LANES;
  let lane = local % LANES;
  // So many values are smaller, if all differ.
  let smaller = n - 1u - min(value, n - 1u);
  var low = 0.0;
  var high = BOUND;
  for (var round = 0u; round < FIRST_ROUNDS + ROUNDS; round++) {
    if round == FIRST_ROUNDS {
      low = max(0.0, low - MARGIN);
      high = min(BOUND, high + MARGIN);
    }
    let step = (high - low) / f32(LANES + 1u);
    let x = low + step * f32(lane + 1u);
    var count: u32;
    if round < FIRST_ROUNDS {
      count = roughly_below(x, group.z * n);
    } else {
      count = below(x, group.z * n);
    }
    workgroupBarrier();
    counts[local] = count;
    workgroupBarrier();
    var point = 0u;
    while point < LANES && counts[local - lane + point] <= smaller {
      point++;
    }
    let first = low;
    if point > 0u {
      low = first + step * f32(point);
    }
    if point < LANES {
      high = first + step * f32(point + 1u);
    }
  }
  if lane == 0u && value < n {
    values[group.z * n + value] = select(0.5 * (low + high), 0.0, low == 0.0) * scales[group.z];
  }
}

// How many values are below `x`, roughly.
fn roughly_below(x: f32, start: u32) -> u32 {
  let square = x * x;
  var s = -square;
  var count = 0u;
  // What comes next is on its way while this is computed.
  var next = squares[start];
  for (var i = 1u; i <= shape.columns; i++) {
    let entry = next;
    next = squares[start + i];
    let sum = entry.x + s;
    let q = select(sum, -LEAST, abs(sum) < LEAST);
    count += u32(q < 0.0);
    s = s * (entry.z / q) - square;
  }
  return count;
}

// How many are below it, see above.
fn below(x: f32, start: u32) -> u32 {
  let zero = shape.zero;
  let square = product(x, x, zero);
  var s = -square;
  var count = 0u;
  var next = squares[start];
  for (var i = 1u; i <= shape.columns; i++) {
    let entry = next;
    next = squares[start + i];
    var q = sum(entry.x, s.x, zero);
    q = fast_sum(q.x, q.y + (entry.y + s.y), zero);
    if abs(q.x) < LEAST {
      q = vec2(-LEAST, 0.0);
    }
    count += u32(q.x < 0.0);
    // The quotient eᵢ²/qᵢ, with one step of refinement.
    let inverse = 1.0 / q.x;
    let quotient = entry.z * inverse;
    let back = product(quotient, q.x, zero);
    let rest = (((entry.z - back.x) - back.y) + (entry.w - quotient * q.y)) * inverse;
    let scaled = product(s.x, quotient, zero);
    let next = sum(scaled.x, -square.x, zero);
    s = fast_sum(next.x, next.y + ((scaled.y + (s.x * rest + s.y * quotient)) - square.y), zero);
  }
  return count;
}
