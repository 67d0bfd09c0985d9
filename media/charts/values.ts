/** Singular values against their index, with the values that noise of the same bulk would have. */
import { t } from "../../server/text/l10n.ts";
import type { DrawnSpectrum } from "../../server/protocol.ts";
import type { ShownSpectrum } from "../model/shown-spectrum.ts";
import { formatInteger, formatNumber, plural } from "../ui/format.ts";
import { mainLine, referenceLine, type Plot, plotOptions } from "./plot.ts";
import { edgeLines } from "./edge-lines.ts";
import { thin } from "./thin.ts";

interface ValuePoint {
  /** From 1, largest value first. */
  readonly index: number;
  readonly value: number;
  readonly noise: number | null;
  readonly outlier: boolean;
}

/**
 * @param logarithmic Whether the axis of values is.
 * @param drawn A fresh matrix whose values are laid over these.
 */
export function valuesPlot(
  { singularValues: all, metrics, noiseAt }: ShownSpectrum,
  logarithmic: boolean,
  drawn: DrawnSpectrum | null = null,
): Plot {
  const lower = metrics.lowerEdge ?? 0;
  const upper = metrics.upperEdge ?? Infinity;
  // A product has no bulk, and so nothing outside it.
  const hasBulk = metrics.upperEdge !== null;
  const points = thin(all.length).flatMap((index): ValuePoint[] => {
    const value = all[index] ?? null;
    if (value === null) return [];
    const noise = noiseAt(index);
    return [{ index: index + 1, value, noise, outlier: value > upper || value < lower }];
  });
  const shown = logarithmic ? points.filter(({ value }) => value > 0) : points;
  const outliers = shown.filter(({ outlier }) => outlier);
  const noise = shown.flatMap((point) =>
    point.noise === null || (logarithmic && point.noise <= 0) ? [] : [{ x: point.index, y: point.noise }],
  );
  const values = all.filter((value) => value !== null);
  const largest = values[0] ?? null;
  return {
    description: plural(
      values.length,
      "{0} singular value: {1}; noise would have {3}.",
      "{0} singular values in descending order, from {1} to {2}; noise would go from {3} to {4}.",
      formatNumber(largest),
      formatNumber(values.at(-1) ?? null),
      formatNumber(points[0]?.noise ?? null),
      formatNumber(points.at(-1)?.noise ?? null),
    ),
    legend: [
      { label: t("singular values"), series: "bulk", shape: "line" },
      ...(hasBulk ? [{ label: t("outliers"), series: "outlier", shape: "point" } as const] : []),
      { label: t("expected of noise"), series: "noise", shape: "dashes" },
      ...(drawn === null ? [] : [{ label: t("a fresh matrix"), series: "role-value", shape: "line" } as const]),
    ],
    table: {
      caption: t("Singular values, beside what noise would give"),
      columns: [
        t("Index"),
        t("Value"),
        t("Noise"),
        ...(hasBulk ? [t("Part")] : []),
        ...(drawn === null ? [] : [t("Fresh")]),
      ],
      rows: points.map(({ index, value, noise: expected, outlier }) => [
        formatInteger(index),
        formatNumber(value),
        formatNumber(expected),
        ...(hasBulk ? [outlier ? t("outlier") : t("bulk")] : []),
        ...(drawn === null ? [] : [formatNumber(drawn.singularValues[index - 1] ?? null)]),
      ]),
    },
    ...(points.length < values.length
      ? { note: t("{0} of {1} values are drawn.", formatInteger(points.length), formatInteger(values.length)) }
      : {}),
    numbers: () => ({
      columns: ["index", "singular value", "noise", ...(drawn === null ? [] : ["fresh"])],
      rows: all.map((value, index) => [
        index + 1,
        value,
        noiseAt(index),
        ...(drawn === null ? [] : [drawn.singularValues[index] ?? null]),
      ]),
    }),
    configuration: (colors) => ({
      type: "line",
      data: {
        datasets: [
          mainLine(
            shown.map(({ index, value }) => ({ x: index, y: value })),
            colors.bulk,
          ),
          {
            type: "line",
            data: outliers.map(({ index, value }) => ({ x: index, y: value })),
            showLine: false,
            backgroundColor: colors.outlier,
            borderColor: colors.outlier,
            pointStyle: "rectRot",
            pointRadius: outliers.length > 40 ? 2.5 : 3.5,
            pointHoverRadius: 5,
            order: 1,
          },
          referenceLine(noise, colors.noise),
          ...(drawn === null
            ? []
            : [
                {
                  type: "line" as const,
                  data: thin(drawn.singularValues.length).flatMap((index) => {
                    const value = drawn.singularValues[index]!;
                    return logarithmic && value <= 0 ? [] : [{ x: index + 1, y: value }];
                  }),
                  borderColor: colors.roles.value,
                  borderWidth: 1.5,
                  pointRadius: 0,
                  pointHitRadius: 0,
                  pointHoverRadius: 0,
                  order: 4,
                },
              ]),
        ],
      },
      options: plotOptions(
        { title: t("index"), whole: true, minimum: 0, maximum: Math.max(1, all.length) },
        { title: t("singular value"), logarithmic, ...(logarithmic ? {} : { minimum: 0 }) },
        colors,
        (series, index) => {
          const point = series === 0 ? shown[index] : series === 1 ? outliers[index] : undefined;
          return point === undefined
            ? ""
            : [
                `s${subscript(point.index)} = ${formatNumber(point.value)}${point.outlier ? `  (${t("outlier")})` : ""}`,
                t("noise {0}", formatNumber(point.noise)),
              ];
        },
      ),
      plugins: [
        edgeLines(Number.isFinite(upper) ? [{ at: upper, label: `s₊ ${formatNumber(upper)}` }] : [], "y", colors),
      ],
    }),
  };
}

function subscript(index: number): string {
  return String(index).replace(/\d/g, (digit) => String.fromCodePoint(0x2080 + Number(digit)));
}
