import type { Dtype } from "../checkpoint/dtype.ts";
import type { QuantisedSource } from "../checkpoint/quantisation.ts";

/**
 * Where the entries of one matrix lie: `rows × columns`, row-major, in a file. Those of a quantised one come from several
 * pieces, of which the place and the dtype of the codes stand here.
 */
export interface MatrixSource {
  readonly path: string;
  /** The first byte, and one past the last. */
  readonly begin: number;
  readonly end: number;
  readonly dtype: Dtype;
  readonly rows: number;
  readonly columns: number;
  /** Entries from the start of one row to that of the next, for columns of a larger matrix; `columns` if left out. */
  readonly pitch?: number;
  readonly quantised?: QuantisedSource;
}

/**
 * What one pass over the entries tells, without a singular value. Non-finite entries are counted and otherwise left out.
 * Values beyond fp32's range (F64) are exact in their exponent: everything here is float64.
 */
export interface EntryStatistics {
  /** rows · columns. */
  readonly count: number;
  readonly nonFinite: number;
  readonly zeros: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  /** Mean of (w − mean)². */
  readonly variance: number;
  /** Mean of (w − mean)⁴ / variance² − 3; 0 for a constant matrix. */
  readonly excessKurtosis: number;
  /** √Σw². */
  readonly frobeniusNorm: number;
  /** ‖W Wᵀ‖_F / ‖W‖_F², scale-free: the numerator of John's statistic without an SVD; null where it was not computed. */
  readonly gramRatio: number | null;
  /** Σᵢ (rᵢ/r̄ − 1)² over the squared row norms rᵢ. 0 for an all-zero matrix. */
  readonly rowDispersion: number;
  /** The same over the squared column norms. */
  readonly columnDispersion: number;
  /** Rows, and columns, that are zero throughout. */
  readonly zeroRows: number;
  readonly zeroColumns: number;
  /** Entries that differ from the identity matrix's; 0 only for an exact identity. */
  readonly differsFromIdentity: number;
  /** 128 bits of the raw bytes, in hexadecimal: equal fingerprints of equal shape and dtype mean equal contents. */
  readonly fingerprint: string;
}

/** Outcome of the exact shuffle test of a small matrix, see server/statistics/shuffle-test.ts. */
export interface ShuffleTest {
  /** Number of shuffles. */
  readonly draws: number;
  /** (1 + #{T_b ≥ T}) / (B + 1) for each statistic. */
  readonly pValues: Readonly<Record<string, number>>;
}

/** What the GPU process tells about one matrix. */
export interface Measurement {
  readonly entries: EntryStatistics;
  /** min(rows, columns) values, descending; empty when an entry is not finite. */
  readonly singularValues: Float64Array;
  /** For matrices whose smaller side is below 32. */
  readonly shuffle: ShuffleTest | null;
}

/** How far the entries of each singular vector are from normal ones: √n·D of the Kolmogorov–Smirnov test, n its length. */
export interface VectorStatistics {
  /** The lengths that the vectors give, descending: as accurate as the singular values, for checks. */
  readonly singularValues: Float64Array;
  /** Of the left singular vectors, in the order of the singular values; NaN where a value is zero to rounding. */
  readonly left: Float64Array;
  /** Of the right ones. */
  readonly right: Float64Array;
  readonly localisation: { readonly left: LocalisationStatistics; readonly right: LocalisationStatistics };
}

/** How concentrated singular vectors are, in the order of the values; NaN where a value is zero to rounding. */
export interface LocalisationStatistics {
  /** max |vᵢ| of a vector of length 1. */
  readonly largest: Float64Array;
  /** Σ vᵢ⁴: 1 for a single entry, 1/n for entries of one size. */
  readonly inverseParticipation: Float64Array;
}

/** A matrix in a product, with the side of it that the product sums over. */
export interface Factor {
  readonly source: MatrixSource;
  readonly shared: "rows" | "columns";
}

/**
 * The product of two matrices that share a side: with `left` as m × h and `right` as h × n, left·right. Of a query and a
 * key head, h × m and h × n in their files, both share their rows: W_QᵀW_K. Of LoRA's B, m × r, the columns are shared and
 * of A, r × n, the rows: B·A.
 */
export interface ProductSource {
  readonly left: Factor;
  readonly right: Factor;
}

export interface ProductMeasurement {
  /** min(m, h, n) values, descending: those beyond are zero. Empty when an entry of a factor is not finite. */
  readonly singularValues: Float64Array;
}
