import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { productMetrics, productNoiseMetrics, productVerdict } from "../../../server/spectrum/product-spectrum.ts";
import { productNoiseSpectrum } from "../../../server/statistics/product-noise.ts";
import { gaussianMatrix, normal } from "../../support/random.ts";
import { singularValues } from "../../support/svd.ts";

/** The singular values of (rank × a)ᵀ(rank × b), by the product of their triangular factors. */
function productValues(rank: number, a: number, b: number, seed: number): Float64Array {
  const [left, right] = [gaussianMatrix(rank, a, seed), gaussianMatrix(rank, b, seed + 1)];
  const [l, r] = [cholesky(left, rank, a), cholesky(right, rank, b)];
  const core = new Float64Array(rank * rank);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) {
      for (let k = 0; k < rank; k++) core[i * rank + j]! += l[k * rank + i]! * r[k * rank + j]!;
    }
  }
  return singularValues(core, rank, rank);
}

/** L of X·Xᵀ = L·Lᵀ. */
function cholesky(x: Float64Array, rank: number, length: number): Float64Array {
  const l = new Float64Array(rank * rank);
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < length; k++) sum += x[i * length + k]! * x[j * length + k]!;
      for (let k = 0; k < j; k++) sum -= l[i * rank + k]! * l[j * rank + k]!;
      l[i * rank + j] = i === j ? Math.sqrt(sum) : sum / l[j * rank + j]!;
    }
  }
  return l;
}

function median(values: readonly number[]): number {
  return [...values].sort((x, y) => x - y)[Math.floor(values.length / 2)]!;
}

const shapes = [
  [8, 256, 384],
  [16, 64, 256],
  [32, 128, 128],
  [64, 384, 384],
] as const;

describe("a product of two noise matrices", () => {
  it("has the typical values and metrics of simulated ones", () => {
    for (const [rank, rows, columns] of shapes) {
      const shape = { rank, rows, columns };
      const draws = Array.from({ length: 25 }, (_, k) => productValues(rank, rows, columns, 10 * k));
      const typical = productNoiseSpectrum(rank, rows, columns);
      const own = draws.map((values) => productMetrics(values, shape));
      for (const [i, value] of typical.entries()) {
        const simulated = median(draws.map((values) => values[i]!));
        assert.ok(
          Math.abs(value / simulated - 1) < 0.05,
          `${rank} ${rows} ${columns}: s${i + 1} ${value} ${simulated}`,
        );
      }
      const noise = productNoiseMetrics(shape, own[0]!.frobeniusNorm);
      assert.ok(Math.abs(noise.frobeniusNorm! / own[0]!.frobeniusNorm! - 1) < 1e-9);
      for (const [key, tolerance] of [
        ["effectiveRank", 0.01],
        ["participationRatio", 0.02],
        ["stableRank", 0.06],
        ["top10Ratio", 0.02],
      ] as const) {
        const simulated = median(own.map((metrics) => metrics[key]!));
        assert.ok(Math.abs(noise[key]! / simulated - 1) < tolerance, `${rank} ${rows} ${columns}: ${key}`);
      }
      assert.equal(noise.upperEdge, null);
    }
  });

  it("is graded random, by a statistic that is standard normal", () => {
    for (const [rank, rows, columns] of shapes.slice(0, 3)) {
      const verdicts = Array.from({ length: 120 }, (_, k) =>
        productVerdict(productValues(rank, rows, columns, 7 + 10 * k), { rank, rows, columns }, "a product"),
      );
      const z = verdicts.map(({ tests }) => tests[0]!.statistic);
      const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
      const deviation = Math.sqrt(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length);
      assert.ok(Math.abs(mean) < 0.6 && Math.abs(deviation - 1) < 0.25, `${rank} ${rows}: ${mean} ± ${deviation}`);
      assert.ok(verdicts.filter(({ grade }) => grade === "random").length >= 114);
    }
  });

  it("is told from one with a direction of its own", () => {
    const shape = { rank: 8, rows: 256, columns: 384 };
    const values = productValues(8, 256, 384, 3);
    values[0] = values[0]! * 1.5;
    const { grade, reason } = productVerdict(values, shape, "ΔW");
    assert.equal(grade, "learned");
    assert.match(
      reason,
      /^ΔW: its values spread otherwise than those of random factors \(p .*effective rank .* of 8 \(noise 7\.78\)$/,
    );
  });

  it("has verdicts where there is nothing to test", () => {
    const shape = { rank: 4, rows: 16, columns: 16 };
    assert.equal(productVerdict(new Float64Array(4), shape, "ΔW").grade, "zero");
    assert.equal(productVerdict(new Float64Array(0), shape, "ΔW").grade, "non-finite");
    assert.equal(productVerdict(Float64Array.of(1), { ...shape, rank: 1 }, "ΔW").grade, "too-small");
    assert.equal(productVerdict(Float64Array.of(2, 1), { rank: 4, rows: 2, columns: 16 }, "ΔW").grade, "too-small");
    assert.equal(productMetrics(new Float64Array(0), shape).effectiveRank, null);
    assert.equal(productMetrics(new Float64Array(4), shape).frobeniusNorm, 0);
  });

  it("has metrics that do not depend on its scale", () => {
    const next = normal(4);
    const values = Float64Array.from({ length: 8 }, () => Math.exp(next()))
      .sort()
      .reverse();
    const shape = { rank: 8, rows: 32, columns: 64 };
    const [one, other] = [values, values.map((value) => value * 1e-9)].map((each) => productMetrics(each, shape));
    for (const key of ["effectiveRank", "stableRank", "energy90", "hillAlpha"] as const) {
      assert.ok(Math.abs(one![key]! - other![key]!) < 1e-9 * one![key]!, key);
    }
    assert.ok(Math.abs(other!.spectralNorm! / one!.spectralNorm! / 1e-9 - 1) < 1e-12);
  });
});
