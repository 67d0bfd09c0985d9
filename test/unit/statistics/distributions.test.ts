import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chiSquareCdf, chiSquareSurvival } from "../../../server/statistics/chi-square.ts";
import { logGamma } from "../../../server/statistics/incomplete-gamma.ts";
import { normalCdf, normalSurvival, normalTwoSided } from "../../../server/statistics/normal.ts";
import {
  tracyWidomCdf,
  tracyWidomMean,
  tracyWidomQuantile,
  tracyWidomSurvival,
  tracyWidomVariance,
} from "../../../server/statistics/tracy-widom.ts";

const relative = (actual: number, expected: number, tolerance: number): void => {
  assert.ok(Math.abs(actual / expected - 1) <= tolerance, `${actual} is not ${expected}`);
};

describe("normal distribution", () => {
  it("agrees with SciPy far into the tails", () => {
    relative(normalSurvival(1.96), 0.0249978951, 1e-8);
    relative(normalSurvival(10), 7.61985302e-24, 1e-8);
    relative(normalSurvival(37), 5.72557122e-300, 1e-8);
    relative(normalCdf(-10), 7.61985302e-24, 1e-8);
    assert.equal(normalCdf(0), 0.5);
    assert.equal(normalTwoSided(0), 1);
    relative(normalTwoSided(-1.96), 2 * 0.0249978951, 1e-8);
  });
});

describe("χ² distribution", () => {
  it("agrees with SciPy, for many degrees of freedom too", () => {
    relative(chiSquareSurvival(3.84, 1), 0.0500435212, 1e-8);
    relative(chiSquareSurvival(50257, 50256), 0.49790277, 1e-7);
    relative(chiSquareSurvival(52000, 50256), 2.65402027e-8, 1e-7);
    relative(chiSquareSurvival(151000, 150000), 0.034157993, 1e-7);
    relative(chiSquareSurvival(1000, 10), 1.87029072e-208, 1e-7);
    assert.equal(chiSquareSurvival(0, 5), 1);
    relative(chiSquareCdf(1e-3, 2), -Math.expm1(-5e-4), 1e-12);
  });

  it("rests on Γ", () => {
    relative(logGamma(0.5), Math.log(Math.PI) / 2, 1e-13);
    relative(logGamma(11), Math.log(3628800), 1e-13);
  });
});

describe("Tracy–Widom distribution", () => {
  it("has the published quantiles", () => {
    const quantiles = [
      [0.01, -3.895433],
      [0.05, -3.18038],
      [0.5, -1.268575],
      [0.9, 0.450143],
      [0.95, 0.979316],
      [0.975, 1.453771],
      [0.99, 2.023449],
      [0.995, 2.422327],
      [0.999, 3.272196],
    ] as const;
    for (const [p, s] of quantiles) {
      assert.ok(Math.abs(tracyWidomQuantile(p) - s) < 1e-6, `quantile ${p}`);
      assert.ok(Math.abs(tracyWidomCdf(s) - p) < 1e-6);
    }
    assert.ok(Math.abs(tracyWidomCdf(0) - 0.8319080662) < 1e-8);
  });

  it("has the published mean and variance", () => {
    const step = 0.001;
    let mean = 0;
    let second = 0;
    for (let s = -12; s < 15; s += step) {
      const mass = tracyWidomCdf(s + step) - tracyWidomCdf(s);
      mean += (s + step / 2) * mass;
      second += (s + step / 2) ** 2 * mass;
    }
    assert.ok(Math.abs(mean - tracyWidomMean) < 1e-6);
    assert.ok(Math.abs(second - mean ** 2 - tracyWidomVariance) < 1e-6);
  });

  it("has tails that go on as the asymptotics say, without a step where they take over", () => {
    relative(tracyWidomSurvival(13 - 1e-9), tracyWidomSurvival(13 + 1e-9), 0.06);
    assert.ok(tracyWidomSurvival(60) < 1e-130 && tracyWidomSurvival(60) > 1e-140);
    let last = 1;
    for (let s = -15; s <= 30; s += 0.05) {
      const survival = tracyWidomSurvival(s);
      assert.ok(survival <= last, `not monotone at ${s}`);
      last = survival;
    }
    assert.ok(tracyWidomCdf(-9.5) < tracyWidomCdf(-8.5) && tracyWidomCdf(-12) > 0);
  });
});
