import type { MetricColumn } from "../protocol.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import { base64Floats } from "./floats.ts";

/** One metric of every matrix, in the form that travels to the views. */
export function metricColumn(analysis: CheckpointAnalysis, metric: MetricKey): MetricColumn {
  const { values, noise } = analysis.column(metric);
  return { values: base64Floats(values), noise: base64Floats(noise) };
}

/** Numbers beside their noise values, as they travel. */
export function encodeColumn(entries: readonly { readonly value: number; readonly noise: number }[]): MetricColumn {
  return {
    values: base64Floats(entries.map(({ value }) => value)),
    noise: base64Floats(entries.map(({ noise }) => noise)),
  };
}
