import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { kolmogorovPValue } from "../../../server/statistics/kolmogorov.ts";

describe("the Kolmogorov distribution", () => {
  it("has the values of scipy.stats.kstwobign", () => {
    const table: [number, number][] = [
      [0.3, 0.9999906941986655],
      [0.5, 0.9639452436648751],
      [0.8, 0.5441424115741981],
      [0.99, 0.2808738392255489],
      [1, 0.26999967167735456],
      [1.3580986, 0.0500000106802808],
      [1.6276236, 0.010000000749940367],
      [2.5, 7.453306344157342e-6],
    ];
    for (const [x, p] of table) assert.ok(Math.abs(kolmogorovPValue(x) / p - 1) < 1e-9, `${x}: ${kolmogorovPValue(x)}`);
  });

  it("joins its two series without a step, and falls from 1 to 0", () => {
    assert.ok(Math.abs(kolmogorovPValue(1 - 1e-12) - kolmogorovPValue(1)) < 1e-10);
    assert.equal(kolmogorovPValue(0), 1);
    assert.equal(kolmogorovPValue(0.01), 1);
    assert.ok(kolmogorovPValue(30) === 0);
    for (let x = 0.01; x < 4; x += 0.01) assert.ok(kolmogorovPValue(x + 0.01) <= kolmogorovPValue(x), String(x));
  });
});
