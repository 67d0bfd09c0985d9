import type { MatrixView } from "../architecture/architecture.ts";
import type { Role } from "../architecture/role.ts";
import type { Metrics } from "../spectrum/metrics.ts";
import { numericalRank } from "../spectrum/numerical-rank.ts";
import { nonzeroPart } from "../spectrum/nonzero-part.ts";
import { sides } from "../spectrum/shape.ts";
import type { Grade } from "../spectrum/verdict.ts";
import type { Analysis } from "../worker-protocol.ts";

/** What of one analysis stays in memory beside its metrics: enough to compare matrices with each other. Spectra stay on disk. */
export interface MatrixSummary {
  readonly id: string;
  readonly tensor: string;
  readonly role: Role;
  readonly block: string;
  readonly layer: number | null;
  readonly expert: number | null;
  readonly rows: number;
  readonly columns: number;
  readonly zeroRows: number;
  readonly zeroColumns: number;
  /** See server/spectrum/numerical-rank.ts; null where there is no spectrum. */
  readonly rank: number | null;
  /** The most that the rank could be, rows and columns of zeros left out. */
  readonly fullRank: number;
}

/** A summary with the grade, which other matrices (an original of the same contents) can change. */
export interface GradedMatrix extends MatrixSummary {
  readonly grade: Grade;
}

/** A graded matrix with its metrics, which the metric table keeps. */
export interface JudgedMatrix extends GradedMatrix {
  readonly metrics: Metrics;
  readonly noise: Metrics;
}

export function summaryOf(matrix: MatrixView, { measurement }: Analysis): MatrixSummary {
  const { id, tensor, description, rows, columns } = matrix;
  const { entries, singularValues } = measurement;
  const part = nonzeroPart(entries, { rows, columns }, singularValues);
  return {
    id,
    tensor: tensor.name,
    role: description.role,
    block: description.block,
    layer: description.layer,
    expert: matrix.expert ?? description.expert,
    rows,
    columns,
    zeroRows: entries.zeroRows,
    zeroColumns: entries.zeroColumns,
    rank: singularValues.length === 0 ? null : numericalRank(part.singularValues, part.shape, tensor.dtype),
    fullRank: sides(part.shape).m,
  };
}
