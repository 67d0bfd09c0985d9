import { dtypeBits } from "../checkpoint/dtype.ts";
import { windowWithin } from "../checkpoint/quantisation.ts";
import type { MatrixSource } from "./measurement.ts";

export interface Part {
  /** The first ones, 0 if left out. */
  readonly row?: number;
  readonly column?: number;
  /** How many, all if left out. */
  readonly rows?: number;
  readonly columns?: number;
  /** Every so many rows; 1 if left out. */
  readonly step?: number;
}

/** Bytes from the first entry of a matrix in its file to the last; of no quantised one. */
export function spanBytes({ rows, columns, pitch = columns, dtype }: MatrixSource): number {
  return (((rows - 1) * pitch + columns) * dtypeBits[dtype]) / 8;
}

/** A part of a matrix as a matrix of its own. */
export function partOfMatrix(source: MatrixSource, part: Part): MatrixSource {
  const { row = 0, column = 0, rows = source.rows, columns = source.columns, step = 1 } = part;
  const { pitch = source.columns, dtype, quantised } = source;
  if (quantised !== undefined) {
    return { ...source, rows, columns, quantised: { ...quantised, window: windowWithin(quantised.window, part) } };
  }
  const begin = source.begin + ((row * pitch + column) * dtypeBits[dtype]) / 8;
  const own = { ...source, begin, rows, columns, pitch: pitch * step };
  return { ...own, end: begin + spanBytes(own) };
}
