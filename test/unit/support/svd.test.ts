import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gaussianMatrix } from "../../support/random.ts";
import { singularValues } from "../../support/svd.ts";

/** H₁ · diag(values) · H₂ with random Householder reflections: exactly these singular values. */
function matrixWith(values: readonly number[], rows: number, columns: number, seed: number): Float64Array {
  const u = gaussianMatrix(1, rows, seed);
  const v = gaussianMatrix(1, columns, seed + 1);
  const reflect = (w: Float64Array, i: number, k: number): number => {
    const length = w.reduce((sum, x) => sum + x * x, 0);
    return (i === k ? 1 : 0) - (2 * w[i]! * w[k]!) / length;
  };
  return Float64Array.from({ length: rows * columns }, (_, at) => {
    const [i, j] = [Math.floor(at / columns), at % columns];
    return values.reduce((sum, value, k) => sum + value * reflect(u, i, k) * reflect(v, k, j), 0);
  });
}

function assertValues(actual: Float64Array, expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  const tolerance = 1e-14 * Math.max(...expected);
  expected.forEach((value, i) => {
    assert.ok(Math.abs(actual[i]! - value) <= tolerance, `value ${i}: ${actual[i]!} is not ${value}`);
  });
}

describe("float64 singular values", () => {
  const values = [7, 5, 5, 3, 1, 1e-3, 0];
  for (const [rows, columns] of [
    [7, 7],
    [7, 20],
    [31, 7],
  ] as const) {
    it(`finds known values, equal ones and zero, of a ${rows} × ${columns} matrix`, () => {
      assertValues(singularValues(matrixWith(values, rows, columns, rows), rows, columns), values);
    });
  }

  it("keeps any scale", () => {
    for (const scale of [1e-300, 1e-150, 1e150, 1e300]) {
      const matrix = matrixWith([4, 2, 1], 3, 5, 9).map((entry) => entry * scale);
      assertValues(
        singularValues(matrix, 3, 5).map((value) => value / scale),
        [4, 2, 1],
      );
    }
  });

  it("knows degenerate matrices", () => {
    assertValues(singularValues(Float64Array.of(-3), 1, 1), [3]);
    assertValues(singularValues(Float64Array.of(3, 4), 1, 2), [5]);
    assertValues(singularValues(new Float64Array(12), 3, 4), [0, 0, 0]);
    assert.equal(singularValues(new Float64Array(0), 0, 4).length, 0);
    assert.throws(() => singularValues(Float64Array.of(1, NaN), 1, 2), /not finite/);
    assert.throws(() => singularValues(Float64Array.of(1, 2), 2, 2), /not 2 × 2/);
  });

  it("preserves the Frobenius norm of a large matrix", () => {
    const matrix = gaussianMatrix(120, 200, 1);
    const squares = (x: Float64Array): number => x.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(squares(singularValues(matrix, 120, 200)) / squares(matrix) - 1) < 1e-13);
  });
});
