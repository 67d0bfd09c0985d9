import { t } from "../text/l10n.ts";
import type { Grade } from "./verdict.ts";

const labels: Readonly<Record<Grade, () => string>> = {
  random: () => t("random"),
  "near-random": () => t("near random"),
  "partly-learned": () => t("partly learned"),
  learned: () => t("learned"),
  zero: () => t("zero"),
  constant: () => t("constant"),
  orthogonal: () => t("orthogonal"),
  identity: () => t("identity"),
  "non-finite": () => t("non-finite"),
  duplicate: () => t("duplicate"),
  "too-small": () => t("too small"),
  unsupported: () => t("unsupported"),
};

/** A grade as a person reads it; reports for machines have the grade itself. */
export function gradeLabel(grade: Grade): string {
  return labels[grade]();
}
