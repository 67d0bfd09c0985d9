/**
 * The Marchenko–Pastur law for singular values. Everything is in the normalised singular value t = s/(σ√n) of an m × n
 * matrix (m ≤ n) of independent entries of variance σ², with the aspect ratio y = m/n ∈ (0, 1].
 *
 * The law is easiest in the angle φ ∈ [0, π] with t² = 1 + y − 2√y cos φ: every function here goes through it. It is
 * also what keeps y → 0 (a vanishing support) and y = 1 (a hard edge at zero) free of cancellation.
 */

/** Both ends of the support, 1 ∓ √y. The edges of the singular values are σ(√n ∓ √m). */
export function edges(y: number): { lower: number; upper: number } {
  return { lower: 1 - Math.sqrt(y), upper: 1 + Math.sqrt(y) };
}

/** Density of t: √((t₊² − t²)(t² − t₋²)) / (π y t). Integrates to 1; zero outside the support. */
export function density(t: number, y: number): number {
  const { lower, upper } = edges(y);
  if (t < lower || t > upper || t <= 0) return t === 0 && y === 1 ? 2 / Math.PI : 0;
  // Factored, so that the edges lose nothing: (t₊ − t)(t₊ + t)(t − t₋)(t + t₋).
  return Math.sqrt((upper - t) * (upper + t) * (t - lower) * (t + lower)) / (Math.PI * y * t);
}

/** P(T ≤ t), in closed form; absolute error about 1e-14. */
export function cdf(t: number, y: number): number {
  return cdfAtAngle(angle(t, y), y);
}

/** Share of ‖W‖²_F in singular values above t: (π − φ + ½ sin 2φ)/π. */
export function energyAbove(t: number, y: number): number {
  return energyAboveAngle(angle(t, y));
}

/** The t below which a share `p` of the singular values lies. */
export function quantile(p: number, y: number): number {
  return valueAtAngle(angleOfShare(p, y), y);
}

/** The median of t², μ_y: 0.6528 for a square matrix, towards 1 for a thin one. */
export function medianSquare(y: number): number {
  return quantile(0.5, y) ** 2;
}

/** The share of the singular values, largest first, that holds the share `energy` of ‖W‖²_F. */
export function shareForEnergy(energy: number, y: number): number {
  return 1 - cdfAtAngle(angleOfEnergy(energy), y);
}

/** t at the angle φ. */
export function valueAtAngle(phi: number, y: number): number {
  // 1 + y − 2√y cos φ as a sum of squares: no cancellation near a hard edge at zero.
  const root = Math.sqrt(y);
  return Math.sqrt((1 - root) ** 2 + 4 * root * Math.sin(phi / 2) ** 2);
}

/** φ at t; 0 below the support, π above. */
function angle(t: number, y: number): number {
  const { lower, upper } = edges(y);
  if (!(t > lower)) return 0;
  if (t >= upper) return Math.PI;
  // tan²(φ/2) = (t² − t₋²)/(t₊² − t²), better conditioned at the edges than the cosine.
  return 2 * Math.atan2(Math.sqrt((t - lower) * (t + lower)), Math.sqrt((upper - t) * (upper + t)));
}

/**
 * F(φ) = [φ + A + (√y sin φ − A)/y]/π with A = atan2(√y sin φ, 1 − √y cos φ): the usual closed form, rearranged so that
 * nothing of order 1/y cancels.
 */
export function cdfAtAngle(phi: number, y: number): number {
  const root = Math.sqrt(y);
  const a = Math.atan2(root * Math.sin(phi), 1 - root * Math.cos(phi));
  return Math.min(1, Math.max(0, (phi + a + deficit(phi, root, a)) / Math.PI));
}

/** (√y sin φ − A)/y, from A = Σ √yᵏ sin(kφ)/k where √y is small. */
function deficit(phi: number, root: number, a: number): number {
  if (root >= 0.1) return (root * Math.sin(phi) - a) / (root * root);
  let sum = 0;
  let power = 1;
  for (let k = 2; k <= 18; k++) {
    sum -= (power * Math.sin(k * phi)) / k;
    power *= root;
  }
  return sum;
}

function energyAboveAngle(phi: number): number {
  return (Math.PI - phi + Math.sin(2 * phi) / 2) / Math.PI;
}

/** Solves F(φ) = p; `start` is a first guess. */
export function angleOfShare(p: number, y: number, start = Math.PI / 2): number {
  if (p <= 0) return 0;
  if (p >= 1) return Math.PI;
  return solveIncreasing(
    (phi) => cdfAtAngle(phi, y) - p,
    // dF/dφ = 2 sin²φ / (π t²).
    (phi) => (2 * Math.sin(phi) ** 2) / (Math.PI * valueAtAngle(phi, y) ** 2),
    start,
  );
}

function angleOfEnergy(energy: number): number {
  if (energy <= 0) return Math.PI;
  if (energy >= 1) return 0;
  return solveIncreasing(
    (phi) => energy - energyAboveAngle(phi),
    (phi) => (2 * Math.sin(phi) ** 2) / Math.PI,
    Math.PI / 2,
  );
}

/** The zero in [0, π] of an increasing function: Newton's steps, halving the bracket where a step leaves it. */
function solveIncreasing(f: (phi: number) => number, slope: (phi: number) => number, start: number): number {
  let low = 0;
  let high = Math.PI;
  let phi = start;
  for (let step = 0; step < 100; step++) {
    const value = f(phi);
    if (value > 0) high = phi;
    else low = phi;
    const newton = phi - value / slope(phi);
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - phi) < 1e-15 * Math.PI || next === phi) return next;
    phi = next;
  }
  return phi;
}
