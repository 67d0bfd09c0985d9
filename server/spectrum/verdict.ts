export const grades = [
  "random",
  "near-random",
  "partly-learned",
  "learned",
  "zero",
  "constant",
  "orthogonal",
  "identity",
  "non-finite",
  "duplicate",
  "too-small",
  "unsupported",
] as const;

export type Grade = (typeof grades)[number];

/** One test of the null hypothesis that the entries are independent and identically distributed. */
export interface NoiseTest {
  readonly name: "john" | "largest" | "smallest" | "bulk" | "rows" | "columns";
  /** In the unit that `describe` names: z, Tracy–Widom units, m·D, χ² z. */
  readonly statistic: number;
  readonly pValue: number;
}

/** The one judgement of a matrix; every surface renders this. */
export interface Verdict {
  readonly grade: Grade;
  /** min(1, k · smallest p) over the k tests (Bonferroni); null where no test applies. */
  readonly pValue: number | null;
  /** One sentence of evidence. */
  readonly reason: string;
  readonly tests: readonly NoiseTest[];
}
