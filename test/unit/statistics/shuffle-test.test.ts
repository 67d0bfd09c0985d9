import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { shuffleTest } from "../../../server/statistics/shuffle-test.ts";
import { extremeEigenvalues } from "../../../server/statistics/symmetric-eigenvalues.ts";
import { gaussianMatrix, normal } from "../../support/random.ts";
import { singularValues } from "../../support/svd.ts";

describe("shuffle test", () => {
  it("gives the same p-values each time, and for the transposed matrix with rows and columns exchanged", () => {
    const matrix = Float32Array.from(gaussianMatrix(6, 50, 2));
    const first = shuffleTest(matrix, 6, 50);
    assert.deepEqual(shuffleTest(matrix, 6, 50), first);
    const transposed = Float32Array.from(matrix, (_, k) => matrix[(k % 6) * 50 + Math.floor(k / 6)]!);
    const second = shuffleTest(transposed, 50, 6);
    assert.equal(second.pValues["rows"], first.pValues["columns"]);
    assert.equal(second.pValues["john"], first.pValues["john"]);
  });

  it("does not depend on scale", () => {
    const matrix = Float32Array.from(gaussianMatrix(6, 50, 3));
    assert.deepEqual(
      shuffleTest(
        matrix.map((value) => value * 2 ** -100),
        6,
        50,
      ),
      shuffleTest(matrix, 6, 50),
    );
  });

  it("has its size for any distribution of the entries", () => {
    // Cubes of normals: heavy tails that no asymptotic test of this size would survive.
    const next = normal(8);
    let rejected = 0;
    const draws = 120;
    for (let k = 0; k < draws; k++) {
      const { pValues } = shuffleTest(
        Float32Array.from({ length: 320 }, () => next() ** 3),
        8,
        40,
      );
      if (5 * Math.min(...Object.values(pValues)) < 0.05) rejected++;
    }
    assert.ok(rejected / draws < 0.1, `${rejected} of ${draws}`);
  });

  it("rejects a spike, scaled rows and scaled columns, each by its statistic", () => {
    const noise = gaussianMatrix(8, 200, 4);
    const p = (f: (value: number, i: number, j: number) => number): Readonly<Record<string, number>> =>
      shuffleTest(
        Float32Array.from(noise, (value, k) => f(value, Math.floor(k / 200), k % 200)),
        8,
        200,
      ).pValues;
    assert.equal(p((value, i) => value + 0.5 * (i - 3.5))["largest"], 1e-6);
    assert.equal(p((value, i) => value * (i === 3 ? 1.5 : 1))["rows"], 1e-6);
    assert.equal(p((value, _, j) => value * (j % 2 === 0 ? 2 : 1))["columns"], 1e-6);
  });

  it("tells what no shuffle reaches by how far it is from them", () => {
    // A row that is larger by a little and by a little more.
    const noise = gaussianMatrix(8, 200, 4);
    const [weak, strong] = [1.25, 1.27].map((factor) => {
      const matrix = Float32Array.from(noise, (value, k) => (k < 200 ? factor * value : value));
      return shuffleTest(matrix, 8, 200).pValues["rows"]!;
    });
    assert.ok(weak! < 1 / 1000 && weak! > 1e-6 && strong! < weak!, `${weak} ${strong}`);
  });

  it("leaves rows and columns of zeros out, and says nothing of less than two rows", () => {
    const matrix = Float32Array.from(gaussianMatrix(8, 60, 5), (value, k) => (k < 60 || k % 60 === 7 ? 0 : value));
    assert.ok(Math.min(...Object.values(shuffleTest(matrix, 8, 60).pValues)) > 0.01);
    assert.equal(shuffleTest(new Float32Array(64), 8, 8).draws, 0);
    assert.equal(shuffleTest(Float32Array.of(1, 2, 3), 1, 3).pValues["john"], 1);
  });
});

describe("extreme eigenvalues", () => {
  it("are the squared extreme singular values of a Gram matrix", () => {
    for (const [m, n] of [
      [1, 5],
      [2, 9],
      [31, 60],
      [20, 20],
    ] as const) {
      const matrix = gaussianMatrix(m, n, m);
      const gram = Float64Array.from({ length: m * m }, (_, at) => {
        const [i, j] = [Math.floor(at / m), at % m];
        let sum = 0;
        for (let k = 0; k < n; k++) sum += matrix[i * n + k]! * matrix[j * n + k]!;
        return sum;
      });
      const values = singularValues(matrix, m, n);
      const { smallest, largest } = extremeEigenvalues(gram, m);
      assert.ok(Math.abs(largest - values[0]! ** 2) < 1e-12 * largest);
      assert.ok(Math.abs(smallest - values.at(-1)! ** 2) < 1e-12 * largest);
    }
  });

  it("may be negative", () => {
    const { smallest, largest } = extremeEigenvalues(Float64Array.of(0, 2, 2, 0), 2);
    assert.ok(Math.abs(smallest + 2) < 1e-14 && Math.abs(largest - 2) < 1e-14);
  });
});
