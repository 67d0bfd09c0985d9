import { pearson3 } from "./pearson3.ts";

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
 * Under independent, identically distributed entries nU − m → N(1 + κ₄, 4) when both sides are large (Wang and Yao 2013,
 * arXiv 1303.4035). Of matrices that are small or thin the law is skewed, and far out, where it matters, a normal one
 * would be wrong by a factor of four (32 × 32) to thirty (2 × 9000). So U is taken for a moved gamma distribution:
 * - Its mean is exact for exchangeable entries of random sign, given their fourth moment q = 3 + κ₄:
 *   E Σλ²/(Σλ)² = q/N + (m + n − 2)(1 − q/N)/(N − 1), N = mn.
 * - Its variance is that of Gaussian entries, from the moments of a Wishart matrix, with Σλ² independent of (Σλ)²:
 *   Var Σλ² = 4mn(2m² + 5mn + 2n² + 5m + 5n + 5), and (Σλ)² of χ²_N.
 * - Its skewness is that of χ² with (m − 1)(m + 2)/2 degrees of freedom, which is exact for m ≪ n (John 1972), and
 *   towards larger values 1 + 1.15 m/n times that, which is what simulations give up to m = n.
 * @param u John's statistic
 * @param m the smaller side
 * @param n the larger side
 * @param excessKurtosis κ₄ of the entries
 * @returns the standardised statistic z and its two-sided p-value
 */
export function johnTest(u: number, m: number, n: number, excessKurtosis: number): { z: number; pValue: number } {
  const count = m * n;
  const fourth = Math.min(1, (3 + excessKurtosis) / count);
  const mean = m * (fourth + ((m + n - 2) * (1 - fourth)) / (count - 1)) - 1;
  const deviation = m * Math.sqrt(gaussianVariance(m, n));
  const z = (u - mean) / deviation;
  const chiSquare = Math.sqrt(16 / ((m - 1) * (m + 2)));
  const tail = z < 0 ? pearson3(z, chiSquare).below : pearson3(z, chiSquare * (1 + (1.15 * m) / n)).above;
  return { z, pValue: Math.min(1, 2 * tail) };
}

/** Of Σλ²/(Σλ)² of a Gaussian matrix. */
function gaussianVariance(m: number, n: number): number {
  const count = m * n;
  const squares = 4 * (2 * m * m + 5 * count + 2 * n * n + 5 * (m + n) + 5);
  const mean = m + n + 1;
  // E[(Σλ²)²]/E[(Σλ)⁴] − (E[Σλ²]/E[(Σλ)²])², each divided by N².
  return (squares / count + mean ** 2) / ((1 + 2 / count) * (count + 4) * (count + 6)) - (mean / (count + 2)) ** 2;
}
