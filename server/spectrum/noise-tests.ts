import { bulkDistance, bulkDistancePValue } from "../statistics/bulk-distance.ts";
import { dispersionTest } from "../statistics/dispersion.ts";
import { largestValueTest, smallestValueTest } from "../statistics/edges.ts";
import { johnStatistic, johnTest } from "../statistics/john.ts";
import { shuffleTestEntries, shuffleTestSide } from "../statistics/shuffle-test.ts";
import type { Measurement } from "../svd/measurement.ts";
import { nonzeroPart } from "./nonzero-part.ts";
import { sides, type Shape } from "./shape.ts";
import type { NoiseTest } from "./verdict.ts";

/** Fewer entries than this say too little. */
export const fewestEntries = 256;

/**
 * The tests of the null hypothesis that the entries are independent and identically distributed: John's statistic
 * (two-sided), the largest and the smallest singular value, the shape of the bulk, and the dispersion of the squared
 * norms of rows and of columns. Each sees what the others do not. Empty where the question makes no sense: entries that
 * are not finite or all equal, a single row or column, fewer than 256 entries.
 */
export function noiseTests(measurement: Measurement, shape: Shape): NoiseTest[] {
  const { entries, shuffle } = measurement;
  if (entries.nonFinite > 0 || !(entries.variance > 0)) return [];
  const part = nonzeroPart(entries, shape, measurement.singularValues);
  const { m, n } = sides(part.shape);
  if (m < 2 || m * n < fewestEntries || part.singularValues.length !== m) return [];
  const { singularValues, sigma, excessKurtosis } = part;
  const { rows, columns } = part.shape;

  const john = johnTest(johnStatistic(singularValues), m, n, excessKurtosis);
  const largest = largestValueTest(singularValues[0]!, sigma, m, n);
  const smallest = smallestValueTest(singularValues.at(-1)!, sigma, m, n);
  const distance = bulkDistance(singularValues, sigma, m, n);
  const byRow = dispersionTest(part.rowDispersion, rows, columns, excessKurtosis);
  const byColumn = dispersionTest(part.columnDispersion, columns, rows, excessKurtosis);
  const tests: NoiseTest[] = [
    { name: "john", statistic: john.z, pValue: john.pValue },
    { name: "largest", ...largest },
    { name: "smallest", ...smallest },
    { name: "bulk", statistic: distance, pValue: bulkDistancePValue(distance, m, n, "frobenius") },
    { name: "rows", statistic: byRow.z, pValue: byRow.pValue },
    { name: "columns", statistic: byColumn.z, pValue: byColumn.pValue },
  ];
  if (shuffle === null || !isShuffled(shape)) return tests;
  // The exact test has no bulk distance: a handful of values has no bulk.
  return tests.flatMap((test) => {
    const pValue = shuffle.pValues[test.name];
    return pValue === undefined ? [] : [{ ...test, pValue }];
  });
}

/** Whether a matrix of this shape gets the exact shuffle test: {@link Measurement.shuffle} is then wanted. */
export function isShuffled({ rows, columns }: Shape): boolean {
  return Math.min(rows, columns) < shuffleTestSide && rows * columns <= shuffleTestEntries;
}

/** Bonferroni: min(1, k · smallest p) over the k tests; null without a test. */
export function combinedPValue(tests: readonly NoiseTest[]): number | null {
  if (tests.length === 0) return null;
  return Math.min(1, tests.length * Math.min(...tests.map((test) => test.pValue)));
}
