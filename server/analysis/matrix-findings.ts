/** Findings on one matrix beyond its grade. */
import { plural, t } from "../text/l10n.ts";
import type { Severity } from "../protocol.ts";
import type { Grade } from "../spectrum/verdict.ts";
import { shortened } from "../text/format.ts";
import type { GradedMatrix } from "./summary.ts";

export interface MatrixFinding {
  readonly code: "rank-deficient" | "dead-rows" | "dead-columns";
  readonly message: string;
}

export const matrixFindingSeverities: Readonly<Record<MatrixFinding["code"], Severity>> = {
  "rank-deficient": "information",
  "dead-rows": "information",
  "dead-columns": "information",
};

/** Grades that say as much already, or of numbers that mean nothing. */
const saidAlready: ReadonlySet<Grade> = new Set<Grade>([
  "zero",
  "constant",
  "identity",
  "non-finite",
  "duplicate",
  "unsupported",
]);

/** Less than this share of the rank can be missing from a trained square matrix by chance and rounding. */
const missingShare = 0.05;

/** @returns rank that is missing, and rows or columns that are zero throughout; none for a degenerate matrix */
export function matrixFindings(matrix: GradedMatrix): MatrixFinding[] {
  const { id, rows, columns, zeroRows, zeroColumns, rank, fullRank, grade } = matrix;
  if (saidAlready.has(grade)) return [];
  const found: MatrixFinding[] = [];
  if (rank !== null && fullRank - rank >= Math.max(2, missingShare * fullRank)) {
    found.push({
      code: "rank-deficient",
      message: t(
        "{0} has rank {1} where its shape allows {2}: the other singular values are zero to rounding.",
        shortened(id),
        rank,
        fullRank,
      ),
    });
  }
  if (zeroRows > spareRows(matrix)) found.push({ code: "dead-rows", message: deadRows(id, zeroRows, rows) });
  if (zeroColumns > 0) found.push({ code: "dead-columns", message: deadColumns(id, zeroColumns, columns) });
  return found;
}

/**
 * Rows of an embedding that are zero with reason: the padding token's, and those that fill the vocabulary up to a round
 * number, less than a hundredth of it.
 */
function spareRows({ role, rows }: GradedMatrix): number {
  return role === "embedding" || role === "unembedding" ? 1 + 0.01 * rows : 0;
}

function deadRows(id: string, zero: number, all: number): string {
  return plural(
    zero,
    "{0} of the {1} rows of {2} is zero throughout.",
    "{0} of the {1} rows of {2} are zero throughout.",
    all,
    shortened(id),
  );
}

function deadColumns(id: string, zero: number, all: number): string {
  return plural(
    zero,
    "{0} of the {1} columns of {2} is zero throughout.",
    "{0} of the {1} columns of {2} are zero throughout.",
    all,
    shortened(id),
  );
}
