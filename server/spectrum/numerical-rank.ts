import type { Dtype } from "../checkpoint/dtype.ts";
import { sides, type Shape } from "./shape.ts";

/** Errors of the singular values as the engine computes them, relative to the largest. */
const engineError = 4e-6;

/**
 * Root mean square of a rounding error, relative to the entry: 0.2 units in the last place. Of types with fewer bits the
 * rounding noise is so large that the small end of a full spectrum disappears in it as well.
 */
const rounding: Partial<Record<Dtype, number>> = { BF16: 0.2 * 2 ** -7, F16: 0.2 * 2 ** -10 };

/**
 * The number of singular values above what the computation, and rounding the entries to their type, leave of an exact
 * zero: a product of thin factors that is saved in bf16 has full rank, its small values being the noise of rounding.
 * That noise is a matrix of independent entries, with its largest value at its Marchenko–Pastur edge.
 * @param singularValues descending
 */
export function numericalRank(singularValues: Float64Array, shape: Shape, dtype: Dtype): number {
  const { m, n } = sides(shape);
  let squares = 0;
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0)) return 0;
  for (const value of singularValues) squares += (value / largest) ** 2;
  const sigma = Math.sqrt(squares / m / n);
  const noise = (rounding[dtype] ?? 0) * sigma * (Math.sqrt(m) + Math.sqrt(n)) * 1.1;
  const tolerance = Math.max(engineError, noise) * largest;
  return singularValues.filter((value) => value > tolerance).length;
}
