/** A metric over a checkpoint in words. */
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { formatFactor, formatNumber } from "../ui/format.ts";
import { visibleText } from "../ui/text.ts";
import type { Measure, RoleRow } from "./across.ts";
import { formatMetric } from "./metric-texts.ts";

/** What a row is called: its role, and its stack of blocks where there are several. */
export function rowLabel({ role, stack }: Pick<RoleRow, "role" | "stack">): string {
  return stack === "" ? role : `${role} · ${visibleText(stack, 40)}`;
}

/** A metric or its ratio to noise; `–` for NaN. */
export function formatMeasure(metric: MetricKey, measure: Measure, value: number): string {
  if (Number.isNaN(value)) return formatNumber(null);
  return measure === "ratio" ? formatFactor(value) : formatMetric(metric, value);
}
