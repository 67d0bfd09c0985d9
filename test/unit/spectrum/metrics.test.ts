import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spectrumMetrics } from "../../../server/spectrum/compute-metrics.ts";
import { metricKeys, type MetricKey } from "../../../server/spectrum/metrics.ts";
import { noiseMetrics } from "../../../server/spectrum/noise-metrics.ts";
import { gaussianSpectra } from "../../support/null-model.ts";

function metricsOf(values: readonly number[], rows: number, columns: number): Record<MetricKey, number | null> {
  const singularValues = Float64Array.from(values);
  const largest = singularValues[0] ?? 0;
  const relative = singularValues.reduce((sum, s) => sum + (largest > 0 ? (s / largest) ** 2 : 0), 0);
  return spectrumMetrics(singularValues, { rows, columns }, { frobeniusNorm: largest * Math.sqrt(relative) });
}

const near = (actual: number | null, expected: number, relative: number, name = ""): void => {
  assert.ok(
    actual !== null && Math.abs(actual - expected) <= relative * Math.abs(expected),
    `${name} ${actual} is not ${expected}`,
  );
};

describe("metrics of a spectrum", () => {
  it("follow their definitions", () => {
    const metrics = metricsOf([4, 3, 2, 1], 4, 9);
    const energy = 16 + 9 + 4 + 1;
    near(metrics.frobeniusNorm, Math.sqrt(energy), 1e-14);
    near(metrics.sigmaEntries, Math.sqrt(energy / 36), 1e-14);
    near(metrics.spectralNorm, 4, 0);
    near(metrics.firstLastRatio, 4, 1e-15);
    near(metrics.stableRank, energy / 16, 1e-14);
    near(metrics.participationRatio, energy ** 2 / (256 + 81 + 16 + 1), 1e-14);
    const entropy = [16, 9, 4, 1].reduce((sum, x) => sum - (x / energy) * Math.log(x / energy), 0);
    near(metrics.effectiveRank, Math.exp(entropy), 1e-14);
    assert.equal(metrics.energy60, 2);
    assert.equal(metrics.energy80, 2);
    assert.equal(metrics.energy90, 3);
    assert.equal(metrics.top10Ratio, 1);
    assert.equal(metrics.least10Ratio, 1);
    near(metrics.upperEdge! / metrics.lowerEdge!, (3 + 2) / (3 - 2), 1e-14);
  });

  it("take the ten largest and the ten smallest of more than ten", () => {
    const metrics = metricsOf(
      Array.from({ length: 20 }, (_, i) => 20 - i),
      20,
      20,
    );
    near(metrics.top10Ratio, 155 / 210, 1e-14);
    near(metrics.least10Ratio, 55 / 210, 1e-14);
    assert.equal(metrics.outliersLeft, 0);
  });

  it("agree with NumPy on a spectrum of twelve values", () => {
    const metrics = metricsOf([9, 7.5, 6, 5, 4.5, 4, 3.2, 3, 2.5, 2, 1.5, 1], 12, 20);
    near(metrics.spectrumSnr, 0.30303030303030304, 1e-12);
    near(metrics.royVetterliRank, 10.223928815545797, 1e-12);
    near(metrics.hillAlpha, 1.8511140808657462, 1e-12);
    assert.deepEqual([metrics.energy95, metrics.energy99], [9, 11]);
    // α = 1 + k/Σ ln(λᵢ/λ_min) holds at the xMin that was chosen.
    const tail = [9, 7.5, 6, 5, 4.5, 4, 3.2, 3, 2.5, 2, 1.5, 1]
      .map((value) => value ** 2)
      .filter((value) => value >= metrics.powerLawXMin!);
    const sum = tail.reduce((total, value) => total + Math.log(value / metrics.powerLawXMin!), 0);
    near(metrics.powerLawAlpha, 1 + tail.length / sum, 1e-12);
    assert.ok(metrics.powerLawDistance! > 0 && metrics.powerLawDistance! < 0.5);
  });

  it("count as signal what stands above the bulk, where Spectrum counts far more", () => {
    const noise = metricsOf([...gaussianSpectra(64, 64, 5)()], 64, 64);
    assert.ok(noise.bulkSnr! < 0.1, String(noise.bulkSnr));
    assert.ok(noise.spectrumSnr! * noise.spectralNorm! > 0.3);
    const spiked = metricsOf([100, ...gaussianSpectra(63, 64, 5)()], 64, 64);
    near(spiked.bulkSnr, 100 / [...gaussianSpectra(63, 64, 5)()].reduce((sum, value) => sum + value, 0), 0.05);
    // Of a wide matrix of noise it calls everything signal.
    assert.equal(metricsOf([...gaussianSpectra(32, 512, 5)()], 32, 512).spectrumSnr, null);
  });

  it("do not change with scale, however extreme, but for those that are sizes", () => {
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
    const values = [...gaussianSpectra(30, 50, 1)()];
    const one = metricsOf(values, 30, 50);
    for (const scale of [1e-140, 1e-30, 1e140]) {
      const other = metricsOf(
        values.map((value) => value * scale),
        30,
        50,
      );
      for (const key of metricKeys) near(other[key], one[key]! * scale ** (powers[key] ?? 0), 1e-9, key);
    }
  });

  it("do not depend on orientation", () => {
    const values = [...gaussianSpectra(30, 50, 2)()];
    assert.deepEqual(metricsOf(values, 50, 30), metricsOf(values, 30, 50));
  });

  it("are null where they do not exist", () => {
    const zero = metricsOf([0, 0, 0], 3, 5);
    assert.equal(zero.frobeniusNorm, 0);
    assert.equal(zero.spectralNorm, 0);
    assert.equal(zero.sigmaBulk, 0);
    assert.equal(zero.outliersRight, 0);
    for (const key of [
      "firstLastRatio",
      "effectiveRank",
      "energy90",
      "top10Ratio",
      "powerLawAlpha",
      "stableRank",
    ] as const) {
      assert.equal(zero[key], null, key);
    }
    const singular = metricsOf([2, 1, 0], 3, 5);
    assert.equal(singular.firstLastRatio, null);
    near(singular.participationRatio, 25 / 17, 1e-14);
    for (const metrics of [
      metricsOf([], 3, 5),
      spectrumMetrics(Float64Array.of(NaN, 1, 1), { rows: 3, columns: 5 }, { frobeniusNorm: 1 }),
    ]) {
      for (const key of metricKeys) assert.equal(metrics[key], null, key);
    }
  });

  it("count equal values right", () => {
    const metrics = metricsOf(new Array<number>(10).fill(3), 10, 10);
    assert.deepEqual([metrics.energy60, metrics.energy80, metrics.energy90], [6, 8, 9]);
    near(metrics.effectiveRank, 10, 1e-13);
    assert.equal(metrics.powerLawAlpha, null);
  });
});

