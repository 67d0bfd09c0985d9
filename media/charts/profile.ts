/** A metric against depth, a line for each role, with what noise would give. */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import type { Measure, RoleLayers, RoleRow } from "../model/across.ts";
import { formatMeasure, rowLabel } from "../model/across-texts.ts";
import { metricLabel } from "../model/metric-texts.ts";
import { plural } from "../ui/format.ts";
import type { ChartColors } from "../ui/theme.ts";
import { plotOptions, referenceLine, type Plot, type PlotConfiguration } from "./plot.ts";

/** Roles differ in their points as well: colours alone do not tell them apart for everybody. */
const pointStyles = ["circle", "rect", "triangle", "rectRot", "crossRot", "star", "rectRounded"] as const;
/** Beyond so many layers points would touch. */
const mostPoints = 64;

type Dataset = PlotConfiguration["data"]["datasets"][number];

export function profilePlot({ layers, rows }: RoleLayers, metric: MetricKey, measure: Measure): Plot {
  const label = metricLabel(metric);
  const title = measure === "ratio" ? t("{0} / noise", label) : label;
  const points = (row: RoleRow, of: "value" | "ratio"): { x: number; y: number }[] =>
    row.cells.map((cell, index) => ({ x: layers[index]!, y: cell?.[of] ?? NaN }));
  const band = measure === "value" ? noiseBand(layers, rows) : null;
  const noiseLine = measure === "ratio" ? layers.map((layer) => ({ x: layer, y: 1 })) : [];
  const first = layers[0] ?? 0;
  const last = layers.at(-1) ?? 0;
  return {
    description: plural(
      rows.length,
      "{1} of {0} role against depth, from layer {2} to layer {3}.",
      "{1} of {0} roles against depth, from layer {2} to layer {3}.",
      title,
      first,
      last,
    ),
    legend: [
      ...rows.map((row) => ({ label: rowLabel(row), series: `role-${row.role}` as const, shape: "line" as const })),
      measure === "ratio"
        ? { label: t("noise"), series: "noise", shape: "dashes" }
        : { label: t("noise of these shapes"), series: "noise", shape: "band" },
    ],
    table: {
      caption: t("{0} by layer and role", title),
      columns: [t("Layer"), ...rows.map(rowLabel)],
      rows: layers.map((layer, index) => [
        String(layer),
        ...rows.map(({ cells }) => formatMeasure(metric, measure, cells[index]?.[measure] ?? NaN)),
      ]),
    },
    numbers: () => ({
      columns: ["layer", ...rows.map(rowLabel)],
      rows: layers.map((layer, index) => [layer, ...rows.map(({ cells }) => cells[index]?.[measure] ?? null)]),
    }),
    configuration: (colors) => {
      const options = plotOptions(
        { title: t("layer"), whole: true, minimum: first - 0.3, maximum: last + 0.3 },
        { title },
        colors,
        () => "",
      );
      const { tooltip } = options.plugins ?? {};
      return {
        type: "line",
        data: {
          datasets: [
            ...rows.map((row, index): Dataset => {
              const color = colors.roles[row.role];
              return {
                type: "line",
                data: points(row, measure),
                borderColor: color,
                backgroundColor: color,
                borderWidth: 1.75,
                pointStyle: pointStyles[index % pointStyles.length]!,
                pointRadius: layers.length > mostPoints ? 0 : 3,
                pointHoverRadius: 5,
                order: 1,
              };
            }),
            ...(band === null ? [] : bandDatasets(band, colors)),
            ...(noiseLine.length > 0 ? [referenceLine(noiseLine, colors.noise)] : []),
          ],
        },
        options: {
          ...options,
          interaction: { mode: "index", intersect: false },
          plugins: {
            ...options.plugins,
            tooltip: {
              ...tooltip,
              displayColors: true,
              usePointStyle: true,
              filter: ({ datasetIndex, parsed }) => datasetIndex < rows.length && !Number.isNaN(parsed.y),
              itemSort: (left, right) => (right.parsed.y ?? 0) - (left.parsed.y ?? 0),
              callbacks: {
                title: ([item]) => (item === undefined ? "" : t("layer {0}", layers[item.dataIndex] ?? "")),
                label: ({ datasetIndex, dataIndex }) => {
                  const row = rows[datasetIndex];
                  const value = row?.cells[dataIndex]?.[measure] ?? NaN;
                  return row === undefined ? "" : `${rowLabel(row)}  ${formatMeasure(metric, measure, value)}`;
                },
              },
            },
          },
        },
      };
    },
  };
}

interface Band {
  readonly lowest: { x: number; y: number }[];
  readonly highest: { x: number; y: number }[];
}

/** The noise values of all roles, which differ in shape, from the lowest to the highest in each layer. */
function noiseBand(layers: readonly number[], rows: readonly RoleRow[]): Band {
  const at = (index: number): number[] =>
    rows.flatMap(({ cells }) => {
      const noise = cells[index]?.noise ?? NaN;
      return Number.isNaN(noise) ? [] : [noise];
    });
  const edge = (pick: (...values: number[]) => number): { x: number; y: number }[] =>
    layers.flatMap((layer, index) => {
      const values = at(index);
      return values.length === 0 ? [] : [{ x: layer, y: pick(...values) }];
    });
  return { lowest: edge(Math.min), highest: edge(Math.max) };
}

function bandDatasets({ lowest, highest }: Band, colors: ChartColors): Dataset[] {
  const edge = referenceLine(highest, colors.noise);
  return [
    { ...edge, fill: "+1", backgroundColor: colors.band, borderWidth: 0.75 },
    { ...referenceLine(lowest, colors.noise), borderWidth: 0.75 },
  ];
}
