// Unevaluated sums of two floats, the larger first: about 46 bits of mantissa (Dekker, Numer. Math. 18, 1971). Put in
// front of the shaders that use them. FUSED: fma rounds once. `zero` is 0 at run time only: it hides results from
// compilers that would simplify (a + b) − a as if numbers were real (Metal's fast mathematics).

fn hidden(x: f32, zero: u32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ zero);
}

// |a| ≥ |b|, roughly.
fn fast_sum(a: f32, b: f32, zero: u32) -> vec2<f32> {
  let sum = hidden(a + b, zero);
  return vec2(sum, b - hidden(sum - a, zero));
}

fn sum(a: f32, b: f32, zero: u32) -> vec2<f32> {
  let total = hidden(a + b, zero);
  let part = hidden(total - a, zero);
  return vec2(total, (a - hidden(total - part, zero)) + (b - part));
}

// The upper 12 bits of the mantissa and the rest: products of such halves are exact, with and without contraction.
fn halves(a: f32) -> vec2<f32> {
  let upper = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  return vec2(upper, a - upper);
}

fn product(a: f32, b: f32, zero: u32) -> vec2<f32> {
  let total = hidden(a * b, zero);
  if FUSED {
    return vec2(total, fma(a, b, -total));
  }
  let x = halves(a);
  let y = halves(b);
  return vec2(total, ((x.x * y.x - total) + x.x * y.y + x.y * y.x) + x.y * y.y);
}
