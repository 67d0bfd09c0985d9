/** The energy that the strongest directions hold together, with what noise of the same shape would give. */
import { t } from "../../server/text/l10n.ts";
import { cumulativeEnergy, type ShownSpectrum } from "../model/shown-spectrum.ts";
import { formatInteger, formatMeasuredShare, formatNumber, formatShare, plural } from "../ui/format.ts";
import { mainLine, referenceLine, plotOptions, type Plot } from "./plot.ts";
import { edgeLines } from "./edge-lines.ts";
import { thin } from "./thin.ts";

const thresholds = [
  { share: 0.6, key: "energy60" },
  { share: 0.8, key: "energy80" },
  { share: 0.9, key: "energy90" },
] as const;

/** Null for a matrix without energy, or with values that do not exist. */
export function energyPlot(shown: ShownSpectrum): Plot | null {
  const values = shown.singularValues.filter((value) => value !== null);
  const energy = values.length === shown.singularValues.length ? cumulativeEnergy(values) : null;
  if (energy === null) return null;
  const small = values.length;
  const drawn = thin(energy.length);
  const noiseShare = (k: number): number => (k === 0 ? 0 : k === small ? 1 : shown.noiseEnergy(k));
  const noise = drawn.map(noiseShare);
  const needed = thresholds.flatMap(({ share, key }) => {
    const count = shown.metrics[key];
    return count === null ? [] : [{ share, count, expected: shown.noise[key] }];
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
      rows: drawn.map((k, index) => [
        formatInteger(k),
        formatMeasuredShare(energy[k]!),
        formatMeasuredShare(noise[index]!),
      ]),
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
                plural(k, "{0} direction: {1}", "{0} directions: {1}", formatMeasuredShare(energy[k]!)),
                t("noise {0}", formatMeasuredShare(noise[index]!)),
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
