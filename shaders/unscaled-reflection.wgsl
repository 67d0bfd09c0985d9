// The Householder reflection H = I − γ·u·uᵀ with H·x = β·e₁, u = (x₁ − β, x₂, x₃, …) and γ = 2/uᵀu, as orthogonal as that
// of reflection.wgsl, which comes before, but ready sooner: u is what it is without a division, and of the root and of γ
// there are a first guess and a step of Newton's, which brings it to where only rounding is left.

struct UnscaledReflection {
  beta: f32,
  // u₁.
  first: f32,
  gamma: f32,
}

// `alpha` is x₁, `norm` x₂² + x₃² + …
fn unscaled_reflection(alpha: f32, norm: f32) -> UnscaledReflection {
  let square = max(alpha * alpha + norm, NEGLIGIBLE);
  var length: f32;
  var gamma: f32;
  if FUSED {
    let inverse = inverseSqrt(square);
    let guess = square * inverse;
    length = fma(fma(-guess, guess, square), 0.5 * inverse, guess);
    // 2/uᵀu = 1/(‖x‖·(|x₁| + ‖x‖)).
    gamma = inverse * (1.0 / (abs(alpha) + guess));
    let first = abs(alpha) + length;
    gamma = fma(fma(-gamma, fma(first, first, norm), 2.0), 0.5 * gamma, gamma);
  } else {
    length = sqrt(square);
    let first = abs(alpha) + length;
    gamma = 1.0 / (length * first);
  }
  let beta = select(length, -length, alpha > 0.0);
  let nothing = norm <= NEGLIGIBLE;
  return UnscaledReflection(select(beta, alpha, nothing), alpha - beta, select(gamma, 0.0, nothing));
}
