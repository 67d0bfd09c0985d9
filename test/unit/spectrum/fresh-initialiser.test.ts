import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { configInitialiser } from "../../../server/architecture/config-initialiser.ts";
import { freshInitialiser } from "../../../server/spectrum/fresh-initialiser.ts";
import { measure } from "../../support/measure.ts";
import { gaussianMatrix, normal } from "../../support/random.ts";

const shape = { rows: 64, columns: 96 };

function fresh(
  entries: Float64Array,
  range: number | null,
  sigmaBulk: number | null = 0.5,
  { model_type, intoResidual = true }: { model_type?: string; intoResidual?: boolean } = {},
) {
  const measurement = measure(entries, shape.rows, shape.columns);
  return freshInitialiser(measurement.entries, shape, measurement.singularValues, {
    configInitialiser: configInitialiser({ model_type, n_layer: 8, initializer_range: range }),
    intoResidual,
    sigmaBulk,
  });
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

  it("of trained projections into the residual stream is scaled where models of the type are", () => {
    const next = normal(2);
    const heavy = Float64Array.from({ length: 64 * 96 }, () => 0.05 * next() ** 3);
    const scaled = fresh(heavy, 0.02, 0.5, { model_type: "gpt2" })!;
    assert.deepEqual([scaled.sigma, scaled.basis], [0.005, "config"]);
    assert.equal(
      scaled.words,
      "N(0, 0.005²), the config's initializer_range/√(2·8) of projections into the residual stream",
    );
    assert.equal(fresh(heavy, 0.02, 0.5, { model_type: "gpt2", intoResidual: false })!.sigma, 0.02);
    assert.equal(fresh(heavy, 0.02, 0.5, { model_type: "llama" })!.sigma, 0.02);
    // Whatever the type, entries that agree with the rule are told of.
    const likely = fresh(gaussianMatrix(64, 96, 1, 0.005), 0.02)!;
    assert.deepEqual([likely.sigma, likely.basis], [0.005, "entries"]);
  });

  it("does not exist for zeros and for what is not finite", () => {
    assert.equal(fresh(new Float64Array(64 * 96), 0.02), null);
    assert.equal(fresh(new Float64Array(64 * 96).fill(NaN), 0.02), null);
  });
});
