import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { spectrumHistogram } from "../../../server/spectrum/histogram.ts";
import { gaussianSpectra } from "../../support/null-model.ts";

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

describe("histogram of a spectrum", () => {
  it("counts every value once and expects as many", () => {
    const values = [...gaussianSpectra(200, 300, 1)()];
    const { edges, counts, expected } = spectrumHistogram(values, { rows: 200, columns: 300 }, 1)!;
    assert.equal(edges.length, counts.length + 1);
    assert.ok(counts.length >= 20 && counts.length <= 80);
    assert.equal(sum(counts), 200);
    assert.ok(Math.abs(sum(expected) - 200) < 1e-9);
    counts.forEach((count, k) => {
      const inside = values.filter((s) => s >= edges[k]! && s < edges[k + 1]!).length;
      assert.ok(Math.abs(count - inside) <= 1);
      // Eigenvalues are rigid: no bin of noise is far from its expectation.
      assert.ok(Math.abs(count - expected[k]!) < 5);
    });
  });

  it("spans values and bulk", () => {
    const { edges, counts } = spectrumHistogram([50, 3, 2, 1], { rows: 4, columns: 4 }, 0.5)!;
    assert.equal(edges[0], 0);
    assert.equal(edges.at(-1), 50);
    assert.equal(counts.at(-1), 1);
  });

  it("copes with equal values, no σ, and nothing to show", () => {
    assert.equal(sum(spectrumHistogram([2, 2, 2], { rows: 3, columns: 3 }, 0)!.counts), 3);
    assert.deepEqual(new Set(spectrumHistogram([2, 1], { rows: 2, columns: 3 }, 0)!.expected), new Set([0]));
    assert.equal(spectrumHistogram([0, 0], { rows: 2, columns: 3 }, 1), null);
    assert.equal(spectrumHistogram([], { rows: 2, columns: 3 }, 1), null);
  });
});
