import { normalTwoSided } from "./normal.ts";

/**
 * John's statistic of sphericity, scale-free: U = m Σλ²/(Σλ)² − 1 with λ = s². How far the squared singular values are
 * from all being equal.
 */
export function johnStatistic(singularValues: Float64Array): number {
  const m = singularValues.length;
  const largest = singularValues[0] ?? 0;
  let sum = 0;
  let squares = 0;
  for (const value of singularValues) {
    const lambda = (value / largest) ** 2;
    sum += lambda;
    squares += lambda * lambda;
  }
  return (m * squares) / (sum * sum) - 1;
}

/**
 * Under independent, identically distributed entries nU − m → N(1 + κ₄, 4) (Wang and Yao 2013, arXiv 1303.4035).
 * @param u John's statistic
 * @param m the smaller side
 * @param n the larger side
 * @param excessKurtosis κ₄ of the entries
 * @returns the standardised statistic z and its two-sided p-value
 */
export function johnTest(u: number, m: number, n: number, excessKurtosis: number): { z: number; pValue: number } {
  const z = (n * u - m - (1 + excessKurtosis)) / 2;
  return { z, pValue: normalTwoSided(z) };
}
