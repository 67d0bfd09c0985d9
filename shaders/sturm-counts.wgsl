// How many singular values of a bidiagonal matrix are below x: as many as BᵀB − x²I has negative pivots. The pivots are
// taken from both ends at once, by an invocation each, down to a twist in the middle. From the top they are qᵢ of L·D·Lᵀ,
// from the bottom those of U·D·Uᵀ, in their differential forms (Fernando and Parlett, Numer. Math. 67, 1994),
//   qᵢ = dᵢ² + sᵢ,      sᵢ₊₁ = sᵢ·eᵢ²/qᵢ − x²,      s₁ = −x²,
//   q′ᵢ = eᵢ² + pᵢ₊₁,   pᵢ = pᵢ₊₁·dᵢ²/q′ᵢ − x²,     pₙ₊₁ = −x²,
// which never form dᵢ² + eᵢ₋₁², and are the same but for the order of the entries. The twist's own pivot is
// s_k + p_k + x² (Dhillon and Parlett, Linear Algebra Appl. 387, 2004). `pairs.wgsl` comes before.

struct Shape {
  columns: u32,
  // Pivots from either end, a multiple of eight. See unpack-bidiagonal.wgsl for those beyond what there is.
  steps: u32,
  // 1, which the compiler must not know.
  one: f32,
  // Points of count-values.wgsl.
  points: u32,
  // Of bisect-values.wgsl.
  lanes: u32,
  first_rounds: u32,
  rounds: u32,
}

var<immediate> shape: Shape;
// As unpack-bidiagonal.wgsl makes them: the largest entry lies in [1, 2), so that all values are below BOUND.
@group(0) @binding(0) var<storage, read> squares: array<vec4<f32>>;

// Pivots that are closer to zero count as negative.
const LEAST = 1e-25f;
// Workgroups have two invocations a seat: the first half takes pivots from the top, the second from the bottom.
const SEATS = 32u;

// From one end: how many pivots are negative, and s or p where the twist is.
struct End {
  count: u32,
  rest: vec2<f32>,
}

// What the invocations at the bottom found.
var<workgroup> others: array<End, SEATS>;

// In registers, so that eight loads are on their way at a time.
struct Entries {
  a: vec4<f32>,
  b: vec4<f32>,
  c: vec4<f32>,
  d: vec4<f32>,
  e: vec4<f32>,
  f: vec4<f32>,
  g: vec4<f32>,
  h: vec4<f32>,
}

fn eight_entries(i: u32) -> Entries {
  return Entries(squares[i], squares[i + 1u], squares[i + 2u], squares[i + 3u],
                 squares[i + 4u], squares[i + 5u], squares[i + 6u], squares[i + 7u]);
}

// In single precision, where the entries of one end begin at `start`.
fn roughly_below(x: f32, start: u32) -> End {
  let square = x * x;
  var end = End(0u, vec2(-square, 0.0));
  var next = eight_entries(start);
  for (var i = start + 8u; i <= start + shape.steps; i += 8u) {
    // What comes next is on its way while these are computed.
    let now = next;
    next = eight_entries(i);
    end = rough_step(end, now.a, square);
    end = rough_step(end, now.b, square);
    end = rough_step(end, now.c, square);
    end = rough_step(end, now.d, square);
    end = rough_step(end, now.e, square);
    end = rough_step(end, now.f, square);
    end = rough_step(end, now.g, square);
    end = rough_step(end, now.h, square);
  }
  return end;
}

fn rough_step(end: End, entry: vec4<f32>, square: f32) -> End {
  let sum = entry.x + end.rest.x;
  let q = select(sum, -LEAST, abs(sum) < LEAST);
  return End(end.count + (bitcast<u32>(q) >> 31u), vec2(end.rest.x * entry.z * (1.0 / q) - square, 0.0));
}

// In pairs.
fn below(x: f32, start: u32) -> End {
  let square = product(x, x, shape.one);
  var end = End(0u, -square);
  var next = eight_entries(start);
  for (var i = start + 8u; i <= start + shape.steps; i += 8u) {
    // What comes next is on its way while these are computed.
    let now = next;
    next = eight_entries(i);
    end = step_in_pairs(end, now.a, square);
    end = step_in_pairs(end, now.b, square);
    end = step_in_pairs(end, now.c, square);
    end = step_in_pairs(end, now.d, square);
    end = step_in_pairs(end, now.e, square);
    end = step_in_pairs(end, now.f, square);
    end = step_in_pairs(end, now.g, square);
    end = step_in_pairs(end, now.h, square);
  }
  return end;
}

fn step_in_pairs(end: End, entry: vec4<f32>, square: vec2<f32>) -> End {
  let one = shape.one;
  let total = sum(entry.x, end.rest.x, one);
  var q = fast_sum(total.x, total.y + (entry.y + end.rest.y), one);
  q = select(q, vec2(-LEAST, 0.0), abs(q.x) < LEAST);
  // The quotient of entry.zw and q, as a pair.
  let inverse = 1.0 / q.x;
  let quotient = entry.z * inverse;
  let correction = remainder(entry.zw, quotient, q, one) * inverse;
  // Here, because nothing waits for it.
  let s = fast_sum(end.rest.x, end.rest.y, one);
  let scaled = product(s.x, quotient, one);
  let next = sum(scaled.x, -square.x, one);
  let low = (next.y + (scaled.y + (s.x * correction + s.y * quotient))) - square.y;
  return End(end.count + (bitcast<u32>(q.x) >> 31u), vec2(next.x, low));
}

// From both ends, of the first half of the invocations: how many values are below x. With a barrier.
fn count_of_both(x: f32, own: End, local: u32) -> u32 {
  if local >= SEATS {
    others[local - SEATS] = own;
  }
  workgroupBarrier();
  let other = others[local % SEATS];
  let one = shape.one;
  let square = product(x, x, one);
  let both = sum(own.rest.x, other.rest.x, one);
  let twist = sum(both.x, square.x, one);
  let low = twist.y + (both.y + ((own.rest.y + other.rest.y) + square.y));
  // Pivots that stand for no entry are negative, and the bottom's first one is.
  let beyond = 2u * shape.steps + 1u - shape.columns;
  return own.count + other.count + u32(twist.x + low < LEAST) - beyond;
}
