/** Seeded random numbers and matrices for tests: the same on every machine. */
import { seededRandom } from "../../server/statistics/random.ts";

/** Uniform numbers in [0, 1). */
export function uniform(seed: number): () => number {
  return seededRandom(seed).uniform;
}

/** Standard normal numbers. */
export function normal(seed: number): () => number {
  return seededRandom(seed).normal;
}

/** A `rows × columns` matrix, row-major, of independent N(0, sigma²) entries. */
export function gaussianMatrix(rows: number, columns: number, seed: number, sigma = 1): Float64Array {
  const next = normal(seed);
  return Float64Array.from({ length: rows * columns }, () => sigma * next());
}
