// The standard normal distribution function Φ, to 1.5e-7 (Abramowitz and Stegun, 7.1.26). Put in front of the shaders
// that use it.

fn normal_distribution(z: f32) -> f32 {
  let x = abs(z) * 0.70710678;
  let t = 1.0 / (1.0 + 0.3275911 * x);
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  let tail = 0.5 * series * exp(-x * x);
  return select(tail, 1.0 - tail, z > 0.0);
}
