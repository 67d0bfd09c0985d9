import type { Finding } from "../../analysis/findings.ts";
import type { JudgedMatrix } from "../../analysis/summary.ts";
import type { MetricKey } from "../../spectrum/metrics.ts";

/** How many spectra a report shows of each kind. */
const withFindings = 4;
const mostConcentrated = 4;
const mostOutliers = 2;

/**
 * The matrices that deserve a picture: some with a finding, some whose spectrum is the most concentrated (no two of one
 * role, as long as there are others), some with the most values above the bulk. Each once, in the checkpoint's order.
 */
export function notableMatrices(matrices: readonly JudgedMatrix[], problems: readonly Finding[]): JudgedMatrix[] {
  const found = new Set(problems.flatMap(({ tensor }) => tensor ?? []));
  const withSpectrum = matrices.filter(({ metrics }) => metrics.sigmaBulk !== null && (metrics.spectralNorm ?? 0) > 0);
  const chosen = new Set(withSpectrum.filter(({ tensor }) => found.has(tensor)).slice(0, withFindings));
  const add = (most: number, order: readonly JudgedMatrix[]): void => {
    const left = order.filter((matrix) => !chosen.has(matrix));
    const roles = new Set<string>();
    const firsts = left.filter(({ role }) => !roles.has(role) && roles.add(role));
    for (const matrix of [...new Set([...firsts, ...left])].slice(0, most)) chosen.add(matrix);
  };
  add(
    mostConcentrated,
    byNumber(withSpectrum, (matrix) => overNoise(matrix, "effectiveRank")),
  );
  add(
    mostOutliers,
    byNumber(withSpectrum, ({ metrics, rows, columns }) => -(metrics.outliersRight ?? 0) / Math.min(rows, columns)),
  );
  return matrices.filter((matrix) => chosen.has(matrix));
}

/** A metric over its noise value; null where one of them does not exist. */
export function overNoise({ metrics, noise }: JudgedMatrix, key: MetricKey): number | null {
  const value = metrics[key];
  const expected = noise[key];
  return value === null || expected === null || expected === 0 ? null : value / expected;
}

/** Lowest first; what has no number is left out. */
export function byNumber(
  matrices: readonly JudgedMatrix[],
  numberOf: (matrix: JudgedMatrix) => number | null,
): JudgedMatrix[] {
  return matrices
    .flatMap((matrix) => {
      const number = numberOf(matrix);
      return number === null ? [] : [{ matrix, number }];
    })
    .sort((a, b) => a.number - b.number)
    .map(({ matrix }) => matrix);
}
