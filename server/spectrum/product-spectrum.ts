/** What is said of a product of two weights: its metrics, what a product of noise gives, and its verdict. */
import { t } from "../text/l10n.ts";
import { johnStatistic, johnTest } from "../statistics/john.ts";
import { effectiveSide } from "../statistics/product-noise.ts";
import { noMetrics, spectrumMetrics } from "./compute-metrics.ts";
import { formatPValue, formatSignificant } from "./format-significant.ts";
import type { MetricKey, Metrics } from "./metrics.ts";
import { energy, isThin, productNoiseValues, type ProductShape } from "./product-noise.ts";
import type { NoiseTest, Verdict } from "./verdict.ts";

/** Rejection below this says that a product is none of random factors. */
const significance = 0.01;

/** Metrics that mean something of a product: its values have no Marchenko–Pastur bulk, and no edges. */
const meaningful: readonly MetricKey[] = [
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
];

/** @param singularValues min(rows, columns, rank) of them, descending; empty when an entry of a factor is not finite */
export function productMetrics(singularValues: Float64Array, { rows, columns }: ProductShape): Metrics {
  const m = singularValues.length;
  const largest = singularValues[0] ?? 0;
  const frobeniusNorm = largest > 0 ? largest * Math.sqrt(energy(singularValues, largest)) : 0;
  // Which second side is said here plays no part in what is meaningful.
  const metrics = spectrumMetrics(singularValues, { rows: m, columns: m }, { frobeniusNorm });
  if (metrics.frobeniusNorm === null) return noMetrics();
  return { ...pick(metrics), sigmaEntries: frobeniusNorm / Math.sqrt(rows) / Math.sqrt(columns) };
}

/** Of factors with independent entries, and as large; nothing where the factors are not thin. */
export function productNoiseMetrics(shape: ProductShape, frobeniusNorm: number | null): Metrics {
  const values = productNoiseValues(shape, frobeniusNorm);
  return values === null ? noMetrics() : productMetrics(values, shape);
}

/**
 * Whether the values of a product spread otherwise than those of two random factors. John's statistic tells it as of one
 * noise matrix of rank × n entries with 1/n = 1/rows + 1/columns: simulated, its z is standard normal to about a fifth.
 */
export function productVerdict(singularValues: Float64Array, shape: ProductShape, words: string): Verdict {
  const verdict = (grade: Verdict["grade"], reason: string, tests: readonly NoiseTest[] = []): Verdict => ({
    grade,
    pValue: tests[0]?.pValue ?? null,
    reason: `${words}: ${reason}`,
    tests,
  });
  const { rank, rows, columns } = shape;
  if (singularValues.length === 0) return verdict("non-finite", t("a factor holds values that are not finite"));
  if (!(singularValues[0]! > 0)) return verdict("zero", t("it is zero throughout"));
  if (rank < 2) return verdict("too-small", t("a single direction has no spectrum to compare with noise"));
  if (!isThin(shape)) return verdict("too-small", t("its factors are not thin, so that nothing compares with it"));
  const { z, pValue } = johnTest(johnStatistic(singularValues), rank, effectiveSide(rank, rows, columns), 0);
  const tests: readonly NoiseTest[] = [{ name: "john", statistic: z, pValue }];
  if (pValue >= significance) {
    return verdict(
      "random",
      t("its values spread as those of random factors (John z {0})", formatSignificant(z, 2)),
      tests,
    );
  }
  const metrics = productMetrics(singularValues, shape);
  const noise = productNoiseMetrics(shape, metrics.frobeniusNorm);
  return verdict(
    "learned",
    t(
      "its values spread otherwise than those of random factors ({0}); effective rank {1} of {2} (noise {3})",
      formatPValue(pValue),
      formatSignificant(metrics.effectiveRank ?? 0),
      rank,
      formatSignificant(noise.effectiveRank ?? 0),
    ),
    tests,
  );
}

function pick(metrics: Metrics): Metrics {
  const chosen: Partial<Record<MetricKey, number | null>> = {};
  for (const key of meaningful) chosen[key] = metrics[key];
  return { ...noMetrics(), ...chosen };
}
