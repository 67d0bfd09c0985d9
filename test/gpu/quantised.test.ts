/** Quantised weights through the checkpoint's files: what the engine makes of them against their definitions in float64. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CheckpointAnalysis } from "../../server/analysis/checkpoint-analysis.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import {
  bitsandbytes4,
  e2m1,
  everyKind,
  gptq,
  llmInt8,
  lowNibbleFirst,
  mxfp4,
  tensor,
  type QuantisedWeight,
} from "../support/quantised.ts";
import { safetensors } from "../support/safetensors.ts";
import { singularValues } from "../support/svd.ts";

let gpu: TestEngine;
let folder: string;
before(async () => {
  gpu = await openTestEngine();
  folder = await mkdtemp(join(tmpdir(), "spectrum-quantised-"));
});
after(async () => {
  await gpu.close();
  await rm(folder, { recursive: true });
});

let folders = 0;

async function checkpointOf(weight: QuantisedWeight): Promise<CheckpointAnalysis> {
  const own = join(folder, String(folders++));
  await mkdir(own);
  // Something odd before it, so that no piece begins where a word does.
  const odd = { "a.bias": { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 3) } } as const;
  await writeFile(join(own, "model.safetensors"), safetensors({ ...odd, ...weight.tensors }));
  await writeFile(join(own, "config.json"), JSON.stringify({ ...weight.model, quantization_config: weight.config }));
  return CheckpointAnalysis.open(join(own, "model.safetensors"));
}

function wordsOf({ format, shape, name, tensors }: QuantisedWeight): string {
  const layouts = Object.entries(tensors).map(
    ([each, { dtype, shape: own }]) => `${each.slice(name.length)} ${dtype} ${own.join("×")}`,
  );
  return `${format} of ${shape.join(" × ")}: ${layouts.join(", ")}`;
}

describe("every kind of quantised weight", () => {
  for (const weight of everyKind()) {
    test(wordsOf(weight), async () => {
      const analysis = await checkpointOf(weight);
      const { matrices } = analysis;
      const [rows, columns] = weight.shape.slice(-2) as [number, number];
      const count = weight.shape.length === 3 ? weight.shape[0]! : 1;
      assert.equal(matrices.length, count);
      assert.deepEqual(
        matrices.map(({ description }) => description.unsupported),
        matrices.map(() => null),
      );
      const { format, shape } = matrices[0]!.description.packed!;
      assert.deepEqual({ format, shape }, { format: weight.format, shape: weight.shape });
      const sources = matrices.map((matrix) => analysis.source(matrix));
      const measurements = await gpu.measure(sources);
      for (const [i, measurement] of measurements.entries()) {
        assert.deepEqual([matrices[i]!.rows, matrices[i]!.columns], [rows, columns]);
        const expected = weight.reference.subarray(i * rows * columns, (i + 1) * rows * columns);
        const { entries } = await gpu.engine.readEntries(sources[i]!, rows * columns);
        const different = entries.findIndex((value, k) => !near(value, expected[k]!));
        assert.equal(different, -1, `entry ${different} is ${entries[different]}, not ${expected[different]}`);
        const values = singularValues(Float64Array.from(expected), rows, columns);
        assert.ok(relativeError(measurement.singularValues, values) < 1e-6);
        const { minimum, maximum, zeros, nonFinite } = measurement.entries;
        assert.equal(nonFinite, 0);
        assert.equal(zeros, expected.filter((value) => value === 0).length);
        assert.ok(
          near(
            minimum,
            expected.reduce((a, b) => Math.min(a, b)),
          ) &&
            near(
              maximum,
              expected.reduce((a, b) => Math.max(a, b)),
            ),
        );
      }
      await analysis.close();
    });
  }
});

describe("numbers narrower than a byte", () => {
  /** The values of a format without infinities or NaN, by OCP Microscaling Formats 1.0. */
  const small = (exponentBits: number, fractionBits: number): number[] =>
    Array.from({ length: 2 ** (1 + exponentBits + fractionBits) }, (_, code) => {
      const magnitude = code % 2 ** (exponentBits + fractionBits);
      const [exponent, fraction] = [Math.floor(magnitude / 2 ** fractionBits), magnitude % 2 ** fractionBits];
      const bias = 2 ** (exponentBits - 1) - 1;
      const value =
        exponent === 0
          ? (fraction / 2 ** fractionBits) * 2 ** (1 - bias)
          : (1 + fraction / 2 ** fractionBits) * 2 ** (exponent - bias);
      return code === magnitude ? value : -value;
    });

  for (const [dtype, bits, values] of [
    ["F4", 4, e2m1],
    ["F4", 4, small(2, 1)],
    ["F6_E2M3", 6, small(2, 3)],
    ["F6_E3M2", 6, small(3, 2)],
  ] as const) {
    test(`${dtype}: every code at every place of a word, of ${values.length}`, async () => {
      // As many columns as codes and three: each code comes to every bit where one begins.
      const [rows, columns] = [32, values.length + 3];
      const codes = Array.from({ length: rows * columns }, (_, i) => i % values.length);
      const bytes = new Uint8Array((codes.length * bits) / 8);
      codes.forEach((code, i) => {
        for (let k = 0; k < bits; k++) {
          const bit = i * bits + k;
          bytes[bit >> 3]! |= ((code >> k) & 1) << (bit & 7);
        }
      });
      const analysis = await checkpointOf({
        ...{ name: "a.weight", format: dtype, shape: [rows, columns], reference: new Float64Array() },
        tensors: { "a.weight": tensor(dtype, [rows, columns], bytes) },
      });
      const source = analysis.source(analysis.matrices[0]!);
      const { entries } = await gpu.engine.readEntries(source, rows * columns);
      assert.deepEqual(
        [...entries].map(plusZero),
        codes.map((code) => plusZero(values[code]!)),
      );
      await analysis.close();
    });
  }
});

