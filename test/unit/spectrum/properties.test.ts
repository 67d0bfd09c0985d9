/**
 * What must hold for any matrix: seeded matrices of many shapes and kinds, changed in ways that change no answer, or
 * change it in a known way.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { compressionOf } from "../../../server/spectrum/compression.ts";
import { spectrumMetrics } from "../../../server/spectrum/compute-metrics.ts";
import { decideVerdict } from "../../../server/spectrum/decide.ts";
import { meanLocalisation } from "../../../server/spectrum/localisation.ts";
import { metricKeys, type MetricKey, type Metrics } from "../../../server/spectrum/metrics.ts";
import { noiseMetrics } from "../../../server/spectrum/noise-metrics.ts";
import { isShuffled, noiseTests } from "../../../server/spectrum/noise-tests.ts";
import type { Grade, NoiseTest } from "../../../server/spectrum/verdict.ts";
import { vectorRandomness } from "../../../server/spectrum/vector-randomness.ts";
import { movingAverage } from "../../../server/statistics/moving-average.ts";
import { seededRandom } from "../../../server/statistics/random.ts";
import { measure } from "../../support/measure.ts";

interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly at: (i: number, j: number) => number;
}

interface Answers {
  readonly metrics: Metrics;
  readonly tests: readonly NoiseTest[];
  readonly grade: Grade;
  readonly pValue: number | null;
}

const seeds = Array.from({ length: 40 }, (_, k) => k + 1);

/** Noise, normal or uniform; noise with a spike; rows or columns of falling size. */
function draw(seed: number): Matrix {
  const random = seededRandom(seed);
  const [rows, columns] = [6 + Math.floor(50 * random.uniform()), 6 + Math.floor(80 * random.uniform())];
  const kind = seed % 5;
  const noise = Float64Array.from({ length: rows * columns }, () =>
    kind === 1 ? random.uniform() - 0.5 : random.normal(),
  );
  const [left, right] = [rows, columns].map((length) => Float64Array.from({ length }, random.normal));
  return {
    rows,
    columns,
    at: (i, j) => {
      const entry = noise[i * columns + j]!;
      if (kind === 2) return entry + left![i]! * right![j]!;
      if (kind === 3) return entry * 0.9 ** i;
      if (kind === 4) return entry * (1 + j / columns);
      return entry;
    },
  };
}

function answersOf({ rows, columns, at }: Matrix): Answers {
  const shape = { rows, columns };
  const entries = Float64Array.from({ length: rows * columns }, (_, k) => at(Math.floor(k / columns), k % columns));
  const measurement = measure(entries, rows, columns);
  const metrics = spectrumMetrics(measurement.singularValues, shape, measurement.entries);
  const tests = noiseTests(measurement, shape);
  const context = { unsupported: null, duplicateOf: null, configInitialiser: null };
  const noise = noiseMetrics(shape, metrics.sigmaEntries);
  const verdict = decideVerdict({ ...measurement, shape, metrics, noise, tests, context });
  return { metrics, tests, grade: verdict.grade, pValue: verdict.pValue };
}

/** A random order of the numbers below `length`. */
function order(length: number, seed: number): readonly number[] {
  const { uniform } = seededRandom(seed);
  const keys = Array.from({ length }, uniform);
  return [...keys.keys()].toSorted((a, b) => keys[a]! - keys[b]!);
}

function near(actual: number | null, expected: number | null, what: string): void {
  if (actual === null || expected === null) assert.equal(actual, expected, what);
  else assert.ok(Math.abs(actual - expected) <= 1e-7 * (1 + Math.abs(expected)), `${what}: ${actual}, not ${expected}`);
}

function sameTests(actual: readonly NoiseTest[], expected: readonly NoiseTest[], what: string, pValues = true): void {
  assert.deepEqual(
    actual.map(({ name }) => name),
    expected.map(({ name }) => name),
    what,
  );
  actual.forEach(({ name, statistic, pValue }, k) => {
    near(statistic, expected[k]!.statistic, `${what}, ${name}`);
    if (pValues) near(pValue, expected[k]!.pValue, `${what}, p of ${name}`);
  });
}

