import { t } from "../text/l10n.ts";
import type { CheckpointProblem } from "../checkpoint/checkpoint.ts";
import type { MatrixResult, Problem, Severity } from "../protocol.ts";
import { isExpectedGrade } from "../spectrum/expected-grade.ts";
import type { Grade } from "../spectrum/verdict.ts";
import { shortened } from "../text/format.ts";
import { checkpointFindingSeverities, type CheckpointFinding } from "./checkpoint-findings.ts";
import { matrixFindingSeverities, type MatrixFinding } from "./matrix-findings.ts";

/** How loud a grade is by default; a grade that is not here is no finding. */
export const gradeSeverities: Readonly<Partial<Record<Grade, Severity>>> = {
  "non-finite": "error",
  random: "warning",
  zero: "warning",
  constant: "warning",
  duplicate: "warning",
  "near-random": "information",
  orthogonal: "information",
  identity: "information",
};

/** How loud the other findings are by default, but for those of the files, which bring their severity. */
export const findingSeverities: Readonly<Record<OtherCode, Severity>> = {
  ...matrixFindingSeverities,
  ...checkpointFindingSeverities,
  "missing-expected": "error",
};

type OtherCode = MatrixFinding["code"] | CheckpointFinding["code"] | "missing-expected";

/** A problem with the file that it is about. */
export interface Finding extends Problem {
  readonly path: string;
  /** Where in the file, in bytes from its start, where it is known. */
  readonly byteOffset?: number;
}

/** What a grade says as a finding on its matrix, at its usual severity; null when it is none. */
export function gradeFinding(matrix: MatrixResult): Problem | null {
  const severity = isExpectedGrade(matrix.role, matrix.grade) ? undefined : gradeSeverities[matrix.grade];
  if (severity === undefined) {
    return null;
  }
  const message = t("{0} {1}: {2}.", shortened(matrix.id), gradePhrase(matrix.grade), matrix.reason);
  return { code: matrix.grade, severity, tensor: matrix.tensor, head: null, message };
}

/** A finding beyond grades as a problem, at its usual severity. */
export function otherFinding(code: OtherCode, tensor: string | null, message: string): Problem {
  return { code, severity: findingSeverities[code], tensor, head: null, message };
}

/** A problem of the files themselves as a finding. */
export function fileFinding({ code, severity, tensor, message, path, byteOffset }: CheckpointProblem): Finding {
  const place = byteOffset === undefined ? {} : { byteOffset };
  return { code, severity, tensor: tensor ?? null, head: null, message, path, ...place };
}

const phrases: Readonly<Record<Grade, () => string>> = {
  random: () => t("looks randomly initialised"),
  "near-random": () => t("is close to random initialisation"),
  "partly-learned": () => t("is noise with a few learned directions"),
  learned: () => t("is learned"),
  zero: () => t("is zero throughout"),
  constant: () => t("holds one value throughout"),
  orthogonal: () => t("is orthogonal"),
  identity: () => t("is an identity matrix"),
  "non-finite": () => t("holds values that are not finite"),
  duplicate: () => t("is a copy"),
  "too-small": () => t("is too small to judge"),
  unsupported: () => t("cannot be analysed"),
};

/** A grade as the predicate of a sentence about a tensor. */
export function gradePhrase(grade: Grade): string {
  return phrases[grade]();
}

const loudness: Readonly<Record<Severity, number>> = { information: 1, warning: 2, error: 3 };

/** Whether a severity is at or above another. */
export function atLeast(severity: Severity, threshold: Severity): boolean {
  return loudness[severity] >= loudness[threshold];
}
