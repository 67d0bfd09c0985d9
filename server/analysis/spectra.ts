import type { MatrixSpectrum } from "../protocol.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import { base64Floats } from "./floats.ts";

/** No view draws more than so many at once. */
const most = 1024;

/**
 * The spectra of several matrices in the form that travels to the views, in the order they were asked for; those without
 * a result are left out.
 * @param points so many values of each, evenly chosen from the first to the last; null for all
 */
export async function matrixSpectra(
  analysis: Pick<CheckpointAnalysis, "detail">,
  ids: readonly string[],
  points: number | null,
): Promise<MatrixSpectrum[]> {
  const spectra: MatrixSpectrum[] = [];
  for (const id of ids.slice(0, most)) {
    const detail = await analysis.detail(id);
    if (detail === null) continue;
    const { tensor, role, layer, head = null, rows, columns, grade, singularValues, metrics, noise } = detail;
    const values = evenly(singularValues, points).map((value) => value ?? NaN);
    const count = singularValues.length;
    spectra.push({
      ...{ id, tensor, role, layer, head, rows, columns, grade, count, metrics, noise },
      values: base64Floats(values),
    });
  }
  return spectra;
}

/** `points` of the values, the first and the last among them; all where they are no more. */
function evenly<Value>(values: readonly Value[], points: number | null): readonly Value[] {
  if (points === null || values.length <= points) return values;
  const step = (values.length - 1) / Math.max(1, points - 1);
  return Array.from({ length: Math.max(1, points) }, (_, index) => values[Math.round(index * step)]!);
}
