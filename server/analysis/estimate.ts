import type { MatrixView } from "../architecture/architecture.ts";

/** Floating-point operations a second that the engine reaches at least, all stages counted. */
const rate = { software: 1.2e9, hardware: 4e11 };

/**
 * About how long an adapter takes for these matrices, in seconds: 4mn(m, n the sides, the smaller counted twice) is the
 * cost of a bidiagonalisation.
 */
export function estimateSeconds(matrices: Iterable<MatrixView>, software: boolean): number {
  let operations = 0;
  for (const { rows, columns } of matrices) {
    operations += 4 * rows * columns * Math.min(rows, columns);
  }
  return operations / (software ? rate.software : rate.hardware);
}
