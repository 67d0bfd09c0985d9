import { noiseSpectrum } from "../statistics/noise-spectrum.ts";
import { noMetrics, spectrumMetrics } from "./compute-metrics.ts";
import type { MetricKey, Metrics } from "./metrics.ts";
import { sides, type Shape } from "./shape.ts";

/** The metrics that change with scale, by the power of σ that they grow with. The others depend on the shape alone. */
const powers: Partial<Record<MetricKey, number>> = {
  sigmaEntries: 1,
  sigmaBulk: 1,
  lowerEdge: 1,
  upperEdge: 1,
  frobeniusNorm: 1,
  spectralNorm: 1,
  powerLawXMin: 2,
  spectrumSnr: -1,
};

/** The metrics at σ = 1: shapes repeat from block to block. */
const remembered = new Map<string, Metrics>();
const mostRemembered = 256;

/**
 * The value of each metric under noise: independent entries of the same shape and mean square. They are the metrics of
 * the typical noise spectrum (server/statistics/noise-spectrum.ts), and agree with the medians of simulated matrices.
 * @param sigmaEntries null, or not finite, where the matrix has none: then what scales with it is null
 */
export function noiseMetrics(shape: Shape, sigmaEntries: number | null): Metrics {
  const unit = unitNoise(shape);
  const scaled: Partial<Record<MetricKey, number | null>> = {};
  for (const [key, power] of Object.entries(powers) as [MetricKey, number][]) {
    const value = (unit[key] ?? NaN) * (sigmaEntries ?? NaN) ** power;
    scaled[key] = Number.isFinite(value) ? value : null;
  }
  return { ...unit, ...scaled };
}

function unitNoise(shape: Shape): Metrics {
  const { m, n } = sides(shape);
  if (m === 0) return noMetrics();
  const key = `${m}×${n}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const metrics = {
    ...spectrumMetrics(noiseSpectrum(m, n), shape, { frobeniusNorm: Math.sqrt(m) * Math.sqrt(n) }),
    // A count that is rarely above zero has no typical value: simulated means are 0.15 to 0.24 on each side.
    outliersLeft: m === n ? 0 : 0.2,
    outliersRight: 0.2,
  };
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(key, metrics);
  return metrics;
}
