/** Every matrix of the sample checkpoints, against singular values that LAPACK computed in float64. */
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { readSafetensors } from "../support/safetensors.ts";

let gpu: TestEngine;
before(async () => {
  gpu = await openTestEngine();
});
after(() => gpu.close());

/** The matrices of a folder's `.safetensors` files, by name. */
async function matricesIn(folder: string): Promise<Map<string, MatrixSource>> {
  const matrices = new Map<string, MatrixSource>();
  for (const file of await readdir(folder)) {
    if (!file.endsWith(".safetensors")) continue;
    const path = join(folder, file);
    const bytes = await readFile(path);
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
      string,
      { dtype: Dtype; shape: number[]; data_offsets: [number, number] }
    >;
    for (const [name, tensor] of Object.entries(header)) {
      if (name === "__metadata__" || tensor.shape.length !== 2) continue;
      const [begin, end] = tensor.data_offsets;
      const [rows, columns] = tensor.shape;
      const { dtype } = tensor;
      matrices.set(name, { path, begin: start + begin, end: start + end, dtype, rows: rows!, columns: columns! });
    }
  }
  return matrices;
}

for (const sample of ["tiny-llama", "lora-adapter"]) {
  test(`${sample}: singular values as in float64`, async (t) => {
    const matrices = await matricesIn(join("samples", sample));
    const references = await readSafetensors(join("test", "references", `${sample}.singular-values.safetensors`));
    assert.deepEqual([...matrices.keys()].toSorted(), [...references.keys()].toSorted());
    const batches = new Map<string, [string, MatrixSource][]>();
    for (const [name, source] of matrices) {
      const shape = `${source.dtype} ${source.rows}×${source.columns}`;
      batches.set(shape, [...(batches.get(shape) ?? []), [name, source]]);
    }
    let worst = 0;
    for (const batch of batches.values()) {
      const measurements = await gpu.measure(batch.map(([, source]) => source));
      for (const [index, { singularValues }] of measurements.entries()) {
        const name = batch[index]![0];
        const error = relativeError(singularValues, references.get(name)!.values);
        assert.ok(error <= 6e-7, `${name}: |σ̂ − σ|/σ₁ is ${error}`);
        worst = Math.max(worst, error);
      }
    }
    t.diagnostic(`worst |σ̂ − σ|/σ₁ of ${matrices.size} matrices: ${worst.toExponential(1)}`);
  });
}