/** The power of a scale that a metric changes by. */
const powers: Partial<Record<MetricKey, number>> = {
  ...{ sigmaEntries: 1, sigmaBulk: 1, lowerEdge: 1, upperEdge: 1, frobeniusNorm: 1, spectralNorm: 1 },
  powerLawXMin: 2,
  spectrumSnr: -1,
};

describe("whatever the matrix", () => {
  const matrices = seeds.map((seed) => {
    const matrix = draw(seed);
    return { seed, matrix, answers: answersOf(matrix), what: `matrix ${seed}, ${matrix.rows} × ${matrix.columns}` };
  });

  it("the matrices are of several grades", () => {
    assert.ok(new Set(matrices.map(({ answers }) => answers.grade)).size >= 3);
    assert.ok(matrices.some(({ matrix }) => isShuffled(matrix)) && matrices.some(({ matrix }) => !isShuffled(matrix)));
  });

  it("a factor changes what is a size by its power, and nothing else", () => {
    for (const { seed, matrix, answers, what } of matrices) {
      // A power of two, so that the float32 entries of the shuffle test are the same ones.
      const factor = (seed % 2 === 0 ? -1 : 1) * 2 ** (Math.floor((seed * 37) % 81) - 40);
      const scaled = answersOf({ ...matrix, at: (i, j) => factor * matrix.at(i, j) });
      for (const key of metricKeys) {
        const unit = Math.abs(factor) ** (powers[key] ?? 0);
        near(scaled.metrics[key] === null ? null : scaled.metrics[key] / unit, answers.metrics[key], `${what}, ${key}`);
      }
      sameTests(scaled.tests, answers.tests, what);
      assert.equal(scaled.grade, answers.grade, what);
    }
  });

  it("the transpose has the same numbers, with rows and columns exchanged", () => {
    for (const { matrix, answers, what } of matrices) {
      const { rows, columns, at } = matrix;
      const turned = answersOf({ rows: columns, columns: rows, at: (i, j) => at(j, i) });
      for (const key of metricKeys) near(turned.metrics[key], answers.metrics[key], `${what}, ${key}`);
      const exchanged = turned.tests.map((test) => {
        const other = { rows: "columns", columns: "rows" }[test.name as string];
        const found = turned.tests.find(({ name }) => name === other);
        return found === undefined ? test : { ...found, name: test.name };
      });
      // Shuffles of a square matrix start from another order of the entries.
      sameTests(exchanged, answers.tests, what, !(isShuffled(matrix) && rows === columns));
      if (!isShuffled(matrix)) assert.equal(turned.grade, answers.grade, what);
    }
  });

  it("the order of rows and columns does not matter", () => {
    for (const { seed, matrix, answers, what } of matrices) {
      const [rows, columns] = [order(matrix.rows, 1000 + seed), order(matrix.columns, 2000 + seed)];
      const mixed = answersOf({ ...matrix, at: (i, j) => matrix.at(rows[i]!, columns[j]!) });
      for (const key of metricKeys) near(mixed.metrics[key], answers.metrics[key], `${what}, ${key}`);
      sameTests(mixed.tests, answers.tests, what, !isShuffled(matrix));
      if (!isShuffled(matrix)) assert.equal(mixed.grade, answers.grade, what);
    }
  });

  it("rows of zeros leave the edges where they were", () => {
    for (const { matrix, answers, what } of matrices) {
      const { rows, columns, at } = matrix;
      const padded = answersOf({ rows: rows + 3, columns, at: (i, j) => (i < 3 ? 0 : at(i - 3, j)) });
      // Of the others John's statistic and the dispersions see the kurtosis, for which the mean is taken for zero then.
      const edges = (tests: readonly NoiseTest[]): NoiseTest[] =>
        tests.filter(({ name }) => name === "largest" || name === "smallest");
      sameTests(edges(padded.tests), edges(answers.tests), what, !isShuffled(matrix));
    }
  });

  it("two copies of every singular value double what counts directions", () => {
    for (const { seed, matrix, answers, what } of matrices) {
      const entries = Float64Array.from({ length: matrix.rows * matrix.columns }, (_, k) =>
        matrix.at(Math.floor(k / matrix.columns), k % matrix.columns),
      );
      const { singularValues } = measure(entries, matrix.rows, matrix.columns);
      const doubled = Float64Array.from({ length: 2 * singularValues.length }, (_, k) => singularValues[k >> 1]!);
      const shape = { rows: 2 * matrix.rows, columns: 2 * matrix.columns };
      const frobeniusNorm = Math.SQRT2 * answers.metrics.frobeniusNorm!;
      const metrics = spectrumMetrics(doubled, shape, { frobeniusNorm });
      for (const key of ["effectiveRank", "royVetterliRank", "participationRatio", "stableRank"] as const) {
        near(metrics[key], 2 * answers.metrics[key]!, `${what}, ${key}`);
      }
      for (const key of ["firstLastRatio", "spectralNorm"] as const) {
        near(metrics[key], answers.metrics[key], `${what}, ${key}`);
      }
      for (const key of ["energy60", "energy80", "energy90", "energy95", "energy99"] as const) {
        const twice = 2 * answers.metrics[key]!;
        assert.ok(metrics[key] === twice || metrics[key] === twice - 1, `${what}, ${key}, seed ${seed}`);
      }
    }
  });

  it("what can be left out depends neither on the scale nor on which side is which", () => {
    for (const seed of seeds) {
      const random = seededRandom(seed);
      const m = 2 + Math.floor(700 * random.uniform());
      const values = Float64Array.from({ length: m }, () => Math.exp(random.normal())).toSorted((a, b) => b - a);
      const shape = { rows: m, columns: m + seed };
      const one = compressionOf(values, shape, seed % 7)!;
      const scaled = values.map((value) => value * 2 ** -200);
      assert.deepEqual(compressionOf(scaled, shape, seed % 7), one);
      assert.deepEqual(compressionOf(values, { rows: m + seed, columns: m }, seed % 7), one);
      for (const [k, { rank, energy }] of one.byEnergy.entries()) {
        assert.ok(energy >= [0.6, 0.8, 0.9, 0.95, 0.99][k]! - 1e-9 && rank <= m);
        if (rank > 1) {
          const kept = values.subarray(0, rank - 1).reduce((sum, value) => sum + value ** 2, 0);
          const all = values.reduce((sum, value) => sum + value ** 2, 0);
          assert.ok(kept / all < [0.6, 0.8, 0.9, 0.95, 0.99][k]!, `one less than ${rank} would do`);
        }
      }
    }
  });

  it("means over vectors do not depend on their order, and vectors of the null space change nothing", () => {
    for (const seed of seeds) {
      const random = seededRandom(seed);
      const statistics = Array.from({ length: 3 + seed }, () => 0.4 + 1.2 * random.uniform());
      const mixed = order(statistics.length, seed).map((k) => statistics[k]!);
      const one = vectorRandomness(statistics);
      for (const other of [vectorRandomness(mixed), vectorRandomness([NaN, ...statistics, NaN])]) {
        near(other.meanP, one.meanP, "mean p");
        near(other.shareBelow05, one.shareBelow05, "share");
      }
      const localisation = meanLocalisation(statistics, statistics);
      const other = meanLocalisation([NaN, ...mixed], [NaN, ...mixed]);
      near(other.largest, localisation.largest, "largest");
      near(other.inverseParticipation, localisation.inverseParticipation, "inverse participation");
    }
  });

  it("a moving average is the same read backwards, and between the least and the largest", () => {
    for (const seed of seeds) {
      const random = seededRandom(seed);
      const values = Array.from({ length: 5 * seed }, () => (random.uniform() < 0.1 ? null : random.uniform()));
      const average = movingAverage(values);
      movingAverage(values.toReversed()).forEach((value, k) => {
        const mirrored = average[average.length - 1 - k]!;
        if (value === null) assert.equal(mirrored, null);
        else assert.ok(Math.abs(value - mirrored) <= 2e-6, `${value} ${mirrored}`);
      });
      const present = values.filter((value) => value !== null);
      for (const value of average) {
        if (value === null) continue;
        assert.ok(value >= Math.min(...present) - 1e-6 && value <= Math.max(...present) + 1e-6);
      }
    }
  });
});
