/** The columns that the tree can show beside the names. */
import { t } from "../../server/text/l10n.ts";
import { metricKeys, type MetricKey } from "../../server/spectrum/metrics.ts";
import { listedMetrics, metricLabel } from "./metric-texts.ts";

export const factColumns = ["role", "dtype", "shape", "parameters", "size", "spectrum", "grade"] as const;
export type FactColumn = (typeof factColumns)[number];
export type ColumnKey = FactColumn | MetricKey;

export interface TreeColumn {
  readonly key: ColumnKey;
  /** What stands over it. */
  readonly label: string;
  /** What it is called in full. */
  readonly title: string;
  /** In pixels. */
  readonly width: number;
  /** Numbers stand at the right. */
  readonly end: boolean;
  readonly sortable: boolean;
}

/** Widths of columns that a person chose, in pixels. */
export type ColumnWidths = Readonly<Partial<Record<ColumnKey, number>>>;
export const leastWidth = 32;
const mostWidth = 480;

const facts: Readonly<
  Record<FactColumn, Omit<TreeColumn, "key" | "title" | "label"> & { readonly label: () => string }>
> = {
  role: { label: () => t("Role"), width: 80, end: false, sortable: true },
  dtype: { label: () => t("Dtype"), width: 50, end: false, sortable: true },
  shape: { label: () => t("Shape"), width: 98, end: true, sortable: true },
  parameters: { label: () => t("Parameters"), width: 78, end: true, sortable: true },
  size: { label: () => t("Size"), width: 60, end: true, sortable: true },
  spectrum: { label: () => t("Spectrum"), width: 64, end: false, sortable: false },
  grade: { label: () => t("Grade"), width: 150, end: false, sortable: true },
};

export function isMetric(key: string): key is MetricKey {
  return (metricKeys as readonly string[]).includes(key);
}

export function isColumn(key: unknown): key is ColumnKey {
  return (
    typeof key === "string" && ((factColumns as readonly string[]).includes(key) || listedMetrics.has(key as never))
  );
}

/** What stands over a narrow column. */
const shortLabels: Readonly<Partial<Record<MetricKey, () => string>>> = {
  effectiveRank: () => t("Eff. rank"),
  royVetterliRank: () => t("R.-V. rank"),
  participationRatio: () => t("Particip."),
  energy60: () => t("For 60 %"),
  energy80: () => t("For 80 %"),
  energy90: () => t("For 90 %"),
  energy95: () => t("For 95 %"),
  energy99: () => t("For 99 %"),
  outliersRight: () => t("Outliers"),
  outliersLeft: () => t("Below bulk"),
  spectralNorm: () => t("Spec. norm"),
  frobeniusNorm: () => t("Frob. norm"),
  sigmaEntries: () => t("σ entries"),
  sigmaBulk: () => t("σ bulk"),
  lowerEdge: () => t("Edge s₋"),
  upperEdge: () => t("Edge s₊"),
  powerLawAlpha: () => "α",
};

export function columnOf(key: ColumnKey): TreeColumn {
  if (!isMetric(key)) {
    const label = facts[key].label();
    return { ...facts[key], key, label, title: label };
  }
  const title = metricLabel(key);
  return { key, label: shortLabels[key]?.() ?? title, title, width: 76, end: true, sortable: true };
}

/** What stands in the tree as long as nobody chose otherwise. */
export const defaultColumns: readonly ColumnKey[] = ["role", "dtype", "shape", "size", "spectrum", "grade"];

/** What gives way first where there is no room; what is not here was asked for, and stays. */
const dispensable: readonly ColumnKey[] = ["role", "size", "dtype", "spectrum", "shape"];

/** The order in which columns stand, whatever the order they were chosen in. */
function place(key: ColumnKey): number {
  if (key === "grade") return factColumns.length + metricKeys.length;
  return isMetric(key) ? factColumns.length + metricKeys.indexOf(key) : factColumns.indexOf(key);
}

const gap = 8;
/** What a name needs to be told from its neighbours, in pixels. */
export const leastName = 150;

/**
 * The columns that fit beside the names, from left to right. Where there is no room the ones that everybody sees give
 * way before those a person added.
 * @param width of the tree, in pixels
 */
export function fittingColumns(chosen: readonly ColumnKey[], width: number, widths: ColumnWidths = {}): TreeColumn[] {
  let columns = [...chosen].sort((left, right) => place(left) - place(right)).map(columnOf);
  const needed = (): number => columns.reduce((sum, column) => sum + claim(column.key, widths), leastName);
  for (const key of dispensable) {
    if (needed() <= width) break;
    columns = columns.filter((column) => column.key !== key);
  }
  return columns.map((column) => ({
    ...column,
    width: widths[column.key] ?? (column.key === "grade" ? gradeWidth(width) : column.width),
  }));
}

/** What a column takes from the width of the tree. */
function claim(key: ColumnKey, widths: ColumnWidths): number {
  return (widths[key] ?? columnOf(key).width) + gap;
}

/**
 * How wide a column may become: as long as columns may give way, none of them does. Where none may, the tree is
 * scrolled.
 * @param shown the columns that there are
 * @param width of the tree, in pixels
 */
export function roomFor(key: ColumnKey, shown: readonly TreeColumn[], width: number, widths: ColumnWidths): number {
  const own = shown.find((column) => column.key === key)?.width ?? leastWidth;
  if (!shown.some((column) => dispensable.includes(column.key))) return mostWidth;
  const others = shown.reduce((sum, column) => (column.key === key ? sum : sum + claim(column.key, widths)), leastName);
  return Math.min(mostWidth, Math.max(own, Math.floor(width - others - gap)));
}

/** A width that a column can have. */
export function clampWidth(width: number, most = mostWidth): number {
  return Math.round(Math.max(leastWidth, Math.min(most, width)));
}

/** The word is cut off before the badge goes. */
function gradeWidth(width: number): number {
  if (width <= 260) return 20;
  return width <= 390 ? 118 : width <= 480 ? 138 : facts.grade.width;
}
