/** Rounding must not look like learning: noise stays noise in every quantised scheme, and what is learned is still seen. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Grade } from "../../../server/spectrum/verdict.ts";
import { measure } from "../../support/measure.ts";
import { quantisers, type Quantiser } from "../../support/quantisers.ts";
import { gaussianMatrix, uniform } from "../../support/random.ts";
import { verdictOf } from "../../support/verdict.ts";

type Shape = readonly [rows: number, columns: number];

const shapes: readonly Shape[] = [
  [96, 64],
  [64, 64],
  [64, 256],
  [256, 96],
  [8, 512],
];
const draws = 4;

function gradeOf(quantise: Quantiser, matrix: Float64Array, [rows, columns]: Shape): Grade {
  return verdictOf(measure(quantise(matrix, rows, columns).reference, rows, columns), { rows, columns }).grade;
}

/** N(0, 0.02²), and what nn.Linear begins with. */
function noise([rows, columns]: Shape, seed: number): Float64Array {
  if (seed % 2 === 0) return gaussianMatrix(rows, columns, seed, 0.02);
  const next = uniform(seed);
  return Float64Array.from({ length: rows * columns }, () => (2 * next() - 1) / Math.sqrt(columns));
}

/** Noise under four directions that hold a third as much energy as it does. */
function learned([rows, columns]: Shape, seed: number): Float64Array {
  const [left, right] = [gaussianMatrix(rows, 4, seed + 1), gaussianMatrix(4, columns, seed + 2)];
  return gaussianMatrix(rows, columns, seed, 0.02).map((value, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    let sum = 0;
    for (let k = 0; k < 4; k++) sum += left[4 * row + k]! * right[k * columns + column]!;
    return value + 0.02 * Math.sqrt(1 / 12) * sum;
  });
}

describe("noise that was quantised", () => {
  const grades: Grade[] = [];
  for (const [place, [name, quantise]] of Object.entries(quantisers).entries()) {
    test(`is never called learned: ${name}`, () => {
      for (const shape of shapes) {
        for (let draw = 0; draw < draws; draw++) {
          const seed = 1 + draw + 100 * place + 10_000 * shape[0];
          const grade = gradeOf(quantise, noise(shape, seed), shape);
          grades.push(grade);
          assert.ok(grade === "random" || grade === "near-random", `${shape.join(" × ")} of seed ${seed}: ${grade}`);
        }
      }
    });
  }

  test("is graded random but for the one in a hundred that chance makes", (context) => {
    const random = grades.filter((grade) => grade === "random").length;
    assert.equal(grades.length, Object.keys(quantisers).length * shapes.length * draws);
    context.diagnostic(`${random} of ${grades.length} random`);
    assert.ok(random >= 0.98 * grades.length, `${random} of ${grades.length}`);
  });
});

describe("a low rank on noise that was quantised", () => {
  for (const [name, quantise] of Object.entries(quantisers)) {
    test(`is seen: ${name}`, () => {
      for (const shape of shapes) {
        const grade = gradeOf(quantise, learned(shape, 7), shape);
        assert.ok(grade === "learned" || grade === "partly-learned", `${shape.join(" × ")}: ${grade}`);
      }
    });
  }
});
