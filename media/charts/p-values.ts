/** How random the singular vectors of one side look, each by its Kolmogorov–Smirnov p-value, against their index. */
import { t } from "../../server/text/l10n.ts";
import type { VectorsDetail } from "../../server/protocol.ts";
import { movingAverage, movingAverageRadius } from "../../server/statistics/moving-average.ts";
import { formatInteger, formatNumber, formatProbability, formatShare, plural } from "../ui/format.ts";
import { plotOptions, type Plot } from "./plot.ts";
import { thin } from "./thin.ts";

/** Standard deviation of a p-value under noise, simulated (docs/metrics.md). */
const deviation = 0.295;

export function pValuesPlot(vectors: VectorsDetail, side: "left" | "right"): Plot {
  const all = vectors.pValues[side];
  const { meanP, shareBelow05 } = vectors[side];
  const noise = vectors.noise[side];
  const expected = noise.meanP ?? 0.55;
  const average = movingAverage(all);
  const radius = movingAverageRadius(all.length);
  const drawn = thin(all.length);
  const points = drawn.flatMap((index) => {
    const p = all[index] ?? null;
    return p === null ? [] : [{ index: index + 1, p, average: average[index] ?? null }];
  });
  // The mean of so many p-values of noise lies in the band 19 times out of 20.
  const half = (index: number): number => {
    const around = Math.min(all.length, index + radius + 1) - Math.max(0, index - radius);
    return (1.96 * deviation) / Math.sqrt(Math.max(1, around));
  };
  const band = (sign: 1 | -1) =>
    drawn.map((index) => ({ x: index + 1, y: Math.max(0, Math.min(1, expected + sign * half(index))) }));
  const numbers = [formatNumber(meanP), formatNumber(expected), share(shareBelow05), share(noise.shareBelow05)];
  const isLeft = side === "left";
  return {
    description: plural(
      points.length,
      isLeft
        ? "The p-value of {0} left singular vector: mean p {1}, noise {2}; below .05: {3}, noise {4}."
        : "The p-value of {0} right singular vector: mean p {1}, noise {2}; below .05: {3}, noise {4}.",
      isLeft
        ? "p-values of {0} left singular vectors against their index: mean p {1}, noise {2}; below .05: {3}, noise {4}."
        : "p-values of {0} right singular vectors against their index: mean p {1}, noise {2}; below .05: {3}, noise {4}.",
      ...numbers,
    ),
    legend: [
      { label: t("each vector"), series: "bulk", shape: "point" },
      { label: t("moving average"), series: "outlier", shape: "line" },
      { label: t("95 % band of noise for it"), series: "noise", shape: "band" },
    ],
    table: {
      caption: isLeft ? t("p-values of the left singular vectors") : t("p-values of the right singular vectors"),
      columns: [t("Index"), "p", t("Moving average")],
      rows: points.map(({ index, p, average: mean }) => [
        formatInteger(index),
        formatProbability(p),
        formatNumber(mean),
      ]),
    },
    numbers: () => ({
      columns: ["index", "p", "moving average"],
      rows: all.map((p, index) => [index + 1, p, average[index] ?? null]),
    }),
    note: t(
      "Mean p {0}, noise {1}; below .05: {2}, noise {3}. A mean near that of noise is fully random; above it is not “more random”.",
      ...numbers,
    ),
    configuration: (colors) => {
      const edge = {
        type: "line" as const,
        borderColor: colors.noise,
        borderWidth: 0.75,
        borderDash: [5, 3],
        pointRadius: 0,
        pointHitRadius: 0,
        pointHoverRadius: 0,
        order: 4,
      };
      return {
        type: "line",
        data: {
          datasets: [
            {
              type: "line",
              data: points.map(({ index, p }) => ({ x: index, y: p })),
              showLine: false,
              backgroundColor: colors.bulk,
              borderColor: colors.bulk,
              pointRadius: points.length > 300 ? 1.5 : 2.25,
              pointHoverRadius: 5,
              order: 3,
            },
            {
              type: "line",
              data: points.map(({ index, average: mean }) => ({ x: index, y: mean ?? NaN })),
              borderColor: colors.outlier,
              borderWidth: 2,
              pointRadius: 0,
              pointHitRadius: 0,
              pointHoverRadius: 0,
              order: 1,
            },
            { ...edge, data: band(1), fill: "+1", backgroundColor: colors.band },
            { ...edge, data: band(-1) },
          ],
        },
        options: plotOptions(
          {
            title: isLeft
              ? t("left singular vector, largest value first")
              : t("right singular vector, largest value first"),
            minimum: 0,
            maximum: Math.max(1, all.length),
          },
          { title: "p", minimum: 0, maximum: 1 },
          colors,
          (series, index) => {
            const point = series === 0 ? points[index] : undefined;
            return point === undefined
              ? ""
              : [
                  t("vector {0}: p = {1}", formatInteger(point.index), formatProbability(point.p)),
                  t("around it {0}", formatNumber(point.average)),
                ];
          },
        ),
      };
    },
  };
}

function share(value: number | null): string {
  return value === null ? "–" : formatShare(value, 2);
}
