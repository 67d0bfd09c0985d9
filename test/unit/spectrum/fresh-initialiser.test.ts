import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { freshInitialiser } from "../../../server/spectrum/fresh-initialiser.ts";
import { measure } from "../../support/measure.ts";
import { gaussianMatrix, normal } from "../../support/random.ts";

const shape = { rows: 64, columns: 96 };

function fresh(entries: Float64Array, initializerRange: number | null, sigmaBulk: number | null = 0.5) {
  const measurement = measure(entries, shape.rows, shape.columns);
  return freshInitialiser(measurement.entries, shape, measurement.singularValues, { initializerRange, sigmaBulk });
}

describe("freshInitialiser", () => {
  it("is what the entries are consistent with", () => {
    const { distribution, sigma, basis, words } = fresh(gaussianMatrix(64, 96, 1, 0.02), 0.02)!;
    assert.deepEqual([distribution, sigma, basis], ["normal", 0.02, "entries"]);
    assert.match(words, /initializer_range/);
  });

  it("of trained entries is the config's, else as large as the bulk", () => {
    const next = normal(2);
    const heavy = Float64Array.from({ length: 64 * 96 }, () => 0.05 * next() ** 3);
    assert.deepEqual(fresh(heavy, 0.02), {
      distribution: "normal",
      sigma: 0.02,
      words: "N(0, 0.02²), the config's initializer_range",
      basis: "config",
    });
    const without = fresh(heavy, null)!;
    assert.deepEqual([without.distribution, without.sigma, without.basis], ["normal", 0.5, "bulk"]);
    assert.ok(fresh(heavy, null, 0)!.sigma > 0.1);
  });

  it("does not exist for zeros and for what is not finite", () => {
    assert.equal(fresh(new Float64Array(64 * 96), 0.02), null);
    assert.equal(fresh(new Float64Array(64 * 96).fill(NaN), 0.02), null);
  });
});
