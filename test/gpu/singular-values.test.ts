import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { hardMatrices } from "../support/hard-matrices.ts";
import { gaussianMatrix } from "../support/random.ts";
import { singularValues } from "../support/svd.ts";

let gpu: TestEngine;
before(async () => {
  gpu = await openTestEngine();
});
after(() => gpu.close());

const errors: number[] = [];

for (const { name, rows, columns, entries } of hardMatrices()) {
  test(`${name}: singular values as in float64`, async () => {
    // The matrix that the engine gets is the rounded one.
    const rounded = Float64Array.from(Float32Array.from(entries));
    const [measurement] = await gpu.measure([await gpu.write(rounded, rows, columns)]);
    const error = relativeError(measurement!.singularValues, singularValues(rounded, rows, columns));
    errors.push(error);
    assert.ok(error <= 6e-7, `|σ̂ − σ|/σ₁ is ${error}`);
  });
}

test("a batch gives what each matrix gives alone, in any orientation", async () => {
  for (const [rows, columns] of [
    [90, 70],
    [70, 90],
  ] as const) {
    const sources = await Promise.all(
      [1, 2, 3, 4, 5].map((seed) => gpu.write(gaussianMatrix(rows, columns, seed, 10 ** seed), rows, columns)),
    );
    const together = await gpu.measure(sources);
    for (const [index, source] of sources.entries()) {
      const [alone] = await gpu.measure([source]);
      assert.deepEqual(together[index], alone);
    }
  }
});

test("the median error over all of them", (t) => {
  const sorted = errors.toSorted((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)]!;
  t.diagnostic(
    `worst ${sorted.at(-1)!.toExponential(1)}, median ${median.toExponential(1)} of ${sorted.length} matrices`,
  );
  assert.ok(median <= 2e-7, `median ${median}`);
});
