/** A power law p(λ) ∝ λ^(−α) for λ ≥ xMin, fitted to the upper tail of λ = s². */
export interface PowerLawFit {
  readonly alpha: number;
  /** The smallest λ of the tail, in the unit of s². */
  readonly xMin: number;
  /** The Kolmogorov–Smirnov distance between tail and fit. */
  readonly distance: number;
  /** How many values the tail holds. */
  readonly tail: number;
}

/**
 * Clauset, Shalizi and Newman (2009): α is the maximum-likelihood estimate 1 + k/Σ ln(λᵢ/xMin) over the k values of the
 * tail; xMin is the value for which the tail's Kolmogorov–Smirnov distance to its fit is smallest. Every value but the
 * largest is tried, as WeightWatcher does, so its users find their number again. Null with fewer than two distinct
 * positive values.
 * @param singularValues descending
 */
export function fitPowerLaw(singularValues: Float64Array): PowerLawFit | null {
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0) || !Number.isFinite(largest)) return null;
  // ln(λ/λ₁), descending from 0; zeros cannot lie on a power law.
  const logs: number[] = [];
  for (const value of singularValues) {
    if (value > 0) logs.push(2 * Math.log(value / largest));
  }
  // Σ of the first `tail` logarithms.
  const sums = new Float64Array(logs.length + 1);
  for (let i = 0; i < logs.length; i++) sums[i + 1] = sums[i]! + logs[i]!;
  let best: { alpha: number; distance: number; tail: number } | null = null;
  // A coarse round first: its best distance lets the full one drop nearly every candidate at once.
  for (const step of [Math.ceil(logs.length / 64), 1]) {
    for (let tail = logs.length; tail >= 2; tail -= step) {
      const logMin = logs[tail - 1]!;
      // Of equal values only the last begins a tail that holds them all.
      if (logs[tail] === logMin) continue;
      const excess = sums[tail]! - tail * logMin;
      if (!(excess > 0)) continue;
      const alpha = 1 + tail / excess;
      const distance = tailDistance(logs, tail, alpha, best?.distance ?? Infinity);
      if (distance !== null) best = { alpha, distance, tail };
    }
  }
  if (best === null) return null;
  return { ...best, xMin: singularValues[best.tail - 1]! ** 2 };
}

/**
 * Hill's estimate of the same exponent from the upper half of the spectrum, 1 + k/Σ ln(λᵢ/λ_(k+1)) over the k = ⌊m/2⌋
 * largest λ: the α by which TempBalance and AlphaDecay compare layers. Steadier than the fitted one, whose tail is of
 * another length in every matrix. Null with fewer than two values, or where λ_(k+1) is zero or equal to λ₁.
 * @param singularValues descending
 */
export function hillExponent(singularValues: Float64Array): number | null {
  const k = Math.floor(singularValues.length / 2);
  const threshold = singularValues[k] ?? 0;
  if (k === 0 || !(threshold > 0)) return null;
  let sum = 0;
  for (let i = 0; i < k; i++) sum += 2 * Math.log(singularValues[i]! / threshold);
  return sum > 0 ? 1 + k / sum : null;
}

/**
 * max |1 − (λ/xMin)^(1−α) − i/k| over the tail, i the number of smaller values in it; null as soon as it reaches `bound`.
 * Visiting the values in long strides finds a violation early, which makes the search over xMin fast.
 */
function tailDistance(logs: readonly number[], tail: number, alpha: number, bound: number): number | null {
  const logMin = logs[tail - 1]!;
  const stride = Math.max(1, Math.floor(Math.sqrt(tail)));
  let distance = 0;
  for (let first = 0; first < stride; first++) {
    for (let j = first; j < tail; j += stride) {
      const fitted = 1 - Math.exp((1 - alpha) * (logs[j]! - logMin));
      const gap = Math.abs(fitted - (tail - 1 - j) / tail);
      if (gap > distance) {
        if (gap >= bound) return null;
        distance = gap;
      }
    }
  }
  return distance;
}
