/** The references of the samples belong to the samples: ‖W‖_F² = Σ sᵢ², to what float64 allows. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSafetensors, type TensorValues } from "../support/safetensors.ts";

const samples = {
  "tiny-llama": [1, 2, 3].map((number) => `samples/tiny-llama/model-0000${number}-of-00003.safetensors`),
  "lora-adapter": ["samples/lora-adapter/adapter_model.safetensors"],
};

const sumOfSquares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);

for (const [name, files] of Object.entries(samples)) {
  test(name, async () => {
    const reference = await readSafetensors(`test/references/${name}.singular-values.safetensors`);
    const matrices = new Map<string, TensorValues>();
    for (const file of files) {
      for (const [tensor, values] of await readSafetensors(file))
        if (values.shape.length === 2) matrices.set(tensor, values);
    }
    assert.deepEqual([...reference.keys()].sort(), [...matrices.keys()].sort());
    for (const [tensor, { shape, values }] of matrices) {
      const expected = reference.get(tensor)!.values;
      assert.equal(expected.length, Math.min(...shape), tensor);
      assert.ok(Math.abs(sumOfSquares(values) / sumOfSquares(expected) - 1) < 1e-9, tensor);
      assert.ok(
        expected.every((value, i) => i === 0 || value <= expected[i - 1]!),
        tensor,
      );
    }
  });
}
