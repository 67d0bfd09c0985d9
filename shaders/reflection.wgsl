// The Householder reflection H = I − τ·v·vᵀ with H·x = β·e₁, v = (1, x₂·inverse, x₃·inverse, …) (Golub and Van Loan, 5.1).
// Put in front of the shaders that make reflections.
//
// Thousands of reflections pass over the same entries, so that what is wrong with one on average adds up: GPUs' roots and
// quotients are off by an ulp or two, often to the same side. So τ is 2/vᵀv for the very v that is used, and where fma
// rounds once (FUSED), the root and that quotient get a step of Newton's: H is orthogonal but for rounding that has no
// preferred side. Where fma rounds twice, on processors, roots and quotients are rounded correctly anyway.

struct Reflection {
  beta: f32,
  inverse: f32,
  tau: f32,
}

// The largest entry is 1: what is smaller than 10⁻¹⁵ of it may be dropped, and squares of less are inexact in fp32.
const NEGLIGIBLE = 1e-30f;

// `alpha` is x₁, `norm` x₂² + x₃² + …
fn reflection(alpha: f32, norm: f32) -> Reflection {
  if norm <= NEGLIGIBLE {
    return Reflection(alpha, 0.0, 0.0);
  }
  let square = alpha * alpha + norm;
  var length = sqrt(square);
  if FUSED {
    length = fma(fma(-length, length, square), 0.5 / length, length);
  }
  let beta = select(length, -length, alpha > 0.0);
  let inverse = 1.0 / (alpha - beta);
  let size = 1.0 + norm * inverse * inverse;
  var tau = 2.0 / size;
  if FUSED {
    tau = fma(fma(-tau, size, 2.0), 0.5 * tau, tau);
  }
  return Reflection(beta, inverse, tau);
}
