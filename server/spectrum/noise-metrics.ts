import { noiseSpectrum } from "../statistics/noise-spectrum.ts";
import { noMetrics, shapeMetrics } from "./compute-metrics.ts";
import type { Metrics, MetricKey } from "./metrics.ts";
import { sides, type Shape } from "./shape.ts";

/** What a shape gives at σ = 1: shapes repeat from block to block. */
interface UnitNoise {
  readonly metrics: Partial<Record<MetricKey, number | null>>;
  readonly largest: number;
}

const remembered = new Map<string, UnitNoise>();
const mostRemembered = 256;

/**
 * The value of each metric under noise: independent entries of the same shape and mean square. They are the metrics of
 * the typical noise spectrum (server/statistics/noise-spectrum.ts), and agree with the medians of simulated matrices.
 * @param sigmaEntries null, or not finite, where the matrix has none: then what scales with it is null
 */
export function noiseMetrics(shape: Shape, sigmaEntries: number | null): Metrics {
  const { m, n } = sides(shape);
  if (m === 0) return noMetrics();
  const unit = unitNoise(m, n);
  const sigma = sigmaEntries !== null && Number.isFinite(sigmaEntries) ? sigmaEntries : null;
  const scaled = (value: number): number | null => {
    const product = sigma === null ? NaN : value * sigma;
    return Number.isFinite(product) ? product : null;
  };
  return {
    ...noMetrics(),
    ...unit.metrics,
    sigmaEntries: sigma,
    sigmaBulk: sigma,
    lowerEdge: scaled(Math.sqrt(n) - Math.sqrt(m)),
    upperEdge: scaled(Math.sqrt(n) + Math.sqrt(m)),
    // Simulated means are 0.15 to 0.24 on each side, whatever the shape.
    outliersLeft: m === n ? 0 : 0.2,
    outliersRight: 0.2,
    frobeniusNorm: scaled(Math.sqrt(m) * Math.sqrt(n)),
    spectralNorm: scaled(unit.largest),
  };
}

function unitNoise(m: number, n: number): UnitNoise {
  const key = `${m}×${n}`;
  const known = remembered.get(key);
  if (known !== undefined) return known;
  const spectrum = noiseSpectrum(m, n);
  const unit = { metrics: shapeMetrics(spectrum), largest: spectrum[0]! };
  if (remembered.size >= mostRemembered) remembered.clear();
  remembered.set(key, unit);
  return unit;
}
