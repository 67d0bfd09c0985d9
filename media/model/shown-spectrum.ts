/** A spectrum with what noise would give beside it, as the charts of values and of energy draw it. */
import type { MatrixDetail, Metrics, ProductResult } from "../../server/protocol.ts";
import { productNoiseValues } from "../../server/spectrum/product-noise.ts";
import { energyAbove, quantile } from "../../server/statistics/marchenko-pastur.ts";

export interface ShownSpectrum {
  /** Descending. */
  readonly singularValues: readonly (number | null)[];
  readonly metrics: Metrics;
  readonly noise: Metrics;
  /** The value of this index, from 0, that noise as large would have; null where nothing compares. */
  readonly noiseAt: (index: number) => number | null;
  /** The share of the energy that the first k directions of noise hold; NaN where nothing compares. */
  readonly noiseEnergy: (k: number) => number;
}

/** Σ of the first k squares over Σ of all, for k = 0 … m; null where there is no energy. */
export function cumulativeEnergy(values: ArrayLike<number>): Float64Array | null {
  const sums = new Float64Array(values.length + 1);
  for (let k = 0; k < values.length; k++) sums[k + 1] = sums[k]! + values[k]! ** 2;
  const all = sums[values.length]!;
  return all > 0 && Number.isFinite(all) ? sums.map((sum) => sum / all) : null;
}

/** Of a matrix, beside the Marchenko–Pastur law of its bulk. */
export function matrixSpectrum({ rows, columns, singularValues, metrics, noise }: MatrixDetail): ShownSpectrum {
  const small = Math.min(rows, columns);
  const large = Math.max(rows, columns);
  const unit = (metrics.sigmaBulk ?? 0) * Math.sqrt(large);
  const shape = small / large;
  return {
    ...{ singularValues, metrics, noise },
    // The quantile in the middle of the share that a value stands for.
    noiseAt: (index) => (unit > 0 ? unit * quantile(1 - (index + 0.5) / small, shape) : null),
    // The share above the quantile: exact for large matrices, and within a direction for small ones.
    noiseEnergy: (k) => energyAbove(quantile(1 - k / small, shape), shape),
  };
}

/** Of a product of two weights, beside the product of two random factors. */
export function productSpectrum(product: ProductResult): ShownSpectrum {
  const { singularValues, metrics, noise } = product;
  const values = productNoiseValues(product, metrics.frobeniusNorm);
  const energy = values === null ? null : cumulativeEnergy(values);
  return {
    ...{ singularValues, metrics, noise },
    noiseAt: (index) => values?.[index] ?? null,
    noiseEnergy: (k) => energy?.[k] ?? NaN,
  };
}
