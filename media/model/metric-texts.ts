/** The metrics in words: what each is called, what it means, and how it is written. */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { formatNumber, formatMeasuredShare } from "../ui/format.ts";

export interface MetricText {
  readonly key: MetricKey;
  readonly label: string;
  readonly explanation: string;
}

export interface MetricGroup {
  readonly title: string;
  readonly metrics: readonly MetricText[];
}

/** Every metric, in the order of every list of them. */
export function metricGroups(): readonly MetricGroup[] {
  return [
    {
      title: t("Rank"),
      metrics: [
        {
          key: "effectiveRank",
          label: t("Effective rank"),
          explanation: t(
            "exp of the entropy of the energies s²/Σs²: how many directions of equal strength would spread the energy as evenly.",
          ),
        },
        {
          key: "participationRatio",
          label: t("Participation ratio"),
          explanation: t("(Σs²)²/Σs⁴: how many directions carry the energy, weighted towards the strong ones."),
        },
        {
          key: "stableRank",
          label: t("Stable rank"),
          explanation: t("Σs²/s₁²: the whole energy in units of the strongest direction."),
        },
      ],
    },
    {
      title: t("Energy"),
      metrics: [
        {
          key: "energy60",
          label: t("Components for 60 %"),
          explanation: t("The fewest singular values whose squares add up to 60 % of the energy."),
        },
        {
          key: "energy80",
          label: t("Components for 80 %"),
          explanation: t("The fewest singular values whose squares add up to 80 % of the energy."),
        },
        {
          key: "energy90",
          label: t("Components for 90 %"),
          explanation: t("The fewest singular values whose squares add up to 90 % of the energy."),
        },
        {
          key: "top10Ratio",
          label: t("Top-10 ratio"),
          explanation: t("The ten largest singular values, as a share of the sum of all."),
        },
        {
          key: "least10Ratio",
          label: t("Least-10 ratio"),
          explanation: t("The ten smallest singular values, as a share of the sum of all."),
        },
        {
          key: "firstLastRatio",
          label: t("First / last"),
          explanation: t("The largest singular value over the smallest: the condition number."),
        },
      ],
    },
    {
      title: t("Outliers"),
      metrics: [
        {
          key: "outliersRight",
          label: t("Above the bulk"),
          explanation: t(
            "Singular values above the upper Marchenko–Pastur edge: directions stronger than noise can make them.",
          ),
        },
        {
          key: "outliersLeft",
          label: t("Below the bulk"),
          explanation: t(
            "Singular values below the lower edge: directions weaker than noise leaves them. A square matrix has no lower edge.",
          ),
        },
        {
          key: "powerLawAlpha",
          label: t("Power-law α"),
          explanation: t("Exponent of a power law fitted to the tail of the energies s² by maximum likelihood."),
        },
      ],
    },
    {
      title: t("Scale"),
      metrics: [
        {
          key: "sigmaEntries",
          label: t("σ of the entries"),
          explanation: t("‖W‖/√(mn): the size of an entry, which outliers inflate."),
        },
        {
          key: "sigmaBulk",
          label: t("σ of the bulk"),
          explanation: t("median(s)/√(n μ): the size of an entry of the noise alone, from the median singular value."),
        },
        { key: "lowerEdge", label: t("Lower edge s₋"), explanation: t("σ(√n − √m), with the σ of the bulk.") },
        { key: "upperEdge", label: t("Upper edge s₊"), explanation: t("σ(√n + √m), with the σ of the bulk.") },
        { key: "spectralNorm", label: t("Spectral norm"), explanation: t("The largest singular value, s₁.") },
        { key: "frobeniusNorm", label: t("Frobenius norm"), explanation: t("√Σs²: the root of the whole energy.") },
      ],
    },
  ];
}

/** The metrics that are listed. */
export const listedMetrics: ReadonlySet<MetricKey> = new Set(
  metricGroups().flatMap(({ metrics }) => metrics.map(({ key }) => key)),
);

/** What a metric is called. */
export function metricLabel(key: MetricKey): string {
  const all = metricGroups().flatMap(({ metrics }) => metrics);
  return all.find((metric) => metric.key === key)?.label ?? key;
}

const counts: readonly MetricKey[] = ["energy60", "energy80", "energy90", "outliersLeft", "outliersRight"];
const shares: readonly MetricKey[] = ["top10Ratio", "least10Ratio"];

/** A metric as people read it: counts whole, shares in per cent. */
export function formatMetric(key: MetricKey, value: number | null): string {
  if (value === null) return formatNumber(null);
  if (shares.includes(key)) return formatMeasuredShare(value);
  // A count that is expected is not whole, but its digits after the second mean nothing.
  if (counts.includes(key)) return formatNumber(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
  return formatNumber(value);
}
