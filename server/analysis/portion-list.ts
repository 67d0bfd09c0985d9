import type { MatrixView } from "../architecture/architecture.ts";
import { groupBy } from "../collections/group-by.ts";
import type { HeadGroup, MetricColumn, PortionList } from "../protocol.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import { encodeColumn } from "./metric-column.ts";

/**
 * The heads and parts of a checkpoint, in the form that travels to the views.
 * @param estimate about how long matrices take, in seconds
 */
export function portionList(
  analysis: CheckpointAnalysis,
  estimate: (matrices: readonly MatrixView[]) => number,
): PortionList {
  const { heads, parts } = analysis.portions;
  return {
    heads: headGroups(analysis),
    parts: parts.map(({ id, tensor, part, expert, rows, columns }) => ({
      ...{ id, tensor: tensor.name, role: part, expert, rows, columns },
    })),
    estimatedSeconds: estimate(heads.filter(({ id }) => analysis.result(id) === null)),
  };
}

/** One metric of every head, in the order of the list. */
export function headColumn(analysis: CheckpointAnalysis, metric: MetricKey): MetricColumn {
  return encodeColumn(headGroups(analysis).flatMap(({ ids }) => ids.map((id) => analysis.metric(id, metric))));
}

function headGroups({ portions }: CheckpointAnalysis): HeadGroup[] {
  const groups = groupBy(portions.heads, ({ tensor, description }) => `${description.role} ${tensor.name}`);
  return [...groups.values()].map((heads) => {
    const { tensor, description, basis, rows, columns } = heads[0]!;
    const { role, block, layer } = description;
    return { ...{ tensor: tensor.name, role, block, layer, basis, rows, columns }, ids: heads.map(({ id }) => id) };
  });
}
