// The Householder reflection H = I − γ·u·uᵀ with H·x = β·e₁, u = (x₁ − β, x₂, x₃, …) and γ = 2/uᵀu, as orthogonal as that
// of reflection.wgsl, which comes before, but ready sooner: u is what it is without a division. Where the steps of Newton's
// began with the reciprocal root and γ = 1/(‖x‖·(|x₁| + ‖x‖)), values were 2·10⁻⁷·σ₁ too large on average at 8192 × 8192.

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
    length = sqrt(square);
    length = fma(fma(-length, length, square), 0.5 / length, length);
    let first = abs(alpha) + length;
    let size = fma(first, first, norm);
    gamma = 2.0 / size;
    gamma = fma(fma(-gamma, size, 2.0), 0.5 * gamma, gamma);
  } else {
    length = sqrt(square);
    let first = abs(alpha) + length;
    gamma = 1.0 / (length * first);
  }
  let beta = select(length, -length, alpha > 0.0);
  let nothing = norm <= NEGLIGIBLE;
  return UnscaledReflection(select(beta, alpha, nothing), alpha - beta, select(gamma, 0.0, nothing));
}
