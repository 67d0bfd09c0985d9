import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitPowerLaw } from "../../../server/statistics/power-law.ts";
import { uniform } from "../../support/random.ts";
import { gaussianSpectra } from "../../support/null-model.ts";

/** Every xMin tried in full, as the definition says. */
function byDefinition(values: Float64Array): { alpha: number; distance: number; tail: number } {
  const data = [...values].map((value) => value * value).sort((a, b) => a - b);
  let best = { alpha: NaN, distance: Infinity, tail: 0 };
  for (let first = 0; first < data.length - 1; first++) {
    const tail = data.slice(first);
    const k = tail.length;
    const alpha = 1 + k / tail.reduce((sum, value) => sum + Math.log(value / tail[0]!), 0);
    const gaps = tail.map((value, i) => Math.abs(1 - (value / tail[0]!) ** (1 - alpha) - i / k));
    const distance = Math.max(...gaps);
    if (distance < best.distance) best = { alpha, distance, tail: k };
  }
  return best;
}

describe("power law of the tail", () => {
  it("equals the definition", () => {
    const draw = gaussianSpectra(150, 200, 4);
    for (let k = 0; k < 5; k++) {
      const values = draw();
      const fit = fitPowerLaw(values)!;
      const expected = byDefinition(values);
      assert.equal(fit.tail, expected.tail);
      assert.ok(Math.abs(fit.alpha / expected.alpha - 1) < 1e-9);
      assert.ok(Math.abs(fit.distance - expected.distance) < 1e-12);
      assert.ok(Math.abs(fit.xMin / values[fit.tail - 1]! ** 2 - 1) < 1e-12);
    }
  });

  it("finds the exponent of a true power law", () => {
    const next = uniform(5);
    const lambda = Array.from({ length: 4096 }, () => (1 - next()) ** (-1 / 1.5));
    const fit = fitPowerLaw(Float64Array.from(lambda, Math.sqrt).sort((a, b) => b - a))!;
    assert.ok(Math.abs(fit.alpha - 2.5) < 0.15, String(fit.alpha));
    assert.ok(fit.tail > 400);
  });

  it("does not exist without two different positive values", () => {
    assert.equal(fitPowerLaw(Float64Array.of(1)), null);
    assert.equal(fitPowerLaw(Float64Array.of(2, 2, 2)), null);
    assert.equal(fitPowerLaw(Float64Array.of(2, 0, 0)), null);
    assert.equal(fitPowerLaw(new Float64Array(4)), null);
    assert.ok(fitPowerLaw(Float64Array.of(1e160, 1e159, 1e158, 0)) !== null);
  });
});
