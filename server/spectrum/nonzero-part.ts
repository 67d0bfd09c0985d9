import type { EntryStatistics } from "../svd/measurement.ts";
import { sides, type Shape } from "./shape.ts";

/** A matrix without the rows and columns that are zero throughout, as far as its statistics tell. */
export interface NonzeroPart {
  readonly shape: Shape;
  /** Root mean square of the entries. */
  readonly sigma: number;
  readonly excessKurtosis: number;
  readonly rowDispersion: number;
  readonly columnDispersion: number;
  /** The min(rows, columns) largest singular values; the others are zero. */
  readonly singularValues: Float64Array;
}

/**
 * Zero rows and columns are no part of the null hypothesis: a fresh embedding has one for its padding token, a pruned
 * matrix has many. What is left when they are gone is what is compared with noise. The singular values stay the same
 * but for the zeros that the empty lines added.
 */
export function nonzeroPart(entries: EntryStatistics, shape: Shape, singularValues: Float64Array): NonzeroPart {
  const rows = shape.rows - entries.zeroRows;
  const columns = shape.columns - entries.zeroColumns;
  const count = rows * columns;
  const share = count / (shape.rows * shape.columns);
  return {
    shape: { rows, columns },
    sigma: entries.frobeniusNorm / Math.sqrt(count),
    // The mean is next to zero where this matters, so E w⁴/(E w²)² shrinks with the share of entries that is left.
    excessKurtosis: (entries.excessKurtosis + 3) * share - 3,
    rowDispersion: withoutZeros(entries.rowDispersion, shape.rows, rows),
    columnDispersion: withoutZeros(entries.columnDispersion, shape.columns, columns),
    singularValues: singularValues.subarray(0, sides({ rows, columns }).m),
  };
}

/** Σ(rᵢ/r̄ − 1)² = Σ(rᵢ/r̄)² − (number of lines); without the zero lines only r̄ and the number change. */
function withoutZeros(dispersion: number, lines: number, left: number): number {
  if (lines === left) return dispersion;
  return Math.max(0, (dispersion + lines) * (left / lines) ** 2 - left);
}
