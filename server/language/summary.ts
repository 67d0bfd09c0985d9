import { plural, t } from "../text/l10n.ts";
import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { CatalogueTensor } from "../protocol.ts";
import { gradeLabel } from "../spectrum/grade-label.ts";
import { grades, type Grade } from "../spectrum/verdict.ts";
import { formatNumber } from "../text/format.ts";

/**
 * What is known of a tensor in half a line: `learned · 75 outliers · rank 90 %: 132 of 384`; of a stack, how its slices
 * were graded. Null while nothing is known. It holds no text out of a file.
 */
export function tensorSummary(analysis: CheckpointAnalysis, tensor: CatalogueTensor): string | null {
  const matrices = analysis.matricesOf(tensor.name);
  const [matrix] = matrices;
  if (matrix === undefined) {
    return null;
  }
  if (matrices.length > 1) {
    const counts = gradeCounts(analysis, [tensor]);
    return counts === "" ? null : plural(matrices.length, "{0} slice: {1}", "{0} slices: {1}", counts);
  }
  const result = analysis.result(matrix.id);
  if (result === null) {
    return null;
  }
  const parts = [gradeLabel(result.grade)];
  const outliers = analysis.metric(matrix.id, "outliersRight").value;
  const rank = analysis.metric(matrix.id, "energy90").value;
  if (outliers > 0) {
    parts.push(plural(outliers, "{0} outlier", "{0} outliers"));
  }
  if (rank > 0) {
    parts.push(t("rank 90 %: {0} of {1}", rank, Math.min(matrix.rows, matrix.columns)));
  }
  return parts.join(" · ");
}

/**
 * What is known of many tensors: `7 learned, 2 random · rank 90 %: 34 % of the directions, noise 51 %` (the medians over
 * the matrices). Empty while nothing is known.
 */
export function groupSummary(analysis: CheckpointAnalysis, tensors: readonly CatalogueTensor[]): string {
  const shares: number[] = [];
  const expected: number[] = [];
  for (const { name } of tensors) {
    for (const { id, rows, columns } of analysis.matricesOf(name)) {
      const { value, noise } = analysis.metric(id, "energy90");
      if (value > 0 && noise > 0) {
        shares.push(value / Math.min(rows, columns));
        expected.push(noise / Math.min(rows, columns));
      }
    }
  }
  const parts = [gradeCounts(analysis, tensors)];
  if (shares.length > 0) {
    parts.push(t("rank 90 %: {0} of the directions, noise {1}", percent(median(shares)), percent(median(expected))));
  }
  return parts.filter((part) => part !== "").join(" · ");
}

/** How the attention heads of a tensor were graded; empty where none of them is known. */
export function headSummary(analysis: CheckpointAnalysis, { name }: CatalogueTensor): string {
  return countsOf(analysis.judgedHeads.flatMap(({ tensor, grade }) => (tensor === name ? [grade] : [])));
}

/** `5 learned, 2 random`, the most frequent grade first. */
function gradeCounts(analysis: CheckpointAnalysis, tensors: readonly CatalogueTensor[]): string {
  return countsOf(
    tensors.flatMap(({ name }) => analysis.matricesOf(name).flatMap(({ id }) => analysis.result(id)?.grade ?? [])),
  );
}

function countsOf(found: readonly Grade[]): string {
  const counts = new Map<Grade, number>();
  for (const grade of found) {
    counts.set(grade, (counts.get(grade) ?? 0) + 1);
  }
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || grades.indexOf(a) - grades.indexOf(b))
    .map(([grade, count]) => `${count} ${gradeLabel(grade)}`)
    .join(", ");
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) / 2)] ?? NaN;
}

function percent(share: number): string {
  return `${formatNumber(Math.round(100 * share))} %`;
}
