// Unevaluated sums of two floats, the larger first: about 46 bits of mantissa (Dekker, Numer. Math. 18, 1971). Put in
// front of the shaders that use them. FUSED: fma rounds once. `one` is 1 at run time only: what is multiplied by it is
// hidden from compilers that would simplify (a + b) − a as if numbers were real (Metal's fast mathematics).

// |a| ≥ |b|, roughly.
fn fast_sum(a: f32, b: f32, one: f32) -> vec2<f32> {
  let total = plus(a, b, one);
  return vec2(total, b - plus(total, -a, one));
}

fn sum(a: f32, b: f32, one: f32) -> vec2<f32> {
  let total = plus(a, b, one);
  let part = plus(total, -a, one);
  return vec2(total, (a - plus(total, -part, one)) + (b - part));
}

// a + b, rounded.
fn plus(a: f32, b: f32, one: f32) -> f32 {
  if FUSED {
    return fma(a, one, b);
  }
  return (a + b) * one;
}

// The upper 12 bits of the mantissa and the rest: products of such halves are exact, with and without contraction.
fn halves(a: f32) -> vec2<f32> {
  let upper = bitcast<f32>(bitcast<u32>(a) & 0xfffff000u);
  return vec2(upper, a - upper);
}

fn product(a: f32, b: f32, one: f32) -> vec2<f32> {
  let total = a * b * one;
  if FUSED {
    return vec2(total, fma(a, b, -total));
  }
  let x = halves(a);
  let y = halves(b);
  return vec2(total, ((x.x * y.x - total) + x.x * y.y + x.y * y.x) + x.y * y.y);
}

// a − b·c, which is small beside a, as one float.
fn remainder(a: vec2<f32>, b: f32, c: vec2<f32>, one: f32) -> f32 {
  if FUSED {
    return fma(-b, c.x, a.x) + fma(-b, c.y, a.y);
  }
  let back = product(b, c.x, one);
  return ((a.x - back.x) - back.y) + (a.y - b * c.y);
}
