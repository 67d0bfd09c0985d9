/** What a chart shows, apart from the element that shows it: its data, words, numbers and axes. */
import type { ChartConfiguration, ChartOptions, Point, Scale } from "chart.js";
import type { Role } from "../../server/architecture/role.ts";
import type { NumberTable } from "../../server/text/csv.ts";
import { languageTag } from "../../server/text/l10n.ts";
import { formatNumber } from "../ui/format.ts";
import type { DataTable } from "../ui/table.ts";
import type { ChartColors } from "../ui/theme.ts";

export type PlotConfiguration = ChartConfiguration<"bar" | "line", Point[]>;
export type PlotOptions = ChartOptions<"bar" | "line">;

export interface LegendEntry {
  readonly label: string;
  /** A colour of its own, for what is no series that is the same everywhere. */
  readonly color?: string;
  readonly series?: "bulk" | "outlier" | "noise" | "edge" | `role-${Role}`;
  readonly shape: "bar" | "line" | "dashes" | "point" | "band";
}

export interface LegendScale {
  readonly from: string;
  readonly to: string;
  /** A CSS image. */
  readonly gradient: string;
  /** At its ends. */
  readonly colors: readonly [from: string, to: string];
}

/** What a chart shows, with its words and its numbers. */
export interface Plot {
  readonly configuration: (colors: ChartColors) => PlotConfiguration;
  /** One sentence that tells what can be seen. */
  readonly description: string;
  readonly legend: readonly LegendEntry[];
  /** What the colours of many lines stand for, from the first to the last. */
  readonly scale?: (colors: ChartColors) => LegendScale;
  readonly table: DataTable;
  /** All the numbers, exactly, for a file. */
  readonly numbers: () => NumberTable;
  readonly note?: string;
}

export interface AxisOptions {
  readonly title: string;
  readonly logarithmic?: boolean;
  /** Nothing lies between whole numbers: layers, indices. */
  readonly whole?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** 1, 2 and 5 of each decade where they are few, else whole decades, and of many decades every second, third, … */
function logarithmicTicks(minimum: number, maximum: number): { value: number }[] {
  const first = Math.floor(Math.log10(minimum));
  const last = Math.ceil(Math.log10(maximum));
  const stride = Math.ceil((last - first) / 8);
  const ticks: { value: number }[] = [];
  for (let decade = first; decade <= last; decade += stride) {
    for (const digit of last - first <= 3 ? [1, 2, 5] : [1]) {
      const value = Number(`${digit}e${decade}`);
      if (value >= minimum && value <= maximum) ticks.push({ value });
    }
  }
  return ticks;
}

/** An axis in the theme's colours, its ticks as people write numbers. */
function axis(
  { title, logarithmic = false, whole = false, minimum, maximum }: AxisOptions,
  colors: ChartColors,
  lines: boolean,
) {
  const font = { family: colors.fontFamily, size: colors.fontSize };
  return {
    type: logarithmic ? ("logarithmic" as const) : ("linear" as const),
    ...(minimum === undefined ? {} : { min: minimum }),
    ...(maximum === undefined ? {} : { max: maximum }),
    offset: false,
    border: { color: colors.grid },
    grid: { display: lines, color: colors.grid, tickColor: colors.grid, offset: false },
    afterBuildTicks: (scale: Scale) => {
      if (logarithmic) scale.ticks = logarithmicTicks(scale.min, scale.max);
    },
    ticks: {
      color: colors.muted,
      font,
      maxRotation: 0,
      autoSkip: !logarithmic,
      autoSkipPadding: 16,
      includeBounds: false,
      maxTicksLimit: 8,
      ...(whole ? { precision: 0 } : {}),
      callback: (value: number | string): string => formatTick(Number(value)),
    },
    title: { display: true, text: title, color: colors.muted, font, padding: 2 },
  };
}

/** A round number without the zeros that three digits would add. */
function formatTick(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-3)) return formatNumber(value);
  return Number(value.toPrecision(6)).toLocaleString(languageTag(), { maximumFractionDigits: 6 });
}

/** Options every chart shares: no animation, theme colours, a read-out that follows the pointer. */
export function plotOptions(
  x: AxisOptions,
  y: AxisOptions,
  colors: ChartColors,
  tooltip: (seriesIndex: number, dataIndex: number) => string | string[],
): PlotOptions {
  return {
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    normalized: true,
    layout: { padding: { top: 22, right: 8 } },
    interaction: { mode: "nearest", axis: "x", intersect: false },
    scales: { x: axis(x, colors, false), y: axis(y, colors, true) },
    plugins: {
      tooltip: {
        displayColors: false,
        backgroundColor: colors.tooltipBackground,
        titleColor: colors.tooltipForeground,
        bodyColor: colors.tooltipForeground,
        borderColor: colors.tooltipBorder,
        borderWidth: 1,
        cornerRadius: 3,
        caretSize: 4,
        padding: 8,
        titleFont: { family: colors.fontFamily, size: colors.fontSize },
        bodyFont: { family: colors.fontFamily, size: colors.fontSize },
        // The lines are read off the bars and points: they have no read-out of their own.
        filter: (item, _index, items) => item === items[0],
        callbacks: {
          title: () => "",
          label: (item) => tooltip(item.datasetIndex, item.dataIndex),
        },
      },
    },
  };
}

type LineDataset = PlotConfiguration["data"]["datasets"][number] & { type: "line" };

/** The line that a chart is about, read out where one points. */
export function mainLine(data: Point[], color: string): LineDataset {
  return {
    type: "line",
    data,
    borderColor: color,
    borderWidth: 2,
    pointRadius: 0,
    pointHoverRadius: 4,
    pointHoverBackgroundColor: color,
    order: 2,
  };
}

/** A dashed line to hold others against, such as what noise would give; it has no read-out of its own. */
export function referenceLine(data: Point[], color: string): LineDataset {
  return {
    type: "line",
    data,
    borderColor: color,
    borderWidth: 1.5,
    borderDash: [5, 3],
    pointRadius: 0,
    pointHitRadius: 0,
    pointHoverRadius: 0,
    order: 3,
  };
}
