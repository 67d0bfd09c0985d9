import assert from "node:assert/strict";
import { test } from "node:test";
import { bidiagonalSingularValues } from "../../../server/svd/bidiagonal.ts";
import { bidiagonalSingularValues as byBisection } from "../../support/svd.ts";
import { normal, uniform } from "../../support/random.ts";

/** The largest |difference| over the largest value. */
function error(diagonal: number[], offDiagonal: number[]): number {
  const scale = Math.max(...diagonal.map(Math.abs), ...offDiagonal.map(Math.abs), Number.MIN_VALUE);
  const values = bidiagonalSingularValues(diagonal, offDiagonal);
  const expected = byBisection(
    Float64Array.from(diagonal, (d) => d / scale),
    Float64Array.from(offDiagonal, (e) => e / scale),
  );
  assert.equal(values.length, diagonal.length);
  return values.reduce((worst, value, i) => {
    assert.ok(i === 0 || value <= values[i - 1]!, "descending");
    return Math.max(worst, Math.abs(value / scale - expected[i]!) / (expected[0]! || 1));
  }, 0);
}

const random = normal(1);
const uniformly = uniform(2);
const cases: Record<string, { diagonal: number[]; offDiagonal: number[] }> = {
  "one by one": { diagonal: [-3], offDiagonal: [] },
  "two by two": { diagonal: [1, 2], offDiagonal: [3] },
  zero: { diagonal: [0, 0, 0], offDiagonal: [0, 0] },
  "only off-diagonal": { diagonal: [0, 0, 0, 0], offDiagonal: [1, 2, 3] },
  "zero diagonal entry at the start": { diagonal: [0, 1, 2, 3], offDiagonal: [1, 1, 1] },
  "zero diagonal entry in the middle": { diagonal: [1, 2, 0, 3, 4], offDiagonal: [1, 1, 1, 1] },
  "zero diagonal entry at the end": { diagonal: [1, 2, 3, 0], offDiagonal: [1, 1, 1] },
  "diagonal, repeated": { diagonal: Array<number>(50).fill(2), offDiagonal: Array<number>(49).fill(0) },
  Toeplitz: { diagonal: Array<number>(200).fill(1), offDiagonal: Array<number>(199).fill(1) },
  "nearly repeated": { diagonal: Array<number>(200).fill(1), offDiagonal: Array<number>(199).fill(1e-9) },
  "graded down": pair(100, (i) => 10 ** (-i / 10), 0.5),
  "graded up": pair(100, (i) => 10 ** (-(99 - i) / 10), 0.5),
  "graded to the middle": pair(101, (i) => 10 ** (-Math.abs(i - 50) / 5), 0.5),
  "graded from the middle": pair(101, (i) => 10 ** (-(50 - Math.abs(i - 50)) / 5), 0.5),
  Kahan: pair(100, (i) => 0.9 ** i, -0.4),
  "tiny scale": pair(30, (i) => 1e-300 * (1 + i), 0.3),
  "huge scale": pair(30, (i) => 1e300 * (1 + i / 30), 0.3),
  glued: {
    diagonal: Array.from({ length: 100 }, (_, i) => 1 + Math.abs((i % 10) - 5)),
    offDiagonal: Array.from({ length: 99 }, (_, i) => (i % 10 === 9 ? 1e-8 : 1)),
  },
  normal: {
    diagonal: Array.from({ length: 300 }, random),
    offDiagonal: Array.from({ length: 299 }, random),
  },
  "over 20 decades": {
    diagonal: Array.from({ length: 200 }, () => 10 ** (-20 * uniformly())),
    offDiagonal: Array.from({ length: 199 }, () => 10 ** (-20 * uniformly())),
  },
  "as of a random matrix": {
    diagonal: Array.from({ length: 400 }, (_, i) => Math.sqrt(400 - i) + random() / 2),
    offDiagonal: Array.from({ length: 399 }, (_, i) => Math.sqrt(399 - i) + random() / 2),
  },
};

function pair(n: number, entry: (i: number) => number, beside: number): { diagonal: number[]; offDiagonal: number[] } {
  const diagonal = Array.from({ length: n }, (_, i) => entry(i));
  return { diagonal, offDiagonal: diagonal.slice(0, -1).map((d) => d * beside) };
}

for (const [name, { diagonal, offDiagonal }] of Object.entries(cases)) {
  test(`${name}: as bisection finds them`, () => {
    const worst = error(diagonal, offDiagonal);
    assert.ok(worst < 4e-15, `error ${worst}`);
  });
}

test("nothing at all", () => {
  assert.deepEqual(bidiagonalSingularValues([], []), new Float64Array());
});

test("small values of a graded matrix keep their digits", () => {
  // [[1, 1], [0, 1e-8]] has s₁s₂ = 1e-8 and s₁² + s₂² = 2 + 1e-16.
  const [s1, s2] = bidiagonalSingularValues([1, 1e-8], [1]);
  assert.ok(Math.abs(s1! / Math.SQRT2 - 1) < 1e-15);
  assert.ok(Math.abs(s2! / (1e-8 / Math.SQRT2) - 1) < 1e-15);
});
