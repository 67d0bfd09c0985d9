/** A matrix's shape as its file says: `rows × columns`. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
}

/** m, the smaller side, and n, the larger: spectra do not know which is which. */
export function sides({ rows, columns }: Shape): { m: number; n: number } {
  return { m: Math.min(rows, columns), n: Math.max(rows, columns) };
}
