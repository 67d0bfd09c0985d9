import { incompleteGamma } from "./incomplete-gamma.ts";
import { normalCdf } from "./normal.ts";

/**
 * P(Z > z) for a variable of mean 0 and variance 1 with this skewness, by Pearson's type III, the gamma distribution moved
 * and scaled: exact for χ², normal at a skewness of 0, and accurate far out, where a normal distribution would understate
 * the longer tail by orders of magnitude.
 * @returns the two tails, each accurate where it is small
 */
export function pearson3(z: number, skewness: number): { readonly below: number; readonly above: number } {
  if (skewness < 0) {
    const { below, above } = pearson3(-z, -skewness);
    return { below: above, above: below };
  }
  // Beyond, the gamma distribution is the normal one to the last digits that matter, and would take long.
  if (skewness < 1e-3) return { below: normalCdf(z), above: normalCdf(-z) };
  const shape = 4 / skewness ** 2;
  const { lower, upper } = incompleteGamma(shape, shape + z * Math.sqrt(shape));
  return { below: lower, above: upper };
}
