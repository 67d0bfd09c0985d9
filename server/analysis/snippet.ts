import type { MatrixView } from "../architecture/architecture.ts";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { t } from "../text/l10n.ts";
import { isReadable, pythonSnippet, type SnippetMatrix } from "../text/python.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";

/** A figure of more lines than this tells nothing any more. */
const most = 128;

/**
 * A Python program that reads matrices, heads or parts from their files and draws their spectra.
 * @throws where there is nothing that it could read, in one sentence
 */
export function snippetOf(analysis: CheckpointAnalysis, ids: readonly string[]): string {
  const views = analysis.select(ids);
  const matrices = views.slice(0, most).flatMap((view) => matrixOf(analysis, view) ?? []);
  if (matrices.length === 0) throw new Error(t("A short program cannot read these numbers."));
  return pythonSnippet(matrices);
}

/** Null where the entries take more than a dtype to be read. */
function matrixOf({ checkpoint }: CheckpointAnalysis, view: MatrixView): SnippetMatrix | null {
  const { id, tensor, rows, columns, pitch = columns, description, quantisation } = view;
  const file = checkpoint.files[tensor.file];
  const isPlain = quantisation === undefined && isReadable(tensor.dtype);
  if (file === undefined || description.unsupported !== null || !isPlain) return null;
  const offset = ((view.begin - tensor.begin) * 8) / dtypeBits[tensor.dtype];
  const entries = tensor.shape.reduce((product, side) => product * side, 1);
  return {
    label: id,
    path: file.realPath,
    tensor: tensor.name,
    dtype: tensor.dtype,
    pitch,
    firstRow: Math.floor(offset / pitch),
    firstColumn: offset % pitch,
    rows,
    columns,
    allRows: entries / pitch,
  };
}
