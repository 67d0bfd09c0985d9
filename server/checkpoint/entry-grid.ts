/** Which entries of a tensor are read, and what is told of a vector. */

/** Entries at `offset + i · rowStride + j · columnStride`, counted in entries from the start of the tensor. */
export interface EntryGrid {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** All entries of a vector in as many runs as can be drawn. Entries that are not finite are counted and left out. */
export interface VectorProfile {
  readonly count: number;
  readonly nonFinite: number;
  readonly zeros: number;
  /** Null where no entry is finite. */
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly mean: number | null;
  readonly deviation: number | null;
  /** The least and the greatest entry and the mean of each run of `runLength` entries, the last of which may be shorter. */
  readonly runLength: number;
  readonly runs: readonly { readonly low: number | null; readonly high: number | null; readonly mean: number | null }[];
}
