import { cdf, edges } from "../statistics/marchenko-pastur.ts";
import { sides, type Shape } from "./shape.ts";

/** A histogram of singular values, and what the Marchenko–Pastur law puts into each of its bins. */
export interface SpectrumHistogram {
  /** One more than there are bins, ascending and evenly spaced. */
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Expected counts under noise of the given σ. */
  readonly expected: readonly number[];
}

const fewestBins = 20;
const mostBins = 80;

/**
 * Bins as Freedman and Diaconis choose them, 20 to 80. They span the values and the bulk, so that a spectrum which fills
 * only part of the bulk shows it. Null without a value above zero.
 * @param values singular values, in any order
 * @param sigma standard deviation of the noise: `sigmaBulk` for a trained matrix; 0 for no expectation
 */
export function spectrumHistogram(values: readonly number[], shape: Shape, sigma: number): SpectrumHistogram | null {
  const sorted = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b);
  const largest = sorted.at(-1) ?? 0;
  if (!(largest > 0)) return null;
  const { m, n } = sides(shape);
  const unit = sigma * Math.sqrt(n);
  const bulk = edges(m / n);
  const from = unit > 0 ? Math.min(sorted[0]!, unit * bulk.lower) : sorted[0]!;
  const to = Math.max(largest, unit * bulk.upper);
  // All values alike (an orthogonal matrix): a range around them.
  const [low, high] = to > from ? [from, to] : [0.5 * from, 1.5 * from];

  const quartile = (share: number): number => sorted[Math.floor(share * (sorted.length - 1))]!;
  const width = (2 * (quartile(0.75) - quartile(0.25))) / Math.cbrt(sorted.length);
  const wanted = width > 0 ? Math.ceil((high - low) / width) : fewestBins;
  const bins = Math.min(mostBins, Math.max(fewestBins, wanted));

  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) counts[Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins))]! += 1;
  const binEdges = Array.from({ length: bins + 1 }, (_, k) => low + ((high - low) * k) / bins);
  const below = binEdges.map((edge) => (unit > 0 ? sorted.length * cdf(edge / unit, m / n) : 0));
  return { edges: binEdges, counts, expected: counts.map((_, k) => below[k + 1]! - below[k]!) };
}