test("MXFP4's scales at the ends of their range: subnormal numbers, NaN, and what fp32 does not hold", async () => {
  const codes = Uint8Array.from({ length: 32 * 32 }, (_, i) => i % 16);
  const scaled = async (scale: number): Promise<CheckpointAnalysis> =>
    checkpointOf({
      ...{ name: "a.experts.up_proj_blocks", format: "MXFP4", shape: [1, 32, 32], reference: new Float64Array() },
      tensors: {
        "a.experts.up_proj_blocks": tensor("U8", [1, 32, 1, 16], lowNibbleFirst(codes)),
        "a.experts.up_proj_scales": tensor("U8", [1, 32, 1], new Uint8Array(32).fill(scale)),
      },
    });
  for (const scale of [0, 1, 3, 20, 252]) {
    const analysis = await scaled(scale);
    const source = analysis.source(analysis.matrices[0]!);
    const { entries } = await gpu.engine.readEntries(source, 1024);
    assert.deepEqual(
      [...entries].map(plusZero),
      [...codes].map((code) => plusZero(Math.fround(e2m1[code]! * 2 ** (scale - 127)))),
    );
    await analysis.close();
  }
  for (const [scale, nonFinite] of [
    [255, 1024],
    // 4 and 6 times 2¹²⁷, and 2 and 3 times.
    [254, (1024 * 8) / 16],
  ] as const) {
    const analysis = await scaled(scale);
    const [measurement] = await gpu.measure([analysis.source(analysis.matrices[0]!)]);
    assert.equal(measurement!.entries.nonFinite, nonFinite);
    await analysis.close();
  }
});

test("heads and parts of quantised weights", async () => {
  const shape = { inputs: 64, outputs: 96, groupSize: 32, bits: 4, shuffled: true, version: "gptq" } as const;
  const weight = gptq(shape, 30);
  const own = await checkpointOf(weight);
  const config = {
    model_type: "llama",
    num_attention_heads: 3,
    hidden_size: 64,
    head_dim: 32,
    quantization_config: weight.config,
  };
  await writeFile(join(own.checkpoint.files[0]!.path, "..", "config.json"), JSON.stringify(config));
  await own.close();
  const analysis = await CheckpointAnalysis.open(own.checkpoint.path);
  const { heads } = analysis.portions;
  assert.equal(heads.length, 3);
  const measured = await gpu.measure(heads.map((head) => analysis.source(head)));
  for (const [head, { singularValues: found }] of measured.entries()) {
    const expected = weight.reference.slice(head * 32 * 64, (head + 1) * 32 * 64);
    assert.ok(relativeError(found, singularValues(expected, 32, 64)) < 1e-6);
  }
  await analysis.close();

  const experts = mxfp4(2, 64, 2, 31);
  const fused = await checkpointOf({ ...experts, config: {} });
  await writeFile(join(fused.checkpoint.path, "..", "config.json"), JSON.stringify({ model_type: "gpt_oss" }));
  await fused.close();
  const second = await CheckpointAnalysis.open(fused.checkpoint.path);
  assert.deepEqual(
    second.portions.parts.map(({ id, rows, columns }) => `${id.split("_blocks")[1]!} ${rows} ${columns}`),
    ["[0]#gate 32 64", "[0]#up 32 64", "[1]#gate 32 64", "[1]#up 32 64"],
  );
  for (const [place, part] of second.portions.parts.entries()) {
    const [expert, up] = [Math.floor(place / 2), place % 2];
    const { entries } = await gpu.engine.readEntries(second.source(part), 32 * 64);
    const rows = Array.from({ length: 32 }, (_, row) => {
      const first = (expert * 64 + 2 * row + up) * 64;
      return [...experts.reference.subarray(first, first + 64)];
    });
    assert.deepEqual([...entries].map(plusZero), rows.flat().map(plusZero));
  }
  await second.close();
});

