import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { everyKind, mxfp4, type QuantisedWeight } from "../../support/quantised.ts";
import { safetensors } from "../../support/safetensors.ts";

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), "spectrum-entries-"));
});
after(() => rm(folder, { recursive: true }));

async function open({ tensors, config, model }: QuantisedWeight): Promise<CheckpointAnalysis> {
  const path = join(folder, "model.safetensors");
  await writeFile(path, safetensors(tensors));
  await writeFile(join(folder, "config.json"), JSON.stringify({ ...model, quantization_config: config ?? {} }));
  return CheckpointAnalysis.open(path);
}

describe("entries of quantised weights", () => {
  for (const [place, weight] of everyKind().entries()) {
    test(`${place}: ${weight.format} of ${weight.shape.join(" × ")}`, async () => {
      const analysis = await open(weight);
      const { name, reference, shape } = weight;
      const described = analysis.catalogue.tensors.find((tensor) => tensor.name === name)!;
      assert.deepEqual(described.shape, shape);
      assert.equal(described.packed?.format, weight.format);
      const columns = shape.at(-1)!;
      const rows = reference.length / columns;
      const whole = { offset: 0, rows, columns, rowStride: columns, columnStride: 1 };
      const close = (values: Float64Array, expected: ArrayLike<number>): void => {
        values.forEach((value, i) => {
          assert.ok(
            Math.abs(value - expected[i]!) <= 1e-12 * Math.abs(expected[i]!),
            `${i}: ${value}, not ${expected[i]}`,
          );
        });
      };
      close((await analysis.entries(name, whole)).values, reference);
      const some = { offset: 3 * columns + 1, rows: 5, columns: 4, rowStride: 4 * columns, columnStride: 6 };
      const expected = Array.from(
        { length: 20 },
        (_, i) => reference[some.offset + Math.floor(i / 4) * 4 * columns + (i % 4) * 6]!,
      );
      close((await analysis.entries(name, some)).values, expected);
      await assert.rejects(
        analysis.entries(name, { ...whole, offset: 1 }),
        /^Error: \d+ × \d+ entries from 1 on cannot be shown of a tensor with \d+\.$/,
      );
      // The tensors that help are listed as such, and their own numbers are shown as they are.
      for (const { name: other, auxiliary, matrices } of analysis.catalogue.tensors) {
        if (other !== name) assert.deepEqual([auxiliary, matrices], [true, 0]);
      }
      assert.equal(analysis.catalogue.parameters, reference.length);
      await analysis.close();
    });
  }
});

test("a file that ends too early is told of, with the place", async () => {
  const weight = mxfp4(1, 64, 2, 1);
  const analysis = await open(weight);
  await truncate(analysis.checkpoint.path, 100);
  await assert.rejects(
    analysis.entries(weight.name, { offset: 0, rows: 1, columns: 1, rowStride: 64, columnStride: 1 }),
    /^Error: The file ends at byte \d+, before .*_blocks does\.$/,
  );
  await analysis.close();
});
