import { kolmogorovPValue } from "../statistics/kolmogorov.ts";

/** How random the singular vectors of one side look, over all that belong to a value above zero. */
export interface VectorRandomness {
  /** Mean of the Kolmogorov–Smirnov p-values; null without a vector. */
  readonly meanP: number | null;
  /** Share of p-values below .05. */
  readonly shareBelow05: number | null;
}

/** @param statistics √n·D of each vector; NaN for those of the null space, which are left out */
export function vectorRandomness(statistics: ArrayLike<number>): VectorRandomness {
  const pValues = Array.from(statistics)
    .filter((statistic) => !Number.isNaN(statistic))
    .map(kolmogorovPValue);
  if (pValues.length === 0) return { meanP: null, shareBelow05: null };
  return {
    meanP: pValues.reduce((sum, p) => sum + p, 0) / pValues.length,
    shareBelow05: pValues.filter((p) => p < 0.05).length / pValues.length,
  };
}

/**
 * What noise gives for vectors of length n. Their norm is fixed, so the distance is a little smaller than that of
 * independent draws, and the p-values are not uniform: simulated means are .564, .558, .550 and .545 for n = 64, 128, 1024
 * and in the limit, and .039 of the p-values are below .05.
 */
export function noiseRandomness(n: number): VectorRandomness {
  return { meanP: Math.min(1, 0.545 + 0.15 / Math.sqrt(n)), shareBelow05: 0.039 };
}
