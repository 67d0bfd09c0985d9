import { chiSquareSurvival } from "./chi-square.ts";

/**
 * Whether the squared norms rᵢ of the rows differ more than chance allows: under independent, identically distributed
 * entries Σ(rᵢ/r̄ − 1)²·n/(2 + κ₄) ~ χ² with (number of rows − 1) degrees of freedom. For columns, exchange the two.
 * @param dispersion Σ(rᵢ/r̄ − 1)²
 * @param count the number of rows
 * @param length the entries of one row
 * @param excessKurtosis κ₄ of the entries
 * @returns χ² standardised to mean 0 and variance 1, and P(χ² larger)
 */
export function dispersionTest(
  dispersion: number,
  count: number,
  length: number,
  excessKurtosis: number,
): { z: number; pValue: number } {
  const degrees = count - 1;
  // κ₄ ≥ −2 always, with equality for entries ±a, whose rows all have the same norm: then there is nothing to test.
  const variance = 2 + excessKurtosis;
  if (degrees < 1 || !(variance > 1e-9)) return { z: 0, pValue: 1 };
  const chiSquare = (dispersion * length) / variance;
  return { z: (chiSquare - degrees) / Math.sqrt(2 * degrees), pValue: chiSquareSurvival(chiSquare, degrees) };
}
