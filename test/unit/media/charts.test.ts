import assert from "node:assert/strict";
import { test } from "node:test";
import { binSpectrum } from "../../../server/spectrum/histogram.ts";
import { thin } from "../../../media/charts/thin.ts";
import { edges, quantile } from "../../../server/statistics/marchenko-pastur.ts";

/** Normalised singular values of noise: the law's own quantiles. */
function noise(count: number, y: number): number[] {
  return Array.from({ length: count }, (_, k) => quantile(1 - (k + 0.5) / count, y));
}

for (const logarithmic of [false, true]) {
  const axis = logarithmic ? "logarithmic" : "linear";

  test(`${axis} bins hold every value once, and none mixes outliers with the bulk`, () => {
    const { lower, upper } = edges(0.25);
    const values = [7, 3, ...noise(200, 0.25), 0.11];
    const { bins } = binSpectrum(values, lower, upper, logarithmic);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      values.length,
    );
    const count = (part: string): number =>
      bins.filter((bin) => bin.part === part).reduce((sum, bin) => sum + bin.count, 0);
    assert.equal(count("right"), 2);
    assert.equal(count("left"), 1);
    const edge = bins.find(({ part }) => part === "right");
    assert.ok(Math.abs(edge!.from / upper - 1) < 1e-12);
    for (const value of values) {
      assert.equal(
        bins.filter(({ from, to }) => value > from * (1 - 1e-9) && value <= to * (1 + 1e-9)).length,
        1,
        String(value),
      );
    }
  });

  test(`${axis} bins stay bounded whatever the range`, () => {
    const values = [1e6, ...noise(100, 1), 1e-12];
    const { bins } = binSpectrum(values, 0, 2, logarithmic);
    assert.ok(bins.length <= 242, `${bins.length} bins`);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      values.length,
    );
  });
}

test("zeros cannot stand on a logarithmic axis, and are told of", () => {
  const { bins, leftOut } = binSpectrum([3, 2, 1, 0, 0], 0, 2, true);
  assert.equal(leftOut, 2);
  assert.equal(
    bins.reduce((sum, { count }) => sum + count, 0),
    3,
  );
  assert.deepEqual(binSpectrum([0, 0], 0, 0, true), { bins: [], width: 0, logarithmic: true, leftOut: 2 });
});

test("equal values and a bulk without width have bins too", () => {
  for (const logarithmic of [false, true]) {
    const { bins } = binSpectrum([1, 1, 1], 1, 1, logarithmic);
    assert.equal(
      bins.reduce((sum, { count }) => sum + count, 0),
      3,
    );
  }
});

test("a long line keeps both ends whole and even steps between", () => {
  assert.deepEqual(thin(5), [0, 1, 2, 3, 4]);
  const indices = thin(16_384);
  assert.equal(indices.length, 600);
  assert.deepEqual(
    indices.slice(0, 100),
    Array.from({ length: 100 }, (_, k) => k),
  );
  assert.equal(indices.at(-1), 16_383);
  assert.ok(indices.every((index, k) => k === 0 || index > indices[k - 1]!));
});
