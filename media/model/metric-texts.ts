/** The metrics in words: what each is called, what it means, and how it is written. */
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { formatNumber, formatShare } from "../ui/format.ts";

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
export const metricGroups: readonly MetricGroup[] = [
  {
    title: "Rank",
    metrics: [
      {
        key: "effectiveRank",
        label: "Effective rank",
        explanation:
          "exp of the entropy of the energies s²/Σs²: how many directions of equal strength would spread the energy as evenly.",
      },
      {
        key: "participationRatio",
        label: "Participation ratio",
        explanation: "(Σs²)²/Σs⁴: how many directions carry the energy, weighted towards the strong ones.",
      },
      {
        key: "stableRank",
        label: "Stable rank",
        explanation: "Σs²/s₁²: the whole energy in units of the strongest direction.",
      },
    ],
  },
  {
    title: "Energy",
    metrics: [
      {
        key: "energy60",
        label: "Components for 60 %",
        explanation: "The fewest singular values whose squares add up to 60 % of the energy.",
      },
      {
        key: "energy80",
        label: "Components for 80 %",
        explanation: "The fewest singular values whose squares add up to 80 % of the energy.",
      },
      {
        key: "energy90",
        label: "Components for 90 %",
        explanation: "The fewest singular values whose squares add up to 90 % of the energy.",
      },
      {
        key: "top10Ratio",
        label: "Top-10 ratio",
        explanation: "The ten largest singular values, as a share of the sum of all.",
      },
      {
        key: "least10Ratio",
        label: "Least-10 ratio",
        explanation: "The ten smallest singular values, as a share of the sum of all.",
      },
      {
        key: "firstLastRatio",
        label: "First / last",
        explanation: "The largest singular value over the smallest: the condition number.",
      },
    ],
  },
  {
    title: "Outliers",
    metrics: [
      {
        key: "outliersRight",
        label: "Above the bulk",
        explanation:
          "Singular values above the upper Marchenko–Pastur edge: directions stronger than noise can make them.",
      },
      {
        key: "outliersLeft",
        label: "Below the bulk",
        explanation:
          "Singular values below the lower edge: directions weaker than noise leaves them. A square matrix has no lower edge.",
      },
      {
        key: "powerLawAlpha",
        label: "Power-law α",
        explanation: "Exponent of a power law fitted to the tail of the energies s² by maximum likelihood.",
      },
    ],
  },
  {
    title: "Scale",
    metrics: [
      {
        key: "sigmaEntries",
        label: "σ of the entries",
        explanation: "‖W‖/√(mn): the size of an entry, which outliers inflate.",
      },
      {
        key: "sigmaBulk",
        label: "σ of the bulk",
        explanation: "median(s)/√(n μ): the size of an entry of the noise alone, from the median singular value.",
      },
      { key: "lowerEdge", label: "Lower edge s₋", explanation: "σ(√n − √m), with the σ of the bulk." },
      { key: "upperEdge", label: "Upper edge s₊", explanation: "σ(√n + √m), with the σ of the bulk." },
      { key: "spectralNorm", label: "Spectral norm", explanation: "The largest singular value, s₁." },
      { key: "frobeniusNorm", label: "Frobenius norm", explanation: "√Σs²: the root of the whole energy." },
    ],
  },
];

/** What a metric is called. */
export const metricLabels: ReadonlyMap<MetricKey, string> = new Map(
  metricGroups.flatMap(({ metrics }) => metrics.map(({ key, label }) => [key, label] as const)),
);

const counts: readonly MetricKey[] = ["energy60", "energy80", "energy90", "outliersLeft", "outliersRight"];
const shares: readonly MetricKey[] = ["top10Ratio", "least10Ratio"];

/** A metric as people read it: counts whole, shares in per cent. */
export function formatMetric(key: MetricKey, value: number | null): string {
  if (value === null) return formatNumber(null);
  if (shares.includes(key)) return formatShare(value);
  // A count that is expected is not whole, but its digits after the second mean nothing.
  if (counts.includes(key)) return formatNumber(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
  return formatNumber(value);
}
