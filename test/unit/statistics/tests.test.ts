import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bulkDistance, bulkDistancePValue, bulkDistanceQuantile } from "../../../server/statistics/bulk-distance.ts";
import { chiSquareCdf, chiSquareSurvival } from "../../../server/statistics/chi-square.ts";
import { dispersionTest } from "../../../server/statistics/dispersion.ts";
import { largestValueTest, smallestValueTest } from "../../../server/statistics/edges.ts";
import { johnStatistic, johnTest } from "../../../server/statistics/john.ts";
import { cdf, quantile } from "../../../server/statistics/marchenko-pastur.ts";
import { normalSurvival } from "../../../server/statistics/normal.ts";
import { pearson3 } from "../../../server/statistics/pearson3.ts";
import { chiBidiagonals, gaussianSpectra } from "../../support/null-model.ts";
import { entryStatistics } from "../../support/measure.ts";
import { gaussianMatrix } from "../../support/random.ts";

const near = (actual: number, expected: number, tolerance: number): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);
};

describe("bulk distance", () => {
  it("is half a value for exact quantiles, and the shift for shifted ones", () => {
    const m = 50;
    const exact = Float64Array.from({ length: m }, (_, i) => quantile(1 - (i + 0.5) / m, 0.5) * Math.sqrt(100));
    near(bulkDistance(exact, 1, m, 100), 0.5, 1e-9);
    const doubled = exact.map((value) => 2 * value);
    // All values above the median of the law by then: compare with the definition.
    const expected = Math.max(
      ...[...doubled].flatMap((value, i) => {
        const f = m * cdf(value / 10, 0.5);
        return [Math.abs(m - i - f), Math.abs(m - i - 1 - f)];
      }),
    );
    near(bulkDistance(doubled, 1, m, 100), expected, 1e-9);
    near(bulkDistance(doubled, 2, m, 100), 0.5, 1e-9);
  });

  it("agrees with an independent simulation of the null, to the scatter of its tails", () => {
    near(bulkDistanceQuantile(0.01, 512, 512, "frobenius"), 3.776, 0.1);
    near(bulkDistanceQuantile(0.01, 1024, 4096, "median"), 5.077, 0.15);
    near(bulkDistancePValue(2.602, 64, 64, "frobenius"), 0.05, 0.004);
    near(bulkDistancePValue(2.802, 64, 2048, "frobenius"), 0.01, 0.001);
    near(bulkDistancePValue(1.992, 64, 2048, "frobenius"), 0.5, 0.02);
  });

  it("gives back the tail of each quantile", () => {
    for (const tail of [0.5, 0.1, 0.05, 0.01, 0.001] as const) {
      near(bulkDistancePValue(bulkDistanceQuantile(tail, 256, 300, "median"), 256, 300, "median"), tail, 1e-9);
    }
  });

  it("has p-values that fall steadily, down to nothing for clear rejections", () => {
    for (const [m, n] of [
      [8, 8],
      [32, 40],
      [64, 100],
      [300, 300],
      [4096, 14336],
      [16384, 16384],
    ] as const) {
      let last = 1;
      for (let distance = 0; distance < 40; distance += 0.05) {
        const p = bulkDistancePValue(distance, m, n, "frobenius");
        assert.ok(p <= last && p > 0, `${m} × ${n} at ${distance}`);
        last = p;
      }
      assert.ok(last < 1e-40);
    }
  });

  it("has its size at sizes between and outside those of the table", () => {
    for (const [m, n] of [
      [40, 40],
      [90, 200],
    ] as const) {
      const draw = gaussianSpectra(m, n, m);
      const draws = 600;
      let rejected = 0;
      for (let k = 0; k < draws; k++) {
        const values = draw();
        const sigma = Math.sqrt(values.reduce((sum, s) => sum + s * s, 0) / (m * n));
        if (bulkDistancePValue(bulkDistance(values, sigma, m, n), m, n, "frobenius") < 0.05) rejected++;
      }
      near(rejected / draws, 0.05, 0.035);
    }
  });
});

describe("John's statistic", () => {
  it("is 0 for equal values, m − 1 for rank one, and scale-free", () => {
    near(johnStatistic(Float64Array.of(2, 2, 2)), 0, 1e-15);
    near(johnStatistic(Float64Array.of(2, 0, 0)), 2, 1e-15);
    const values = Float64Array.of(5, 3, 1);
    near(johnStatistic(values.map((value) => value * 1e200)), johnStatistic(values), 1e-14);
  });

  it("is standard normal under noise", () => {
    const draw = gaussianSpectra(48, 96, 3);
    const z = Array.from({ length: 800 }, () => johnTest(johnStatistic(draw()), 48, 96, 0).z);
    const mean = z.reduce((sum, value) => sum + value, 0) / z.length;
    near(mean, 0, 0.12);
    near(z.reduce((sum, value) => sum + (value - mean) ** 2, 0) / z.length, 1, 0.2);
  });
});

