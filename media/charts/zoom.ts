/** Looking closer at a part of a chart: drag or Ctrl and the wheel to zoom, Shift and drag to move, and all of it by keyboard. */
import { t } from "../../server/text/l10n.ts";
import type { Chart, Point } from "chart.js";
import ZoomPlugin from "chartjs-plugin-zoom";
import type { ChartColors } from "../ui/theme.ts";
import type { PlotConfiguration } from "./plot.ts";

type Plotted = Chart<"bar" | "line", Point[]>;

export type Ranges = Readonly<Record<string, { readonly min: number; readonly max: number }>>;

/** A configuration with which one can look closer. @param changed called when another part is in view */
export function zoomable(
  configuration: PlotConfiguration,
  colors: ChartColors,
  changed: () => void,
): PlotConfiguration {
  const { options = {}, plugins = [] } = configuration;
  const original = { min: "original", max: "original" } as const;
  return {
    ...configuration,
    plugins: [...plugins, ZoomPlugin],
    options: {
      ...options,
      plugins: {
        ...options.plugins,
        zoom: {
          limits: { x: original, y: original },
          zoom: {
            mode: "xy",
            wheel: { enabled: true, modifierKey: "ctrl" },
            drag: {
              enabled: true,
              threshold: 6,
              backgroundColor: colors.band,
              borderColor: colors.edge,
              borderWidth: 1,
            },
            onZoomComplete: changed,
          },
          pan: { enabled: true, mode: "xy", modifierKey: "shift", onPanComplete: changed },
        },
      },
    },
  };
}

/** What is in view of each axis; null where that is all. */
export function rangesOf(chart: Plotted): Ranges | null {
  if (!chart.isZoomedOrPanned()) return null;
  return Object.fromEntries(Object.entries(chart.scales).map(([id, { min, max }]) => [id, { min, max }]));
}

export function showRanges(chart: Plotted, ranges: Ranges): void {
  for (const [id, range] of Object.entries(ranges)) chart.zoomScale(id, range, "none");
}

/** What the keys say when they act on a chart. */
export function zoomHelp(): string {
  return t(
    "Left and right arrow read the values, up and down change the line, plus and minus zoom, Shift and arrows move, 0 shows all.",
  );
}

/**
 * Does what a key stands for.
 * @param say tells assistive technology the value that is read
 * @returns false for a key that means nothing here
 */
export function chartKey(chart: Plotted, event: KeyboardEvent, say: (text: string) => void): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const { key } = event;
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  if (step !== undefined && event.shiftKey) {
    const { width, height } = chart.chartArea;
    chart.pan({ x: (-step[0]! * width) / 10, y: (-step[1]! * height) / 10 }, undefined, "none");
    return true;
  }
  if (step !== undefined) {
    const text = readNext(chart, step[0]!, step[1]!);
    if (text !== null) say(text);
    return true;
  }
  if (key === "+" || key === "=") chart.zoom(1.25, "none");
  else if (key === "-") chart.zoom(0.8, "none");
  else if (key === "0") chart.resetZoom("none");
  else return false;
  return true;
}

/** Moves the read-out along a line, or to another line. */
function readNext(chart: Plotted, along: number, across: number): string | null {
  const { tooltip } = chart;
  if (tooltip === undefined) return null;
  const active = tooltip.getActiveElements()[0];
  const sets = chart.data.datasets
    .map((dataset, index) => ({ dataset, index }))
    .filter(({ dataset }) => dataset.data.length > 0 && !("pointHitRadius" in dataset && dataset.pointHitRadius === 0));
  if (sets.length === 0) return null;
  const at = Math.max(
    0,
    sets.findIndex(({ index }) => index === active?.datasetIndex),
  );
  const { dataset, index: datasetIndex } = sets[(at + across + sets.length) % sets.length]!;
  const last = dataset.data.length - 1;
  const index = active === undefined ? 0 : Math.max(0, Math.min(last, active.index + along));
  const element = chart.getDatasetMeta(datasetIndex).data[index];
  if (element === undefined) return null;
  chart.setActiveElements([{ datasetIndex, index }]);
  tooltip.setActiveElements([{ datasetIndex, index }], { x: element.x, y: element.y });
  chart.draw();
  return tooltip.body.flatMap(({ lines }) => lines).join(", ");
}
