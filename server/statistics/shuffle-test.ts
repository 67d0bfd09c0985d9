import type { ShuffleTest } from "../svd/measurement.ts";
import { pearson3 } from "./pearson3.ts";
import { extremeEigenvalues } from "./symmetric-eigenvalues.ts";

/** Shuffles of one test: counting them, the smallest p-value is 1/1000. */
const shuffles = 999;
/** A thousand shuffles say nothing of what is rarer still. */
const leastTail = 1e-6;
/** The test ends early once each statistic was reached this often by chance: then none of its p-values is small. */
const enough = 20;
/** Matrices whose smaller side is below this are tested by shuffling… */
export const shuffleTestSide = 32;
/** …unless they have more entries than this: there the asymptotic tests have their size, and shuffles would take long. */
export const shuffleTestEntries = 16384;

/**
 * The exact test of a small matrix: if its entries are exchangeable, shuffling them changes nothing, so
 * p = (1 + #{T_b ≥ T}) / (B + 1) is valid whatever their distribution (Besag and Clifford 1991 for the early end). The
 * statistics are the distance of John's statistic from its mean, the largest and (negated) the smallest eigenvalue of
 * the Gram matrix, and the dispersion of squared row and column norms. The shuffles are the same on every run.
 *
 * A statistic that no shuffle reached has p < 1/1000, and how much less no count can say: then the tail of Pearson's type
 * III with the mean, the variance and the skewness of the shuffles does (Mielke and Berry 2007, as of permutation tests).
 * Rows and columns of zeros are no part of the question and are left out.
 * @param entries `rows × columns`, row-major, finite; left as they are
 */
export function shuffleTest(entries: Float32Array, rows: number, columns: number): ShuffleTest {
  const { matrix, m, n, wide } = nonzeroLines(entries, rows, columns);
  const centre = m + 1 + excessKurtosis(matrix);
  const observed = statistics(matrix, m, n, centre);
  const reached = observed.map(() => 0);
  const moments = observed.map(() => new Moments());
  const next = randomInteger();
  let draws = 0;
  while (m > 1 && draws < shuffles && Math.min(...reached) < enough) {
    shuffle(matrix, next);
    draws++;
    statistics(matrix, m, n, centre).forEach((value, k) => {
      moments[k]!.add(value - observed[k]!);
      // A tie up to rounding is a tie: shuffles that only permute rows or columns leave every statistic as it was.
      if (value >= observed[k]! - 1e-12 * Math.abs(observed[k]!)) reached[k]!++;
    });
  }
  const [john, largest, smallest, short, long] = reached.map((count, k) => {
    const counted = (1 + count) / (draws + 1);
    return count > 0 || draws < shuffles ? counted : Math.min(counted, Math.max(leastTail, moments[k]!.tail(0)));
  });
  const [byRow, byColumn] = wide ? [short, long] : [long, short];
  return { draws, pValues: { john: john!, largest: largest!, smallest: smallest!, rows: byRow!, columns: byColumn! } };
}

/** The first three moments of a sample. */
class Moments {
  #count = 0;
  #sum = 0;
  #squares = 0;
  #cubes = 0;

  add(value: number): void {
    this.#count++;
    this.#sum += value;
    this.#squares += value ** 2;
    this.#cubes += value ** 3;
  }

  /** P(X > value), by Pearson's type III; 1 where the sample does not scatter. */
  tail(value: number): number {
    const mean = this.#sum / this.#count;
    const variance = this.#squares / this.#count - mean ** 2;
    if (!(variance > 1e-12 * mean ** 2)) return 1;
    const deviation = Math.sqrt(variance);
    const third = this.#cubes / this.#count - 3 * mean * variance - mean ** 3;
    return pearson3((value - mean) / deviation, third / deviation ** 3).above;
  }
}

/** The lines that are not all zero as an m × n matrix, m ≤ n, scaled to a largest entry of 1; transposed unless `wide`. */
function nonzeroLines(
  entries: Float32Array,
  rows: number,
  columns: number,
): { matrix: Float64Array; m: number; n: number; wide: boolean } {
  const rowExtremes = new Float64Array(rows);
  const columnExtremes = new Float64Array(columns);
  let scale = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const size = Math.abs(entries[i * columns + j]!);
      rowExtremes[i] = Math.max(rowExtremes[i]!, size);
      columnExtremes[j] = Math.max(columnExtremes[j]!, size);
      scale = Math.max(scale, size);
    }
  }
  const nonzero = (extremes: Float64Array): number[] => [...extremes.keys()].filter((k) => extremes[k]! > 0);
  const [keptRows, keptColumns] = [nonzero(rowExtremes), nonzero(columnExtremes)];
  const wide = keptRows.length <= keptColumns.length;
  const [short, long] = wide ? [keptRows, keptColumns] : [keptColumns, keptRows];
  const [shortStep, longStep] = wide ? [columns, 1] : [1, columns];
  const matrix = Float64Array.from(
    short.flatMap((i) => long.map((j) => entries[i * shortStep + j * longStep]! / scale)),
  );
  return { matrix, m: short.length, n: long.length, wide };
}

/** Each large when the matrix has structure: John's distance, λ₁, −λ_m, dispersion over the m rows, dispersion over the n columns; of an m × n matrix, m ≤ n. */
function statistics(matrix: Float64Array, m: number, n: number, centre: number): number[] {
  const gram = new Float64Array(m * m);
  let trace = 0;
  let squares = 0;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < n; k++) sum += matrix[i * n + k]! * matrix[j * n + k]!;
      gram[i * m + j] = sum;
      gram[j * m + i] = sum;
      squares += (i === j ? 1 : 2) * sum * sum;
    }
    trace += gram[i * m + i]!;
  }
  const norms = Float64Array.from({ length: m }, (_, i) => gram[i * m + i]!);
  const { smallest, largest } = extremeEigenvalues(gram, m);
  const columnNorms = new Float64Array(n);
  for (let i = 0; i < m; i++) {
    for (let k = 0; k < n; k++) columnNorms[k]! += matrix[i * n + k]! ** 2;
  }
  const john = n * ((m * squares) / (trace * trace) - 1) - centre;
  return [Math.abs(john), largest, -smallest, dispersion(norms, trace), dispersion(columnNorms, trace)];
}

/** Σ(rᵢ/r̄ − 1)². */
function dispersion(norms: Float64Array, total: number): number {
  const mean = total / norms.length;
  let sum = 0;
  for (const norm of norms) sum += (norm / mean - 1) ** 2;
  return sum;
}

function excessKurtosis(values: Float64Array): number {
  let mean = 0;
  for (const value of values) mean += value / values.length;
  let second = 0;
  let fourth = 0;
  for (const value of values) {
    const square = (value - mean) ** 2;
    second += square / values.length;
    fourth += (square * square) / values.length;
  }
  return second > 0 ? fourth / second ** 2 - 3 : 0;
}

/** Fisher and Yates. */
function shuffle(values: Float64Array, next: (below: number) => number): void {
  for (let i = values.length - 1; i > 0; i--) {
    const j = next(i + 1);
    const held = values[i]!;
    values[i] = values[j]!;
    values[j] = held;
  }
}

/** Integers in [0, below), the same sequence each time (xorshift32, high bits used). */
function randomInteger(): (below: number) => number {
  let state = 0x9e3779b9;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}