describe("John's test", () => {
  /** U without singular values: Σλ and Σλ² are the trace of BBᵀ and of its square, B bidiagonal. */
  const draws = (m: number, n: number): (() => number) => {
    const draw = chiBidiagonals(m, n, 5);
    return () => {
      const { diagonal, offDiagonal } = draw();
      let [trace, squares] = [0, 0];
      for (let i = 0; i < m; i++) {
        const own = diagonal[i]! ** 2 + (i > 0 ? offDiagonal[i - 1]! ** 2 : 0);
        trace += own;
        squares += own ** 2 + (i > 0 ? 2 * (diagonal[i - 1]! * offDiagonal[i - 1]!) ** 2 : 0);
      }
      return (m * squares) / trace ** 2 - 1;
    };
  };

  // A normal law would reject 4 × 8192 three times as often as it should at 1/600, and 2 × 9000 five times.
  for (const [m, n] of [
    [2, 9000],
    [4, 8192],
    [16, 1025],
    [32, 32],
    [64, 96],
  ] as const) {
    it(`has its size under noise of ${m} × ${n}, far out too`, () => {
      const draw = draws(m, n);
      const count = 20_000;
      // What is estimated of the fourth moment of so many entries, on average.
      const pValues = Array.from({ length: count }, () => johnTest(draw(), m, n, -6 / (m * n + 2)).pValue);
      for (const size of [0.05, 1 / 600]) {
        const rejected = pValues.filter((p) => p < size).length / count;
        near(rejected, size, 4 * Math.sqrt(size / count) + 0.1 * size);
      }
    });
  }
});

describe("Pearson's type III", () => {
  it("is the law of χ², moved and scaled, on either side", () => {
    for (const degrees of [2, 9, 500]) {
      for (const z of [-0.9, 0, 1, 4]) {
        const x = degrees + z * Math.sqrt(2 * degrees);
        const { below, above } = pearson3(z, Math.sqrt(8 / degrees));
        near(above / chiSquareSurvival(x, degrees), 1, 1e-12);
        near(below / chiSquareCdf(x, degrees), 1, 1e-12);
        assert.deepEqual(pearson3(-z, -Math.sqrt(8 / degrees)), { below: above, above: below });
      }
    }
  });

  it("is nearly normal where it is hardly skewed, and nothing beyond its end", () => {
    for (const z of [-3, 0.5, 4]) near(pearson3(z, 2e-3).above / normalSurvival(z), 1, 0.03);
    near(pearson3(4, 0).above, normalSurvival(4), 1e-15);
    assert.deepEqual(pearson3(-2, 1.5), { below: 0, above: 1 });
  });
});

describe("edges", () => {
  it("have their size under noise, for wide and for square matrices", () => {
    for (const [m, n] of [
      [40, 160],
      [40, 40],
    ] as const) {
      const draw = gaussianSpectra(m, n, n);
      const draws = 800;
      let [largest, smallest] = [0, 0];
      for (let k = 0; k < draws; k++) {
        const values = draw();
        if (largestValueTest(values[0]!, 1, m, n).pValue < 0.05) largest++;
        if (smallestValueTest(values.at(-1)!, 1, m, n).pValue < 0.05) smallest++;
      }
      near(largest / draws, 0.05, 0.025);
      near(smallest / draws, 0.05, 0.025);
    }
  });

  it("reject a spike, and a value that is missing", () => {
    assert.ok(largestValueTest(1.2 * (8 + 16), 1, 64, 256).pValue < 1e-10);
    assert.equal(smallestValueTest(0, 1, 64, 256).pValue, 0);
    assert.equal(smallestValueTest(0, 1, 64, 64).pValue, 0);
    assert.ok(Number.isFinite(smallestValueTest(0, 1, 64, 256).statistic));
    // Edelman's law: t = 1 gives 1 − e^(−3/2).
    near(smallestValueTest(0.125, 1, 64, 64).pValue, 1 - Math.exp(-1.5), 1e-14);
  });
});

describe("dispersion of rows and columns", () => {
  it("has its size under noise and rejects scaled rows", () => {
    let rejected = 0;
    for (let seed = 1; seed <= 300; seed++) {
      const { rowDispersion, excessKurtosis } = entryStatistics(gaussianMatrix(40, 30, seed), 40, 30);
      if (dispersionTest(rowDispersion, 40, 30, excessKurtosis).pValue < 0.05) rejected++;
    }
    near(rejected / 300, 0.05, 0.035);
    const scaled = gaussianMatrix(40, 300, 1).map((value, k) => value * (1 + 0.2 * (Math.floor(k / 300) % 2)));
    const { rowDispersion, columnDispersion, excessKurtosis } = entryStatistics(scaled, 40, 300);
    assert.ok(dispersionTest(rowDispersion, 40, 300, excessKurtosis).pValue < 1e-6);
    assert.ok(dispersionTest(columnDispersion, 300, 40, excessKurtosis).pValue > 0.01);
  });

  it("has nothing to say of one row, or of entries ±a", () => {
    assert.equal(dispersionTest(0, 1, 30, 0).pValue, 1);
    assert.equal(dispersionTest(0, 10, 30, -2).pValue, 1);
  });
});
