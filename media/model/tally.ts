import type { Grade } from "../../server/spectrum/verdict.ts";
import { attentionRank, gradesByAttention } from "./grades.ts";

/** Counts of grades over some matrices, kept while results come in. */
export class Tally {
  /** By rank; null while nothing is graded: there may be tens of thousands of groups. */
  #counts: Uint32Array | null = null;
  #total = 0;
  #graded = 0;

  /** Matrices, with a result or without. */
  get total(): number {
    return this.#total;
  }

  /** Matrices that have a result. */
  get graded(): number {
    return this.#graded;
  }

  expect(matrices: number): void {
    this.#total += matrices;
  }

  count(grade: Grade): number {
    return this.#counts?.[attentionRank(grade)] ?? 0;
  }

  /** A matrix got its first grade (`before` null) or another one. */
  change(before: Grade | null, after: Grade): void {
    this.#counts ??= new Uint32Array(gradesByAttention.length);
    if (before === null) this.#graded += 1;
    else this.#counts[attentionRank(before)]! -= 1;
    this.#counts[attentionRank(after)]! += 1;
  }

  /** The grade that deserves attention most; null while there is none. */
  get worst(): Grade | null {
    return gradesByAttention[this.#counts?.findIndex((count) => count > 0) ?? -1] ?? null;
  }

  /** Grades that occur with their counts, what deserves attention first. */
  entries(): { readonly grade: Grade; readonly count: number }[] {
    return gradesByAttention.map((grade) => ({ grade, count: this.count(grade) })).filter(({ count }) => count > 0);
  }
}
