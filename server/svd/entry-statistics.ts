/** Puts the kernels' partial sums together, in float64. */
import type { EntryStatistics } from "./measurement.ts";

/** Numbers that a row's results take in shaders/row-moments.wgsl. */
export const momentsPerRow = 8;
/** Counters that a matrix takes in shaders/scan.wgsl. */
export const countersPerMatrix = 8;
const exponentOffset = 2048;

/** What the kernels found out about one matrix, which lies on the GPU as `rows × columns`, rows ≥ columns. */
export interface PartialStatistics {
  readonly rows: number;
  readonly columns: number;
  /** The file has it the other way round. */
  readonly transposed: boolean;
  /** See shaders/scan.wgsl. */
  readonly counters: Uint32Array;
  /** See shaders/row-moments.wgsl. */
  readonly moments: Float32Array;
  /** See shaders/column-norms.wgsl. */
  readonly columnNorms: Float32Array;
}

/** The power of two that the entries on the GPU are to be multiplied by; 1 if none is finite and not zero. */
export function scaleOf(counters: Uint32Array): number {
  const exponent = counters[3]!;
  return exponent === 0 ? 1 : 2 ** (exponent - exponentOffset);
}

/** @param gramRatio see {@link gramRatioOf}. */
export function entryStatistics(parts: PartialStatistics, gramRatio: number | null): EntryStatistics {
  const { rows, columns, transposed, counters, moments, columnNorms } = parts;
  const count = rows * columns;
  const scale = scaleOf(counters);
  const all = new Moments();
  const rowSquares = new Float64Array(rows);
  let minimum = Infinity;
  let maximum = -Infinity;
  let emptyRows = 0;
  for (let row = 0; row < rows; row++) {
    // By index: to take the row apart as an iterable takes longer than all the rest.
    const at = row * momentsPerRow;
    const finite = moments[at]!;
    if (finite === 0) continue;
    const pivot = moments[at + 1]!;
    const s1 = moments[at + 2]!;
    const s2 = moments[at + 3]!;
    const least = moments[at + 6]!;
    const most = moments[at + 7]!;
    all.addAround(finite, pivot, s1, s2, moments[at + 4]!, moments[at + 5]!);
    rowSquares[row] = s2 + 2 * pivot * s1 + finite * pivot * pivot;
    minimum = Math.min(minimum, least);
    maximum = Math.max(maximum, most);
    if (finite === columns && least === 0 && most === 0) emptyRows += 1;
  }
  const { squares: columnSquares, empty: emptyColumns } = combineColumns(columnNorms, columns);
  const anything = all.count > 0;
  const variance = anything ? all.m2 / all.count : 0;
  const squares = rowSquares.reduce((sum, square) => sum + square, 0);
  const alongRows = dispersion(rowSquares);
  const alongColumns = dispersion(columnSquares);
  return {
    count,
    nonFinite: counters[0]!,
    zeros: counters[1]!,
    minimum: anything ? minimum * scale : 0,
    maximum: anything ? maximum * scale : 0,
    mean: all.mean * scale,
    variance: variance * scale * scale,
    excessKurtosis: variance > 0 ? all.m4 / all.count / (variance * variance) - 3 : 0,
    frobeniusNorm: Math.sqrt(squares) * scale,
    gramRatio,
    rowDispersion: transposed ? alongColumns : alongRows,
    columnDispersion: transposed ? alongRows : alongColumns,
    zeroRows: transposed ? emptyColumns : emptyRows,
    zeroColumns: transposed ? emptyRows : emptyColumns,
    differsFromIdentity: counters[2]!,
    fingerprint: Array.from(counters.subarray(4, 8), (word) => word.toString(16).padStart(8, "0")).join(""),
  };
}

/** ‖W Wᵀ‖_F / ‖W‖_F² = √Σs⁴ / Σs², which the singular values give to more digits than a sum over W Wᵀ would; 0 for W = 0. */
export function gramRatioOf(singularValues: Float64Array): number {
  const largest = singularValues[0] ?? 0;
  if (largest === 0) return 0;
  let squares = 0;
  let fourths = 0;
  for (const value of singularValues) {
    const square = (value / largest) ** 2;
    squares += square;
    fourths += square * square;
  }
  return Math.sqrt(fourths) / squares;
}

function combineColumns(norms: Float32Array, columns: number): { squares: Float64Array; empty: number } {
  const squares = new Float64Array(columns);
  const largest = new Float64Array(columns);
  for (let i = 0; 2 * i < norms.length; i++) {
    const column = i % columns;
    squares[column]! += norms[2 * i]!;
    largest[column] = Math.max(largest[column]!, norms[2 * i + 1]!);
  }
  return { squares, empty: largest.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0) };
}

/** Σ (rᵢ/r̄ − 1)², 0 if all are zero. */
function dispersion(squares: Float64Array): number {
  const mean = squares.reduce((sum, square) => sum + square, 0) / squares.length;
  return mean === 0 ? 0 : squares.reduce((sum, square) => sum + (square / mean - 1) ** 2, 0);
}

/**
 * Central moments of a growing set of numbers: P. Pébay, "Formulas for robust, one-pass parallel computation of
 * covariances and arbitrary-order statistical moments", Sandia report 2008-6212.
 */
class Moments {
  count = 0;
  mean = 0;
  /** Σ(a − mean)², ³, ⁴. */
  m2 = 0;
  m3 = 0;
  m4 = 0;

  /** Adds `n` numbers given by their power sums Σ(a − pivot)ᵏ, k = 1 … 4. */
  addAround(n: number, pivot: number, s1: number, s2: number, s3: number, s4: number): void {
    const shift = s1 / n;
    this.#add(
      n,
      pivot + shift,
      Math.max(0, s2 - n * shift ** 2),
      s3 - 3 * shift * s2 + 2 * n * shift ** 3,
      Math.max(0, s4 - 4 * shift * s3 + 6 * shift ** 2 * s2 - 3 * n * shift ** 4),
    );
  }

  #add(n: number, mean: number, m2: number, m3: number, m4: number): void {
    const before = this.count;
    const count = before + n;
    const delta = mean - this.mean;
    const step = delta / count;
    const weight = before * n * delta * step;
    this.m4 +=
      m4 +
      weight * step * step * (before * before - before * n + n * n) +
      6 * step * step * (before * before * m2 + n * n * this.m2) +
      4 * step * (before * m3 - n * this.m3);
    this.m3 += m3 + weight * step * (before - n) + 3 * step * (before * m2 - n * this.m2);
    this.m2 += m2 + weight;
    this.mean += n * step;
    this.count = count;
  }
}