describe("metrics of noise", () => {
  it("agree with published simulations", () => {
    near(noiseMetrics({ rows: 64, columns: 2048 }, 1).top10Ratio, 0.1775, 0.001);
    near(noiseMetrics({ rows: 2048, columns: 64 }, 1).least10Ratio, 0.1356, 0.001);
    near(noiseMetrics({ rows: 64, columns: 2048 }, 1).firstLastRatio, 1.408, 0.001);
    near(noiseMetrics({ rows: 128, columns: 4096 }, 1).top10Ratio, 0.0901, 0.001);
    near(noiseMetrics({ rows: 128, columns: 4096 }, 1).least10Ratio, 0.0666, 0.001);
    near(noiseMetrics({ rows: 128, columns: 4096 }, 1).firstLastRatio, 1.417, 0.001);
    const energies = [
      [4096, 4096, 967, 1583, 2088],
      [1024, 4096, 401, 624, 780],
      [4096, 14336, 1550, 2430, 3058],
    ] as const;
    for (const [rows, columns, ...expected] of energies) {
      const { energy60, energy80, energy90 } = noiseMetrics({ rows, columns }, 1);
      [energy60, energy80, energy90].forEach((value, k) => {
        assert.ok(Math.abs(value! - expected[k]!) <= 1, `${rows} × ${columns}: ${value} is not ${expected[k]!} ± 1`);
      });
    }
  });

  it("agree with the asymptotic formulas for large matrices", () => {
    for (const [m, n] of [
      [4096, 4096],
      [1024, 4096],
    ] as const) {
      const y = m / n;
      const noise = noiseMetrics({ rows: m, columns: n }, 1);
      near(noise.effectiveRank, m * Math.exp(-y / 2), 2e-3);
      near(noise.participationRatio, m / (1 + y), 2e-3);
      near(noise.stableRank, m / (1 + Math.sqrt(y)) ** 2, 6e-3);
      near(noise.upperEdge, Math.sqrt(n) + Math.sqrt(m), 1e-3);
      near(noise.sigmaEntries, 1, 0);
    }
  });

  for (const [m, n] of [
    [16, 16],
    [24, 200],
    [64, 96],
  ] as const) {
    it(`agree with simulated ${m} × ${n} matrices`, () => {
      const draw = gaussianSpectra(m, n, m + n);
      const draws = Array.from({ length: 200 }, () => metricsOf([...draw()], m, n));
      const noise = noiseMetrics({ rows: m, columns: n }, 1);
      const tolerances: Partial<Record<MetricKey, number>> = {
        top10Ratio: 0.01,
        least10Ratio: 0.02,
        effectiveRank: 0.01,
        participationRatio: 0.015,
        stableRank: 0.03,
        spectralNorm: 0.015,
        frobeniusNorm: 0.01,
        sigmaBulk: 0.02,
        energy60: 0.5 / (0.25 * m) + 0.02,
        energy90: 0.5 / (0.5 * m) + 0.02,
      };
      for (const [key, tolerance] of Object.entries(tolerances) as [MetricKey, number][]) {
        const mean = draws.reduce((sum, metrics) => sum + metrics[key]!, 0) / draws.length;
        near(noise[key], mean, tolerance, key);
      }
      const median = draws.map((metrics) => metrics.firstLastRatio!).sort((a, b) => a - b)[100]!;
      near(noise.firstLastRatio, median, m === n ? 0.25 : 0.02, "firstLastRatio");
      const outliers = draws.reduce((sum, { outliersRight }) => sum + outliersRight!, 0) / draws.length;
      assert.ok(outliers > 0.05 && outliers < 0.5, `${outliers} outliers`);
    });
  }

  it("exist for every shape, and scale with σ", () => {
    for (const [rows, columns] of [
      [1, 1],
      [1, 500],
      [2, 2],
      [2, 3],
      [3, 100_000],
      [11, 12],
    ] as const) {
      const noise = noiseMetrics({ rows, columns }, 0.02);
      assert.ok(noise.spectralNorm! > 0 && noise.spectralNorm! < 0.02 * 1000, `${rows} × ${columns}`);
      assert.ok(noise.firstLastRatio! >= 1);
      near(noiseMetrics({ rows, columns }, 0.04).spectralNorm, 2 * noise.spectralNorm!, 1e-12);
    }
    assert.equal(noiseMetrics({ rows: 4, columns: 4 }, null).spectralNorm, null);
    assert.ok(noiseMetrics({ rows: 4, columns: 4 }, null).effectiveRank! > 1);
    assert.equal(noiseMetrics({ rows: 4, columns: 4 }, 0).spectralNorm, 0);
  });
});
