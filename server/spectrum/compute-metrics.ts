import { medianSquare } from "../statistics/marchenko-pastur.ts";
import { fitPowerLaw, hillExponent } from "../statistics/power-law.ts";
import type { EntryStatistics } from "../svd/measurement.ts";
import { metricKeys, type MetricKey, type Metrics } from "./metrics.ts";
import { sides, type Shape } from "./shape.ts";

/**
 * The metrics of one spectrum; docs/metrics.md defines each. Works at any scale: values are divided by s₁ first.
 * @param singularValues min(rows, columns) of them, descending; empty when an entry is not finite (all metrics are null)
 */
export function spectrumMetrics(
  singularValues: Float64Array,
  shape: Shape,
  entries: Pick<EntryStatistics, "frobeniusNorm">,
): Metrics {
  const { m, n } = sides(shape);
  if (singularValues.length !== m || m === 0 || !singularValues.every((value) => Number.isFinite(value))) {
    return noMetrics();
  }
  const sigmaBulk = bulkSigma(singularValues, n, m / n);
  const lowerEdge = sigmaBulk * (Math.sqrt(n) - Math.sqrt(m));
  const upperEdge = sigmaBulk * (Math.sqrt(n) + Math.sqrt(m));
  return {
    ...noMetrics(),
    ...shapeMetrics(singularValues),
    sigmaEntries: finite(entries.frobeniusNorm / Math.sqrt(m) / Math.sqrt(n)),
    sigmaBulk,
    lowerEdge,
    upperEdge,
    // A square matrix has its lower edge at zero.
    outliersLeft: m === n ? 0 : singularValues.filter((value) => value < lowerEdge).length,
    outliersRight: singularValues.filter((value) => value > upperEdge).length,
    frobeniusNorm: finite(entries.frobeniusNorm),
    spectralNorm: singularValues[0]!,
    bulkSnr: ratioAbove(singularValues, upperEdge),
    spectrumSnr: spectrumSnr(singularValues, m / n),
  };
}

/** The metrics of the spectrum's shape, and the power law's xMin; they do not exist for a zero matrix. */
function shapeMetrics(singularValues: Float64Array): Partial<Record<MetricKey, number | null>> {
  const largest = singularValues[0] ?? 0;
  if (!(largest > 0)) return {};
  const relative = singularValues.map((value) => value / largest);
  const energies = relative.map((value) => value * value);
  const sum = total(relative);
  const energy = total(energies);
  const tail = fitPowerLaw(singularValues);
  return {
    top10Ratio: total(relative.subarray(0, 10)) / sum,
    least10Ratio: total(relative.subarray(-10)) / sum,
    firstLastRatio: finite(1 / relative.at(-1)!),
    energy60: componentsFor(0.6, energies, energy),
    energy80: componentsFor(0.8, energies, energy),
    energy90: componentsFor(0.9, energies, energy),
    energy95: componentsFor(0.95, energies, energy),
    energy99: componentsFor(0.99, energies, energy),
    effectiveRank: Math.exp(entropy(energies, energy)),
    royVetterliRank: Math.exp(entropy(relative, sum)),
    participationRatio: energy ** 2 / total(energies.map((value) => value * value)),
    stableRank: energy,
    powerLawAlpha: finite(tail?.alpha ?? NaN),
    powerLawXMin: finite(tail?.xMin ?? NaN),
    powerLawDistance: finite(tail?.distance ?? NaN),
    hillAlpha: finite(hillExponent(singularValues) ?? NaN),
  };
}

/** Every key, null. */
export function noMetrics(): Metrics {
  return Object.fromEntries(metricKeys.map((key) => [key, null])) as Record<MetricKey, null>;
}

/**
 * Gavish and Donoho's robust estimate of the noise level, median(s)/√(n μ_y): spikes hardly move it.
 * @param singularValues descending
 */
export function bulkSigma(singularValues: Float64Array, n: number, y: number): number {
  const count = singularValues.length;
  const median = singularValues[Math.floor((count - 1) / 2)]! / 2 + singularValues[Math.floor(count / 2)]! / 2;
  return median / Math.sqrt(n * medianSquare(y));
}

/** Σ of the values above the cut over Σ of the others; null where there are no others. */
function ratioAbove(values: Float64Array, cut: number): number | null {
  return finite(total(values.filter((value) => value > cut)) / total(values.filter((value) => value <= cut)));
}

/**
 * The signal-to-noise ratio by which Spectrum (Hartford et al. 2024, in axolotl) chooses layers to train: σ = IQR/1.349,
 * cut = σ(1 + √y), the ratio of the sums over s₁. Its cut lacks the factor √n, so on noise it calls a quarter of the
 * values of a square matrix signal, and all values of a wide one.
 */
function spectrumSnr(values: Float64Array, y: number): number | null {
  const sigma = (upperQuantile(values, 0.25) - upperQuantile(values, 0.75)) / 1.349;
  return finite((ratioAbove(values, sigma * (1 + Math.sqrt(y))) ?? NaN) / values[0]!);
}

/** The value that a share of the descending values exceeds, linear between them. */
function upperQuantile(values: Float64Array, share: number): number {
  const place = share * (values.length - 1);
  const before = values[Math.floor(place)]!;
  return before + (values[Math.ceil(place)]! - before) * (place % 1);
}

/** The smallest k whose k largest energies reach the share; a touch less counts, so that rounding does not. */
export function componentsFor(share: number, energies: Float64Array, energy: number): number {
  const target = share * energy * (1 - 1e-9);
  let sum = 0;
  let k = 0;
  while (sum < target && k < energies.length) sum += energies[k++]!;
  return k;
}

function entropy(energies: Float64Array, energy: number): number {
  let sum = 0;
  for (const value of energies) {
    const p = value / energy;
    if (p > 0) sum -= p * Math.log(p);
  }
  return sum;
}

function total(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum;
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
