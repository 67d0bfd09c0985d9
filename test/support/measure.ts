/** A float64 measurement of a matrix for tests: what the GPU process would tell, computed plainly. */
import type { EntryStatistics, Measurement } from "../../server/svd/measurement.ts";
import { isShuffled } from "../../server/spectrum/noise-tests.ts";
import { shuffleTest } from "../../server/statistics/shuffle-test.ts";
import { singularValues } from "./svd.ts";

/** @param a `rows × columns`, row-major */
export function entryStatistics(a: Float64Array, rows: number, columns: number): EntryStatistics {
  const finite = a.filter((value) => Number.isFinite(value));
  let scale = 0;
  for (const value of finite) scale = Math.max(scale, Math.abs(value));
  const unit = scale === 0 ? 1 : scale;
  const sum = (f: (value: number) => number): number => finite.reduce((total, value) => total + f(value / unit), 0);
  const mean = sum((w) => w) / finite.length;
  const variance = sum((w) => (w - mean) ** 2) / finite.length;
  const rowNorms = new Float64Array(rows);
  const columnNorms = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const w = a[i * columns + j]! / unit;
      if (!Number.isFinite(w)) continue;
      rowNorms[i]! += w * w;
      columnNorms[j]! += w * w;
    }
  }
  return {
    count: a.length,
    nonFinite: a.length - finite.length,
    zeros: finite.filter((value) => value === 0).length,
    minimum: finite.reduce((least, value) => Math.min(least, value), Infinity),
    maximum: finite.reduce((most, value) => Math.max(most, value), -Infinity),
    mean: mean * unit,
    variance: variance * unit * unit,
    excessKurtosis: variance > 0 ? sum((w) => (w - mean) ** 4) / finite.length / variance ** 2 - 3 : 0,
    frobeniusNorm: Math.sqrt(sum((w) => w * w)) * unit,
    gramRatio: null,
    rowDispersion: dispersion(rowNorms),
    columnDispersion: dispersion(columnNorms),
    zeroRows: rowNorms.filter((norm) => norm === 0).length,
    zeroColumns: columnNorms.filter((norm) => norm === 0).length,
    differsFromIdentity: a.filter((value, k) => value !== (k % columns === Math.floor(k / columns) ? 1 : 0)).length,
    fingerprint: "0".repeat(32),
  };
}

/** Everything about one matrix. `values`, where they are known already, save the decomposition. */
export function measure(a: Float64Array, rows: number, columns: number, values?: Float64Array): Measurement {
  const entries = entryStatistics(a, rows, columns);
  return {
    entries,
    singularValues: entries.nonFinite > 0 ? new Float64Array(0) : (values ?? singularValues(a, rows, columns)),
    shuffle:
      isShuffled({ rows, columns }) && entries.nonFinite === 0
        ? shuffleTest(Float32Array.from(a), rows, columns)
        : null,
  };
}

function dispersion(norms: Float64Array): number {
  const mean = norms.reduce((total, norm) => total + norm, 0) / norms.length;
  return mean === 0 ? 0 : norms.reduce((total, norm) => total + (norm / mean - 1) ** 2, 0);
}
