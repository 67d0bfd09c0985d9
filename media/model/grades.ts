/** How a grade is said and drawn, everywhere in the editor: the word carries it, shape and colour only help. */
import { t } from "../../server/text/l10n.ts";
import { gradeLabel } from "../../server/spectrum/grade-label.ts";
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

const presentations: Readonly<Record<Grade, () => Omit<GradePresentation, "label">>> = {
  "non-finite": () => ({
    tone: "error",
    icon: "error",
    meaning: t("Some entries are NaN or infinite, so that the matrix has no spectrum."),
  }),
  random: () => ({
    tone: "warning",
    icon: "warning",
    meaning: t("No test can tell this matrix from independent random entries: it may never have been trained."),
  }),
  zero: () => ({ tone: "warning", icon: "warning", meaning: t("Every entry is zero.") }),
  constant: () => ({
    tone: "warning",
    icon: "warning",
    meaning: t("Every entry has the same value."),
  }),
  duplicate: () => ({
    tone: "warning",
    icon: "warning",
    meaning: t("The same bytes are stored under another name as well."),
  }),
  "near-random": () => ({
    tone: "information",
    icon: "grade-dotted",
    meaning: t("It differs from noise measurably, but hardly."),
  }),
  "partly-learned": () => ({
    tone: "good",
    icon: "grade-half",
    meaning: t("The bulk of the spectrum is still noise; some directions stand out of it."),
  }),
  learned: () => ({
    tone: "good",
    icon: "grade-full",
    meaning: t("The spectrum as a whole is unlike that of noise."),
  }),
  orthogonal: () => ({
    tone: "quiet",
    icon: "grade-square",
    meaning: t("All singular values are equal, as orthogonal initialisation leaves them."),
  }),
  identity: () => ({
    tone: "quiet",
    icon: "grade-square",
    meaning: t("It is exactly the identity matrix."),
  }),
  unsupported: () => ({
    tone: "quiet",
    icon: "grade-dash",
    meaning: t("The numbers cannot be read as a matrix of weights."),
  }),
  "too-small": () => ({
    tone: "quiet",
    icon: "grade-dash",
    meaning: t("There are too few entries to tell it from noise."),
  }),
};

/** How a grade is said and drawn. */
export function gradePresentation(grade: Grade): GradePresentation {
  return { label: gradeLabel(grade), ...presentations[grade]() };
}

/** Grades from what deserves attention most to what deserves it least: the order of every list, and of "the worst of". */
export const gradesByAttention: readonly Grade[] = Object.keys(presentations).filter((grade): grade is Grade =>
  (grades as readonly string[]).includes(grade),
);

const ranks = new Map(gradesByAttention.map((grade, rank) => [grade, rank]));

/** Position in {@link gradesByAttention}. */
export function attentionRank(grade: Grade): number {
  return ranks.get(grade) ?? gradesByAttention.length;
}

/** Whether a matrix of this grade is listed as a finding. */
export function isFinding(grade: Grade): boolean {
  const { tone } = gradePresentation(grade);
  return tone === "error" || tone === "warning" || tone === "information";
}
