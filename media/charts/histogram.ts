/** The histogram of singular values with the Marchenko–Pastur curve that noise of the same bulk would follow. */
import { t } from "../../server/text/l10n.ts";
import type { MatrixDetail } from "../../server/protocol.ts";
import { bulkCurve } from "../../server/spectrum/bulk-curve.ts";
import { cdf } from "../../server/statistics/marchenko-pastur.ts";
import { formatInteger, formatNumber, plural } from "../ui/format.ts";
import { binSpectrum, type Bin } from "../../server/spectrum/histogram.ts";
import { type Plot, plotOptions } from "./plot.ts";
import { edgeLines } from "./edge-lines.ts";

/** @param logarithmic Whether the axis of values is. */
export function histogramPlot(detail: MatrixDetail, logarithmic: boolean): Plot {
  const values = detail.singularValues.filter((value) => value !== null);
  const small = Math.min(detail.rows, detail.columns);
  const large = Math.max(detail.rows, detail.columns);
  const y = small / large;
  const lower = detail.metrics.lowerEdge ?? 0;
  const upper = detail.metrics.upperEdge ?? 0;
  const unit = (detail.metrics.sigmaBulk ?? 0) * Math.sqrt(large);
  const { bins, width, leftOut } = binSpectrum(values, lower, upper, logarithmic);

  const expected = ({ from, to }: Bin): number =>
    unit > 0 ? values.length * (cdf(to / unit, y) - cdf(Math.max(from, 0) / unit, y)) : 0;
  const curve = bulkCurve(values.length, detail.metrics.sigmaBulk ?? 0, detail, { width, logarithmic });
  const middle = ({ from, to }: Bin): number => (logarithmic ? Math.sqrt(from * to) : (from + to) / 2);
  const range = ({ from, to }: Bin): string => `${formatNumber(Math.max(from, 0))} – ${formatNumber(to)}`;
  const partNames = { left: t("below the bulk"), bulk: t("bulk"), right: t("above the bulk") };

  const outliers = bins.reduce((sum, { part, count }) => (part === "bulk" ? sum : sum + count), 0);
  const first = bins[0];
  const last = bins.at(-1);
  return {
    description:
      first === undefined || last === undefined
        ? t("No singular values to show.")
        : plural(
            values.length,
            "Histogram of {0} singular value from {1} to {2}, {3} of them outside the Marchenko–Pastur bulk from {4} to {5}.",
            "Histogram of {0} singular values from {1} to {2}, {3} of them outside the Marchenko–Pastur bulk from {4} to {5}.",
            formatNumber(values.at(-1) ?? null),
            formatNumber(values[0] ?? null),
            formatInteger(outliers),
            formatNumber(lower),
            formatNumber(upper),
          ),
    legend: [
      { label: t("bulk"), series: "bulk", shape: "bar" },
      { label: t("outliers"), series: "outlier", shape: "bar" },
      { label: "Marchenko–Pastur", series: "noise", shape: "line" },
    ],
    table: {
      caption: t("Singular values in each bin, beside what noise would give"),
      columns: [t("From"), t("To"), t("Count"), t("Noise"), t("Part")],
      rows: bins.map((bin) => [
        formatNumber(Math.max(bin.from, 0)),
        formatNumber(bin.to),
        formatInteger(bin.count),
        formatNumber(Number(expected(bin).toFixed(2))),
        partNames[bin.part],
      ]),
    },
    ...(leftOut > 0
      ? {
          note: plural(
            leftOut,
            "{0} value of exactly zero cannot be shown on a logarithmic axis.",
            "{0} values of exactly zero cannot be shown on a logarithmic axis.",
          ),
        }
      : {}),
    numbers: () => ({
      columns: ["from", "to", "count", "noise"],
      rows: bins.map((bin) => [Math.max(bin.from, 0), bin.to, bin.count, expected(bin)]),
    }),
    configuration: (colors) => ({
      type: "bar",
      data: {
        datasets: [
          {
            type: "line",
            data: curve,
            borderColor: colors.noise,
            borderWidth: 2,
            pointRadius: 0,
            pointHitRadius: 0,
            pointHoverRadius: 0,
          },
          {
            type: "bar",
            // Empty bins have no bar at all, not one of the least length.
            data: bins.map((bin) => ({ x: middle(bin), y: bin.count > 0 ? bin.count : NaN })),
            backgroundColor: bins.map(({ part }) => (part === "bulk" ? colors.bulk : colors.outlier)),
            borderWidth: 0,
            grouped: false,
            barPercentage: bins.length > 120 ? 1 : 0.9,
            categoryPercentage: 1,
            // A single outlier stays visible beside a bulk of thousands.
            minBarLength: 3,
          },
        ],
      },
      options: plotOptions(
        {
          title: t("singular value"),
          logarithmic,
          ...(first === undefined || last === undefined
            ? {}
            : { minimum: logarithmic ? first.from : Math.max(0, first.from), maximum: last.to }),
        },
        { title: t("count"), minimum: 0, whole: true },
        colors,
        (series, index) => {
          const bin = series === 1 ? bins[index] : undefined;
          return bin === undefined
            ? ""
            : [
                range(bin),
                plural(
                  bin.count,
                  "{0} value, noise {1}",
                  "{0} values, noise {1}",
                  formatNumber(Number(expected(bin).toFixed(1))),
                ),
                partNames[bin.part],
              ];
        },
      ),
      plugins: [
        edgeLines(
          [
            ...(lower > 0 ? [{ at: lower, label: `s₋ ${formatNumber(lower)}` }] : []),
            { at: upper, label: `s₊ ${formatNumber(upper)}` },
          ],
          "x",
          colors,
        ),
      ],
    }),
  };
}
