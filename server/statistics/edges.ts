import { tracyWidomSurvival } from "./tracy-widom.ts";

/**
 * The largest singular value in Tracy–Widom units (Ma 2012, arXiv 1203.0839): with a = √(n − ½), b = √(m − ½),
 * (s₁²/σ² − (a + b)²) / [(a + b)(1/a + 1/b)^⅓] → TW₁. σ² is the entries' mean square.
 */
export function largestValueTest(
  s1: number,
  sigma: number,
  m: number,
  n: number,
): { statistic: number; pValue: number } {
  const { centre, scale } = largestLaw(m, n);
  const statistic = ((s1 / sigma) ** 2 - centre) / scale;
  return { statistic, pValue: tracyWidomSurvival(statistic) };
}

/** Centre and scale of s₁²/σ²: about centre + scale · TW₁. */
export function largestLaw(m: number, n: number): { centre: number; scale: number } {
  const a = Math.sqrt(n - 0.5);
  const b = Math.sqrt(m - 0.5);
  return { centre: (a + b) ** 2, scale: (a + b) * Math.cbrt(1 / a + 1 / b) };
}

/**
 * The smallest singular value; large statistics are small values. For m < n in Tracy–Widom units (Ma 2012): with
 * μ = (a − b)² and τ = (a − b)(1/b − 1/a)^⅓/μ, −(ln(s_m²/σ²) − ln μ − τ²/8)/τ → TW₁. For a square matrix
 * P(√n s_m/σ ≤ t) = 1 − e^(−t²/2 − t) (Edelman 1988) and the statistic is −ln of that probability.
 */
export function smallestValueTest(
  sm: number,
  sigma: number,
  m: number,
  n: number,
): { statistic: number; pValue: number } {
  if (m === n) {
    const t = (Math.sqrt(n) * sm) / sigma;
    const pValue = -Math.expm1(-(t * t) / 2 - t);
    return { statistic: pValue > 0 ? -Math.log(pValue) : Number.MAX_VALUE, pValue };
  }
  if (!(sm > 0)) return { statistic: Number.MAX_VALUE, pValue: 0 };
  const { logCentre, scale } = smallestLaw(m, n);
  const statistic = (logCentre - 2 * Math.log(sm / sigma)) / scale;
  return { statistic, pValue: tracyWidomSurvival(statistic) };
}

/** Centre and scale of ln(s_m²/σ²) for m < n: about logCentre − scale · TW₁. */
export function smallestLaw(m: number, n: number): { logCentre: number; scale: number } {
  const a = Math.sqrt(n - 0.5);
  const b = Math.sqrt(m - 0.5);
  const mu = (a - b) ** 2;
  const scale = ((a - b) * Math.cbrt(1 / b - 1 / a)) / mu;
  return { logCentre: Math.log(mu) + (scale * scale) / 8, scale };
}
