/** The energy that the strongest directions hold together, with what noise of the same shape would give. */
import { t } from "../../server/text/l10n.ts";
import type { MatrixDetail } from "../../server/protocol.ts";
import { energyAbove, quantile } from "../../server/statistics/marchenko-pastur.ts";
import { formatInteger, formatNumber, formatShare, plural } from "../ui/format.ts";
import { mainLine, referenceLine, plotOptions, type Plot } from "./plot.ts";
import { edgeLines } from "./edge-lines.ts";
import { thin } from "./thin.ts";

const thresholds = [
  { share: 0.6, key: "energy60" },
  { share: 0.8, key: "energy80" },
  { share: 0.9, key: "energy90" },
] as const;

/** Σ of the first k squares over Σ of all, for k = 0 … m; null where there is no energy. */
export function cumulativeEnergy(values: ArrayLike<number>): Float64Array | null {
  const sums = new Float64Array(values.length + 1);
  for (let k = 0; k < values.length; k++) sums[k + 1] = sums[k]! + values[k]! ** 2;
  const all = sums[values.length]!;
  return all > 0 && Number.isFinite(all) ? sums.map((sum) => sum / all) : null;
}

/** Null for a matrix without energy, or with values that do not exist. */
export function energyPlot(detail: MatrixDetail): Plot | null {
  const values = detail.singularValues.filter((value) => value !== null);
  const energy = values.length === detail.singularValues.length ? cumulativeEnergy(values) : null;
  if (energy === null) return null;
  const small = values.length;
  const shape = small / Math.max(detail.rows, detail.columns);
  const drawn = thin(energy.length);
  // The share above the quantile: exact for large matrices, and within a direction for small ones.
  const noiseShare = (k: number): number =>
    k === 0 ? 0 : k === small ? 1 : energyAbove(quantile(1 - k / small, shape), shape);
  const noise = drawn.map(noiseShare);
  const needed = thresholds.flatMap(({ share, key }) => {
    const count = detail.metrics[key];
    return count === null ? [] : [{ share, count, expected: detail.noise[key] }];
  });
  return {
    description: plural(
      values.length,
      "Cumulative energy of {0} direction: {1}.",
      "Cumulative energy of {0} directions: {1}.",
      needed
        .map(({ share, count, expected }) =>
          t("{0} in {1} (noise {2})", formatShare(share), formatInteger(count), formatNumber(expected)),
        )
        .join(", "),
    ),
    legend: [
      { label: t("energy"), series: "bulk", shape: "line" },
      { label: "60, 80, 90 %", series: "outlier", shape: "point" },
      { label: t("noise of this shape"), series: "noise", shape: "dashes" },
    ],
    table: {
      caption: t("Share of the energy in the strongest directions"),
      columns: [t("Directions"), t("Energy"), t("Noise")],
      rows: drawn.map((k, index) => [formatInteger(k), formatShare(energy[k]!), formatShare(noise[index]!)]),
    },
    numbers: () => ({
      columns: ["directions", "energy", "noise"],
      rows: Array.from(energy, (share, k) => [k, share, noiseShare(k)]),
    }),
    configuration: (colors) => ({
      type: "line",
      data: {
        datasets: [
          mainLine(
            drawn.map((k) => ({ x: k, y: energy[k]! })),
            colors.bulk,
          ),
          {
            type: "line",
            data: needed.map(({ count }) => ({ x: count, y: energy[count] ?? NaN })),
            showLine: false,
            backgroundColor: colors.outlier,
            borderColor: colors.outlier,
            pointStyle: "rectRot",
            pointRadius: 5,
            pointHoverRadius: 6,
            order: 1,
          },
          referenceLine(
            drawn.map((k, index) => ({ x: k, y: noise[index]! })),
            colors.noise,
          ),
        ],
      },
      options: plotOptions(
        { title: t("directions, strongest first"), minimum: 0, maximum: Math.max(1, small) },
        { title: t("share of the energy"), minimum: 0, maximum: 1 },
        colors,
        (series, index) => {
          const mark = series === 1 ? needed[index] : undefined;
          if (mark !== undefined) {
            return [
              t(
                "{0} of the energy in {1} of {2}",
                formatShare(mark.share),
                formatInteger(mark.count),
                formatInteger(small),
              ),
              t("noise {0}", formatNumber(mark.expected)),
            ];
          }
          const k = series === 0 ? drawn[index] : undefined;
          return k === undefined
            ? ""
            : [
                plural(k, "{0} direction: {1}", "{0} directions: {1}", formatShare(energy[k]!)),
                t("noise {0}", formatShare(noise[index]!)),
              ];
        },
      ),
      plugins: [
        edgeLines(
          needed.map(({ share, count }) => ({
            at: share,
            label: t("{0} in {1}", formatShare(share), formatNumber(count)),
            below: true,
          })),
          "y",
          colors,
        ),
      ],
    }),
  };
}
