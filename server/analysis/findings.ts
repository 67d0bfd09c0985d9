import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { MatrixResult, Problem, Severity } from "../protocol.ts";
import type { Grade } from "../spectrum/verdict.ts";

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

/** Severities that a person chose, by code: a {@link Severity}, or "off". */
export type SeverityOverrides = Readonly<Record<string, Severity | "off">>;

/** The severity of a code after the person's choice; null when it is silenced. */
export function severityOf(code: string, byDefault: Severity, overrides: SeverityOverrides): Severity | null {
  const chosen = Object.hasOwn(overrides, code) ? overrides[code] : undefined;
  return chosen === "off" ? null : (chosen ?? byDefault);
}

/** What a grade says as a problem of its matrix; null when it is no finding. */
export function findingOf(matrix: MatrixResult, overrides: SeverityOverrides): Problem | null {
  const byDefault = isExpected(matrix) ? undefined : gradeSeverities[matrix.grade];
  const severity = byDefault === undefined ? null : severityOf(matrix.grade, byDefault, overrides);
  if (severity === null) {
    return null;
  }
  return {
    code: matrix.grade,
    severity,
    tensor: matrix.tensor,
    head: null,
    message: `${matrix.id} ${gradePhrases[matrix.grade]}: ${matrix.reason}.`,
  };
}

/**
 * A low-rank adapter begins with a random A and a zero B. A stays close to where it began even in good training, and a B
 * that is not zero was trained, however little structure eight columns can show.
 */
function isExpected({ role, grade }: MatrixResult): boolean {
  return (role === "lora-a" || role === "lora-b") && (grade === "random" || grade === "near-random");
}

/** The problems of the files themselves, as findings. */
export function fileFindings(checkpoint: Checkpoint, overrides: SeverityOverrides): Problem[] {
  return checkpoint.problems.flatMap((problem) => {
    const severity = severityOf(problem.code, problem.severity, overrides);
    return severity === null
      ? []
      : [{ code: problem.code, severity, tensor: problem.tensor ?? null, head: null, message: problem.message }];
  });
}

/** A grade as the predicate of a sentence about a tensor. */
export const gradePhrases: Readonly<Record<Grade, string>> = {
  random: "looks randomly initialised",
  "near-random": "is close to random initialisation",
  "partly-learned": "is noise with a few learned directions",
  learned: "is learned",
  zero: "is zero throughout",
  constant: "holds one value throughout",
  orthogonal: "is orthogonal",
  identity: "is an identity matrix",
  "non-finite": "holds values that are not finite",
  duplicate: "is a copy",
  "too-small": "is too small to judge",
  unsupported: "cannot be analysed",
};

const loudness: Readonly<Record<Severity, number>> = { information: 1, warning: 2, error: 3 };

/** Whether a severity is at or above another. */
export function atLeast(severity: Severity, threshold: Severity): boolean {
  return loudness[severity] >= loudness[threshold];
}
