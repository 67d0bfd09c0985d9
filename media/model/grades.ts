/** How a grade is said and drawn, everywhere in the editor: the word carries it, shape and colour only help. */
import { grades, type Grade } from "../../server/spectrum/verdict.ts";
import type { IconName } from "../ui/icons.ts";

export type Tone = "error" | "warning" | "information" | "good" | "quiet";

export interface GradePresentation {
  readonly label: string;
  readonly tone: Tone;
  readonly icon: IconName;
  /** What the grade means, in one sentence. */
  readonly meaning: string;
}

export const gradePresentations: Readonly<Record<Grade, GradePresentation>> = {
  "non-finite": {
    label: "non-finite",
    tone: "error",
    icon: "error",
    meaning: "Some entries are NaN or infinite, so that the matrix has no spectrum.",
  },
  random: {
    label: "random",
    tone: "warning",
    icon: "warning",
    meaning: "No test can tell this matrix from independent random entries: it may never have been trained.",
  },
  zero: { label: "zero", tone: "warning", icon: "warning", meaning: "Every entry is zero." },
  constant: { label: "constant", tone: "warning", icon: "warning", meaning: "Every entry has the same value." },
  duplicate: {
    label: "duplicate",
    tone: "warning",
    icon: "warning",
    meaning: "The same bytes are stored under another name as well.",
  },
  "near-random": {
    label: "near random",
    tone: "information",
    icon: "grade-dotted",
    meaning: "It differs from noise measurably, but hardly.",
  },
  "partly-learned": {
    label: "partly learned",
    tone: "good",
    icon: "grade-half",
    meaning: "The bulk of the spectrum is still noise; some directions stand out of it.",
  },
  learned: {
    label: "learned",
    tone: "good",
    icon: "grade-full",
    meaning: "The spectrum as a whole is unlike that of noise.",
  },
  orthogonal: {
    label: "orthogonal",
    tone: "quiet",
    icon: "grade-square",
    meaning: "All singular values are equal, as orthogonal initialisation leaves them.",
  },
  identity: { label: "identity", tone: "quiet", icon: "grade-square", meaning: "It is exactly the identity matrix." },
  unsupported: {
    label: "unsupported",
    tone: "quiet",
    icon: "grade-dash",
    meaning: "The numbers cannot be read as a matrix of weights.",
  },
  "too-small": {
    label: "too small",
    tone: "quiet",
    icon: "grade-dash",
    meaning: "There are too few entries to tell it from noise.",
  },
};

/** Grades from what deserves attention most to what deserves it least: the order of every list, and of "the worst of". */
export const gradesByAttention: readonly Grade[] = Object.keys(gradePresentations).filter((grade): grade is Grade =>
  (grades as readonly string[]).includes(grade),
);

const ranks = new Map(gradesByAttention.map((grade, rank) => [grade, rank]));

/** Position in {@link gradesByAttention}. */
export function attentionRank(grade: Grade): number {
  return ranks.get(grade) ?? gradesByAttention.length;
}

/** Whether a matrix of this grade is listed as a finding. */
export function isFinding(grade: Grade): boolean {
  const { tone } = gradePresentations[grade];
  return tone === "error" || tone === "warning" || tone === "information";
}
