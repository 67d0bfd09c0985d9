import { endianness } from "node:os";
import type { MetricColumn } from "../protocol.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";

/** One metric of every matrix, in the form that travels to the views. */
export function metricColumn(analysis: CheckpointAnalysis, metric: MetricKey): MetricColumn {
  const values: number[] = [];
  const noise: number[] = [];
  for (const { name } of analysis.catalogue.tensors) {
    for (const { id } of analysis.matricesOf(name)) {
      const entry = analysis.metric(id, metric);
      values.push(entry.value);
      noise.push(entry.noise);
    }
  }
  return { values: base64(values), noise: base64(noise) };
}

function base64(numbers: readonly number[]): string {
  const bytes = Buffer.from(Float32Array.from(numbers).buffer);
  return (endianness() === "LE" ? bytes : bytes.swap32()).toString("base64");
}
