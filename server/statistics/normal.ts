import { incompleteGamma } from "./incomplete-gamma.ts";

/** Φ(z), the standard normal distribution function. Relative error about 1e-14, in the lower tail too. */
export function normalCdf(z: number): number {
  // Φ(z) = ½ erfc(−z/√2) and erfc(x) = Q(½, x²) for x ≥ 0.
  const { lower, upper } = incompleteGamma(0.5, (z * z) / 2);
  return z <= 0 ? upper / 2 : 0.5 + lower / 2;
}

/** P(Z > z) for standard normal Z, accurate however far out. */
export function normalSurvival(z: number): number {
  return normalCdf(-z);
}

/** P(|Z| > |z|) for standard normal Z. */
export function normalTwoSided(z: number): number {
  return Math.min(1, 2 * normalCdf(-Math.abs(z)));
}

/** Standard deviation of a standard normal variable cut at ±2. */
export const truncatedNormalSigma = 0.87962566;
