import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  calibrationPage,
  calibrationPicture,
  chanceBelow,
  shareOf,
  wilson,
  type Cell,
} from "../bench/calibration-report.ts";

const cell = (random: number, nearRandom: number, draws: number): Cell => ({
  shape: [32, 64],
  initialiser: "normal",
  dtype: "F32",
  draws,
  grades: { random, "near-random": nearRandom, learned: draws - random - nearRandom },
});

describe("the calibration's report", () => {
  it("adds cells up and gives Wilson's interval", () => {
    assert.deepEqual(shareOf([cell(97, 2, 100), cell(50, 0, 50)]), { draws: 150, random: 147, close: 149 });
    const [low, high] = wilson(90, 100);
    assert.ok(Math.abs(low - 0.8256) < 1e-3 && Math.abs(high - 0.9448) < 1e-3);
    assert.equal(wilson(0, 20)[0], 0);
    assert.ok(Math.abs(wilson(20, 20)[1] - 1) < 1e-12);
  });

  it("says how many cells chance would leave below a share", () => {
    // 7 of 10 leave an upper limit of .892, 8 of 10 one of .943.
    let expected = 0;
    for (let hits = 0; hits <= 7; hits++) expected += binomial(10, hits) * 0.8 ** hits * 0.2 ** (10 - hits);
    assert.ok(Math.abs(chanceBelow(0.9, 10, 0.8) - expected) < 1e-12);
    assert.equal(chanceBelow(0.9, 10, 1), 0);
  });

  it("names the cells that fall short", () => {
    const power = { kind: "spike", shape: [32, 64], strength: 2, draws: 4, grades: { learned: 4 } } as const;
    const head = { ...cell(99, 1, 100), of: [64, 64] } as const;
    const calibration = { adapter: "a test", cells: [cell(80, 5, 100)], heads: [head], orthogonal: [], power: [power] };
    const page = calibrationPage(calibration);
    assert.match(page, /Graded random: \*\*89.5 %\*\*/);
    assert.match(page, /1 has an upper .*\(32 × 64 normal F32 \(80 of 100\)\)/);
    assert.match(page, /\| 32 × 64 \| 64 × 64 \| 100 \| 99 % /);
    assert.match(page, /\| 32 × 64 \| spike \| θ = 2 \| 4 \| 100 % \| 100 % \|/);
    assert.match(calibrationPicture(calibration), /^<svg [\s\S]*<\/svg>\n$/);
  });
});

function binomial(n: number, k: number): number {
  return k === 0 ? 1 : (binomial(n, k - 1) * (n - k + 1)) / k;
}
