import { bulkNullTable } from "./bulk-null-table.ts";
import { cdf } from "./marchenko-pastur.ts";

/**
 * m · sup |F̂ − F|: how far the distribution of the singular values is from the Marchenko–Pastur law, in numbers of
 * values.
 * @param singularValues in any order-preserving selection of a spectrum, descending
 * @param sigma standard deviation of the entries
 * @param m the smaller side, n the larger
 */
export function bulkDistance(singularValues: Float64Array, sigma: number, m: number, n: number): number {
  const count = singularValues.length;
  const unit = sigma * Math.sqrt(n);
  let distance = 0;
  for (let i = 0; i < count; i++) {
    // Descending: `count − i` values are ≤ this one, `count − i − 1` are below it.
    const expected = count * cdf(singularValues[i]! / unit, m / n);
    distance = Math.max(distance, count - i - expected, expected - (count - i - 1));
  }
  return distance;
}

/** Which σ the law is scaled with: it changes how far chance takes the distance. */
export type SigmaEstimator = "frobenius" | "median";

/** Upper tail probabilities of the columns of {@link NullTable}. */
const tails = [0.5, 0.1, 0.05, 0.01, 0.001] as const;

interface NullRow {
  readonly m: number;
  readonly quantiles: readonly [number, number, number, number, number];
}

/**
 * Quantiles of m·D for independent Gaussian entries, by size. The distance grows by about 0.3 for each doubling of m and
 * hardly depends on the aspect ratio: `wide` holds for every y ≤ ¼. Ordinary Kolmogorov–Smirnov p-values would be wrong:
 * singular values repel each other, so their distribution is far more rigid than that of independent values.
 */
export type NullTable = Readonly<
  Record<SigmaEstimator, { readonly square: readonly NullRow[]; readonly wide: readonly NullRow[] }>
>;

/**
 * P(m·D larger) under independent entries. Interpolated in the table over log₂ m and y; outside it m·D grows with log₂ m
 * as inside. Beyond the 99.9 % point the tail falls off exponentially (the true one falls faster, so clear rejections are
 * if anything understated); below the median the number is rough.
 */
export function bulkDistancePValue(distance: number, m: number, n: number, estimator: SigmaEstimator): number {
  const quantiles = nullQuantiles(m, n, estimator);
  const last = tails.length - 1;
  if (distance <= quantiles[0]!) return 0.5 ** (distance / quantiles[0]!);
  for (let k = 1; k <= last; k++) {
    if (distance > quantiles[k]!) continue;
    const along = (distance - quantiles[k - 1]!) / (quantiles[k]! - quantiles[k - 1]!);
    return tails[k - 1]! * (tails[k]! / tails[k - 1]!) ** along;
  }
  // The rate from 95 % to 99.9 %: steadier than the last step alone.
  const rate = Math.log(tails[2] / tails[last]!) / (quantiles[last]! - quantiles[2]!);
  return tails[last]! * Math.exp(-rate * (distance - quantiles[last]!));
}

/** The m·D that chance exceeds with probability `tail`, one of 0.5, 0.1, 0.05, 0.01, 0.001. */
export function bulkDistanceQuantile(
  tail: (typeof tails)[number],
  m: number,
  n: number,
  estimator: SigmaEstimator,
): number {
  return nullQuantiles(m, n, estimator)[tails.indexOf(tail)]!;
}

function nullQuantiles(m: number, n: number, estimator: SigmaEstimator): number[] {
  const { square, wide } = bulkNullTable[estimator];
  // 0 for y ≤ ¼, 1 for a square matrix.
  const squareness = Math.max(0, (m / n - 0.25) / 0.75);
  return tails.map(
    (_, k) => squareness * atSize(square, k, Math.log2(m)) + (1 - squareness) * atSize(wide, k, Math.log2(m)),
  );
}

/** Column k of the rows at this log₂ m: piecewise linear inside, the mean slope of the whole table outside. */
function atSize(rows: readonly NullRow[], k: number, logM: number): number {
  const first = rows[0]!;
  const last = rows.at(-1)!;
  const slope = (last.quantiles[k]! - first.quantiles[k]!) / Math.log2(last.m / first.m);
  if (logM <= Math.log2(first.m)) {
    // Never below half a value: even a perfectly regular spectrum steps that far from a continuous law.
    return Math.max(0.5 + 0.1 * k, first.quantiles[k]! + slope * (logM - Math.log2(first.m)));
  }
  for (let i = 1; i < rows.length; i++) {
    const [before, after] = [rows[i - 1]!, rows[i]!];
    if (logM > Math.log2(after.m)) continue;
    const along = (logM - Math.log2(before.m)) / Math.log2(after.m / before.m);
    return before.quantiles[k]! + along * (after.quantiles[k]! - before.quantiles[k]!);
  }
  return last.quantiles[k]! + slope * (logM - Math.log2(last.m));
}
