/** Puts the kernels' partial sums together, in float64. */
import type { EntryStatistics } from "./measurement.ts";

/** Numbers that a row's results take in shaders/row-moments.wgsl. */
export const momentsPerRow = 8;
/** Counters that a matrix takes in shaders/scan.wgsl. */
export const countersPerMatrix = 8;
const exponentOffset = 2048;

/** The power of two that the entries on the GPU are to be multiplied by; 1 if none is finite and not zero. */
export function scaleOf(counters: Uint32Array): number {
  const exponent = counters[3]!;
  return exponent === 0 ? 1 : 2 ** (exponent - exponentOffset);
}

/** Gathers what the kernels find out about one matrix, which lies on the GPU with its larger side down, all rows or some at a time. */
export class EntryStatisticsBuilder {
  readonly #columns: number;
  #rows = 0;
  readonly #entries = new Moments();
  readonly #rowSquares = new Moments();
  #minimum = Infinity;
  #maximum = -Infinity;
  #emptyRows = 0;
  readonly #columnSquares: Float64Array;
  /** Largest magnitudes. */
  readonly #columnExtremes: Float64Array;

  constructor(columns: number) {
    this.#columns = columns;
    this.#columnSquares = new Float64Array(columns);
    this.#columnExtremes = new Float64Array(columns);
  }

  /** Adds rows: their `moments` of shaders/row-moments.wgsl and `columnNorms` of shaders/column-norms.wgsl. */
  addRows(moments: Float32Array, columnNorms: Float32Array): void {
    for (let at = 0; at < moments.length; at += momentsPerRow) {
      // By index: to take the row apart as an iterable takes longer than all the rest.
      const finite = moments[at]!;
      this.#rows += 1;
      if (finite === 0) {
        this.#rowSquares.addOne(0);
        continue;
      }
      const pivot = moments[at + 1]!;
      const s1 = moments[at + 2]!;
      const s2 = moments[at + 3]!;
      const least = moments[at + 6]!;
      const most = moments[at + 7]!;
      this.#entries.addAround(finite, pivot, s1, s2, moments[at + 4]!, moments[at + 5]!);
      this.#rowSquares.addOne(s2 + 2 * pivot * s1 + finite * pivot * pivot);
      this.#minimum = Math.min(this.#minimum, least);
      this.#maximum = Math.max(this.#maximum, most);
      if (finite === this.#columns && least === 0 && most === 0) this.#emptyRows += 1;
    }
    for (let i = 0; 2 * i < columnNorms.length; i++) {
      const column = i % this.#columns;
      this.#columnSquares[column]! += columnNorms[2 * i]!;
      this.#columnExtremes[column] = Math.max(this.#columnExtremes[column]!, columnNorms[2 * i + 1]!);
    }
  }

  /**
   * @param counters see shaders/scan.wgsl
   * @param transposed whether the file has the matrix the other way round
   * @param gramRatio see {@link gramRatioOf}
   */
  finish(counters: Uint32Array, transposed: boolean, gramRatio: number | null): EntryStatistics {
    const scale = scaleOf(counters);
    const all = this.#entries;
    const anything = all.count > 0;
    const variance = anything ? all.m2 / all.count : 0;
    const columns = new Moments();
    for (const square of this.#columnSquares) columns.addOne(square);
    const [alongRows, alongColumns] = [dispersion(this.#rowSquares), dispersion(columns)];
    const emptyRows = this.#emptyRows;
    const emptyColumns = this.#columnExtremes.reduce((sum, value) => sum + (value === 0 ? 1 : 0), 0);
    return {
      count: this.#rows * this.#columns,
      nonFinite: counters[0]!,
      zeros: counters[1]!,
      minimum: anything ? this.#minimum * scale : 0,
      maximum: anything ? this.#maximum * scale : 0,
      mean: all.mean * scale,
      variance: variance * scale * scale,
      excessKurtosis: variance > 0 ? all.m4 / all.count / (variance * variance) - 3 : 0,
      frobeniusNorm: Math.sqrt(this.#rowSquares.mean * this.#rows) * scale,
      gramRatio,
      rowDispersion: transposed ? alongColumns : alongRows,
      columnDispersion: transposed ? alongRows : alongColumns,
      zeroRows: transposed ? emptyColumns : emptyRows,
      zeroColumns: transposed ? emptyRows : emptyColumns,
      differsFromIdentity: counters[2]!,
      fingerprint: Array.from(counters.subarray(4, 8), (word) => word.toString(16).padStart(8, "0")).join(""),
    };
  }
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

/** Σ (rᵢ/r̄ − 1)², 0 if all are zero. */
function dispersion({ mean, m2 }: Moments): number {
  return mean === 0 ? 0 : m2 / mean ** 2;
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

  /** Adds a number to count, mean and {@link m2} alone (Welford). */
  addOne(value: number): void {
    this.count += 1;
    const delta = value - this.mean;
    this.mean += delta / this.count;
    this.m2 += delta * (value - this.mean);
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
