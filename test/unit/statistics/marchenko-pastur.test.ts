import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  cdf,
  density,
  edges,
  energyAbove,
  medianSquare,
  quantile,
  shareForEnergy,
} from "../../../server/statistics/marchenko-pastur.ts";

const near = (actual: number, expected: number, tolerance: number): void => {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} ± ${tolerance}`);
};

describe("Marchenko–Pastur law", () => {
  it("has the distribution function of an independent computation", () => {
    const values: readonly (readonly [y: number, t: number, share: number])[] = [
      [1, 0.5, 0.314962357525707],
      [1, 1, 0.608997781044229],
      [1, 1.5, 0.855706387185613],
      [1, 1.9, 0.986679988989859],
      [1 / 4, 0.6, 0.0687835858818178],
      [1 / 4, 1, 0.553390081275336],
      [1 / 4, 1.4, 0.956841668145711],
      [2 / 7, 0.5, 0.0139164482135666],
      [2 / 7, 1, 0.557129322496815],
      [2 / 7, 1.5, 0.992085179973276],
      [1 / 32, 0.9, 0.171512993055846],
      [1 / 32, 1, 0.518771280436998],
      [1 / 32, 1.1, 0.849666243448729],
    ];
    for (const [y, t, share] of values) near(cdf(t, y), share, 2e-15);
  });

  it("has the median of an independent computation", () => {
    const medians = [
      [1, 0.65277594],
      [3 / 4, 0.74294849],
      [1 / 2, 0.83046588],
      [2 / 7, 0.90388715],
      [1 / 4, 0.91600407],
      [1 / 32, 0.98957361],
    ] as const;
    for (const [y, median] of medians) near(medianSquare(y), median, 1e-8);
  });

  it("has the energy shares of an independent computation", () => {
    const shares = [
      [1, 0.23609, 0.38654, 0.50981],
      [1 / 4, 0.39164, 0.60937, 0.7612],
      [2 / 7, 0.37849, 0.59336, 0.74648],
      [1 / 32, 0.52558, 0.74383, 0.86528],
    ] as const;
    for (const [y, ...expected] of shares) {
      [0.6, 0.8, 0.9].forEach((energy, k) => {
        near(shareForEnergy(energy, y), expected[k]!, 6e-6);
      });
    }
  });

  for (const y of [1, 0.999, 0.5, 1 / 32, 1e-3, 1e-6]) {
    it(`is consistent with itself at y = ${y}`, () => {
      const { lower, upper } = edges(y);
      const steps = 4000;
      // In the angle of the semicircle the integrand is smooth at both edges.
      let mass = 0;
      let energy = 0;
      for (let k = 0; k < steps; k++) {
        const angle = ((k + 0.5) * Math.PI) / steps;
        const t = (lower + upper) / 2 - ((upper - lower) / 2) * Math.cos(angle);
        const weight = (((upper - lower) / 2) * Math.sin(angle) * Math.PI) / steps;
        mass += density(t, y) * weight;
        energy += t * t * density(t, y) * weight;
        if (k === steps / 4) {
          const halfStep = ((upper - lower) / 4) * Math.sin(angle) * (Math.PI / steps);
          near(cdf(t + halfStep, y), mass, 1e-3 / steps + 1e-6);
          near(energyAbove(t + halfStep, y), 1 - energy, 1e-3 / steps + 1e-6);
        }
      }
      near(mass, 1, 1e-6);
      near(energy, 1, 1e-6);
      for (const p of [1e-6, 0.01, 0.3, 0.5, 0.9, 1 - 1e-6]) near(cdf(quantile(p, y), y), p, 1e-9);
      near(cdf(lower - 1e-3, y), 0, 0);
      near(cdf(upper + 1e-3, y), 1, 0);
      near(energyAbove(lower - 1e-3, y), 1, 1e-15);
      near(energyAbove(upper + 1e-3, y), 0, 1e-15);
      assert.equal(density(upper + 1e-3, y), 0);
    });
  }

  it("stays exact for a single row of any length", () => {
    near(medianSquare(1e-12), 1, 1e-9);
    near(cdf(1 + 1e-6, 1e-12), 1, 0);
    near(cdf(1, 1e-12), 0.5, 1e-6);
  });
});
