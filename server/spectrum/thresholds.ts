/** Where the line between grades is drawn: what a person may choose of the verdict (server/spectrum/decide.ts). */
export interface Thresholds {
  /** A matrix is random unless a test rejects that at this p. */
  readonly significance: number;
  /** How far the participation ratio of a near-random matrix may be from noise's, as a share of it. */
  readonly participation: number;
  /** The most energy, as a share, that a near-random matrix has beyond noise's extreme values. */
  readonly energy: number;
  /** The most that the bulk of a near-random matrix is off, in units of what noise reaches once in a hundred matrices. */
  readonly bulk: number;
}

/** What docs/calibration.md is measured with. */
export const defaultThresholds: Thresholds = { significance: 0.01, participation: 0.02, energy: 0.01, bulk: 3 };

/** What each may be. */
export const thresholdRanges: Readonly<Record<keyof Thresholds, readonly [least: number, most: number]>> = {
  significance: [1e-12, 0.5],
  participation: [0, 1],
  energy: [0, 1],
  bulk: [0, 100],
};