describe("heads of GPT-2's Conv1D, which quantisers turn to [out, in]", () => {
  const [heads, size] = [2, 32];
  const width = heads * size;
  const group = { bits: 4, groupSize: 32, shuffled: false, version: "gptq" } as const;
  const writers: Readonly<Record<string, (outputs: number, inputs: number, seed: number) => QuantisedWeight>> = {
    GPTQ: (outputs, inputs, seed) => gptq({ ...group, outputs, inputs }, seed),
    "bitsandbytes NF4": (outputs, inputs, seed) => bitsandbytes4(outputs, inputs, { kind: "nf4", nested: false }, seed),
    "LLM.int8": llmInt8,
  };
  for (const [writer, make] of Object.entries(writers)) {
    test(writer, async () => {
      const weights = { "h.0.attn.c_attn": make(3 * width, width, 60), "h.0.attn.c_proj": make(width, width, 61) };
      const tensors = Object.entries(weights).flatMap(([module, weight]) => {
        const own = /^(.*?)\.(?:qweight|weight)$/.exec(weight.name)![1]!;
        return Object.entries(weight.tensors).map(([name, data]) => [name.replace(own, module), data] as const);
      });
      const analysis = await checkpointOf({
        ...weights["h.0.attn.c_attn"],
        tensors: Object.fromEntries(tensors),
        model: { model_type: "gpt2", n_head: heads, n_embd: width },
      });
      const views = analysis.portions.heads;
      // What a head computes of an input x, W being [out, in]: q, k and v are runs of W x, its output W by a run of x.
      const columnsOf = (weight: Float64Array, first: number): Float64Array =>
        Float64Array.from(
          { length: width * size },
          (_, i) => weight[Math.floor(i / size) * width + first + (i % size)]!,
        );
      const { reference: projections } = weights["h.0.attn.c_attn"];
      const { reference: output } = weights["h.0.attn.c_proj"];
      const expected = [
        ...["query", "key", "value"].flatMap((role, part) =>
          Array.from({ length: heads }, (_, head) => ({
            name: `${role} ${head}`,
            entries: projections.slice(
              (part * width + head * size) * width,
              (part * width + (head + 1) * size) * width,
            ),
          })),
        ),
        ...Array.from({ length: heads }, (_, head) => ({
          name: `output ${head}`,
          entries: columnsOf(output, head * size),
        })),
      ];
      assert.deepEqual(
        views.map(({ description, head }) => `${description.role} ${head}`),
        expected.map(({ name }) => name),
      );
      for (const [i, view] of views.entries()) {
        const { entries } = await gpu.engine.readEntries(analysis.source(view), width * size);
        const different = entries.findIndex((value, k) => !near(value, expected[i]!.entries[k]!));
        assert.equal(different, -1, `entry ${different} of ${expected[i]!.name}`);
      }
      await analysis.close();
    });
  }
});

test("matrices that are streamed, and singular vectors", async () => {
  const weight = gptq({ bits: 4, inputs: 64, outputs: 4096, groupSize: 32, shuffled: false, version: "gptq" }, 40);
  const analysis = await checkpointOf(weight);
  const source = analysis.source(analysis.matrices[0]!);
  const expected = singularValues(weight.reference, 4096, 64);
  const small = await openTestEngine({ bufferBytes: 1 << 18 });
  const [streamed] = await small.measure([source]);
  await small.close();
  assert.ok(relativeError(streamed!.singularValues, expected) < 1e-6);
  assert.equal(streamed!.entries.nonFinite, 0);
  let values: Float64Array = new Float64Array();
  await gpu.engine.measureVectors([source], {
    signal: new AbortController().signal,
    onResult: (_, vectors) => {
      values = vectors.singularValues;
    },
    onUnsupported: (_, message) => assert.fail(message),
  });
  assert.ok(relativeError(values, expected) < 1e-6);
  await analysis.close();
});

test("a piece that ends too early is told of, with the file", async () => {
  const analysis = await checkpointOf(
    gptq({ bits: 4, inputs: 64, outputs: 64, groupSize: 32, shuffled: false, version: "gptq" }, 50),
  );
  const source = analysis.source(analysis.matrices[0]!);
  await writeFile(source.path, new Uint8Array(100));
  const messages: string[] = [];
  await gpu.engine.measure([source], {
    signal: new AbortController().signal,
    onResult: () => assert.fail("it was computed"),
    onUnsupported: (_, message) => messages.push(message),
  });
  assert.equal(messages.length, 1);
  assert.match(messages[0]!, /model\.safetensors cannot be read: the file ends at byte \d+, before the tensor does\.$/);
  await analysis.close();
});

function plusZero(value: number): number {
  return value === 0 ? 0 : value;
}

/** To fp32's rounding of a few products. */
function near(value: number, expected: number): boolean {
  return Math.abs(value - expected) <= 2 ** -22 * Math.abs(expected);
}
