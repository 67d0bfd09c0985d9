import type { MatrixView } from "../../server/architecture/architecture.ts";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import { metricKeys, type Metrics } from "../../server/spectrum/metrics.ts";
import type { Analysis } from "../../server/worker-protocol.ts";

/** A matrix of a checkpoint that exists only in a test. */
export function matrixView(id: string, rows: number, columns: number, dtype: Dtype = "F32", begin = 0): MatrixView {
  const end = begin + rows * columns * 4;
  return {
    id,
    tensor: { name: id, dtype, shape: [rows, columns], file: 0, begin, end },
    description: {
      role: "other",
      block: "",
      layer: null,
      expert: null,
      auxiliaryOf: null,
      packed: null,
      unsupported: null,
    },
    expert: null,
    rows,
    columns,
    begin,
    end,
  };
}

/** An analysis with the given singular values; the rest is neutral. */
export function analysisWith(singularValues: readonly number[]): Analysis {
  const metrics = Object.fromEntries(metricKeys.map((key) => [key, null])) as Metrics;
  return {
    measurement: {
      entries: {
        count: 16,
        nonFinite: 0,
        zeros: 0,
        minimum: -1,
        maximum: 1,
        mean: 0,
        variance: 1,
        excessKurtosis: 0,
        frobeniusNorm: 4,
        gramRatio: null,
        rowDispersion: 0,
        columnDispersion: 0,
        zeroRows: 0,
        zeroColumns: 0,
        differsFromIdentity: 16,
        fingerprint: "0".repeat(32),
      },
      singularValues: Float64Array.from(singularValues),
      shuffle: null,
    },
    metrics: { ...metrics, spectralNorm: singularValues[0] ?? null },
    noise: metrics,
    tests: [],
    vectors: null,
    engine: { adapter: "a test", backend: "none", software: true },
  };
}
