/**
 * The numbers that summarise one spectrum. Every formula, unit and noise value stands in docs/metrics.md.
 * m is the smaller side, n the larger, s₁ ≥ … ≥ s_m the singular values. A number that does not exist is null.
 */
export const metricKeys = [
  "sigmaEntries",
  "sigmaBulk",
  "lowerEdge",
  "upperEdge",
  "outliersLeft",
  "outliersRight",
  "top10Ratio",
  "least10Ratio",
  "firstLastRatio",
  "energy60",
  "energy80",
  "energy90",
  "energy95",
  "energy99",
  "effectiveRank",
  "royVetterliRank",
  "participationRatio",
  "stableRank",
  "frobeniusNorm",
  "spectralNorm",
  "powerLawAlpha",
  "powerLawXMin",
  "powerLawDistance",
  "hillAlpha",
  "bulkSnr",
  "spectrumSnr",
] as const;

export type MetricKey = (typeof metricKeys)[number];

export type Metrics = Readonly<Record<MetricKey, number | null>>;
