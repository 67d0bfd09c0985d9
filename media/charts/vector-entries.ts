/** The entries of a vector (a norm's weights, a bias) against their index: each, or the span of each run of them. */
import { t } from "../../server/text/l10n.ts";
import type { VectorProfile } from "../../server/protocol.ts";
import { formatInteger, formatNumber } from "../ui/format.ts";
import { plotOptions, type Plot } from "./plot.ts";

export function vectorPlot({ runs, runLength, count, minimum, maximum, mean }: VectorProfile): Plot {
  const each = runLength === 1;
  const first = (run: number): number => run * runLength;
  const last = (run: number): number => Math.min(count, (run + 1) * runLength) - 1;
  const middle = (run: number): number => (first(run) + last(run)) / 2;
  const place = (run: number): string =>
    each ? formatInteger(run) : `${formatInteger(first(run))} – ${formatInteger(last(run))}`;
  return {
    description: t(
      "{0} entries from {1} to {2}, {3} on average, against their index.",
      formatInteger(count),
      formatNumber(minimum),
      formatNumber(maximum),
      formatNumber(mean),
    ),
    legend: each
      ? [{ label: t("entries"), series: "bulk", shape: "line" }]
      : [
          { label: t("mean of a run"), series: "bulk", shape: "line" },
          { label: t("least and greatest of it"), series: "noise", shape: "band" },
        ],
    table: each
      ? {
          caption: t("Entries of the vector"),
          columns: [t("Index"), t("Value")],
          rows: runs.map(({ mean: value }, run) => [place(run), formatNumber(value)]),
        }
      : {
          caption: t("Entries of the vector in runs"),
          columns: [t("Index"), t("Mean"), t("Least"), t("Greatest")],
          rows: runs.map((run, index) => [
            place(index),
            formatNumber(run.mean),
            formatNumber(run.low),
            formatNumber(run.high),
          ]),
        },
    numbers: () => ({
      columns: ["first index", "last index", "mean", "least", "greatest"],
      rows: runs.map((run, index) => [first(index), last(index), run.mean, run.low, run.high]),
    }),
    ...(each
      ? {}
      : {
          note: t(
            "{0} entries in {1} runs of {2}.",
            formatInteger(count),
            formatInteger(runs.length),
            formatInteger(runLength),
          ),
        }),
    configuration: (colors) => {
      const at = (pick: (run: VectorProfile["runs"][number]) => number | null) =>
        runs.map((run, index) => ({ x: middle(index), y: pick(run) ?? NaN }));
      const edge = {
        type: "line" as const,
        borderColor: colors.noise,
        borderWidth: 0.5,
        pointRadius: 0,
        pointHitRadius: 0,
        pointHoverRadius: 0,
        order: 2,
      };
      return {
        type: "line",
        data: {
          datasets: [
            {
              type: "line",
              data: at(({ mean: value }) => value),
              borderColor: colors.bulk,
              backgroundColor: colors.bulk,
              borderWidth: each ? 1.25 : 1.75,
              pointRadius: runs.length <= 80 ? 2.5 : 0,
              pointHoverRadius: 4,
              order: 1,
            },
            ...(each
              ? []
              : [
                  { ...edge, data: at(({ high }) => high), fill: "+1", backgroundColor: colors.band },
                  { ...edge, data: at(({ low }) => low) },
                ]),
          ],
        },
        options: plotOptions(
          { title: t("index"), whole: true, minimum: 0, maximum: Math.max(1, count - 1) },
          { title: t("value") },
          colors,
          (series, index) => {
            const run = series === 0 ? runs[index] : undefined;
            if (run === undefined) return "";
            return each
              ? `${place(index)}: ${formatNumber(run.mean)}`
              : [
                  t("{0}: {1} on average", place(index), formatNumber(run.mean)),
                  t("from {0} to {1}", formatNumber(run.low), formatNumber(run.high)),
                ];
          },
        ),
      };
    },
  };
}
