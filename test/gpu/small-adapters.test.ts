/**
 * What a graphics card with no more than WebGPU's default limits runs (bindings of 128 MiB, 16 KiB of workgroup memory,
 * workgroups of 256), with subgroups and without: the workgroups are those of a card here, whatever the adapter.
 */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createBuffers, OutOfMemory } from "../../server/gpu/buffers.ts";
import { openDevice } from "../../server/gpu/device.ts";
import type { Factor, MatrixSource, VectorStatistics } from "../../server/svd/measurement.ts";
import { defaultTuning, traitsOf, tuningChoices } from "../../server/svd/tuning.ts";
import { chooseBlocks } from "../../server/svd/two-stage-kernels.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { hardMatrices, type HardMatrix } from "../support/hard-matrices.ts";
import { gaussianMatrix } from "../support/random.ts";
import { singularValues } from "../support/svd.ts";

/** Of both methods: more than 128 columns are reduced in two stages. */
const battery = [
  ...hardMatrices().filter(({ rows, columns }) => Math.min(rows, columns) > 128 || rows * columns <= 64 * 64),
  // More rows than a panel's first kernel holds in registers.
  ...[
    [540, 530],
    [1100, 140],
  ].map(([rows = 0, columns = 0]) => ({ name: "normal", rows, columns, entries: gaussianMatrix(rows, columns, rows) })),
].map((matrix) => {
  const entries = Float64Array.from(Float32Array.from(matrix.entries));
  return { ...matrix, entries, expected: singularValues(entries, matrix.rows, matrix.columns) };
});

for (const subgroups of [true, false]) {
  const device = { limits: "least", subgroups, workgroups: "large" } as const;

  describe(`the least limits ${subgroups ? "with subgroups, if there are any" : "without subgroups"}`, () => {
    let gpu: TestEngine;
    before(async () => {
      gpu = await openTestEngine({ method: "two-stage", device });
    });
    after(() => gpu.close());

    const values = async ({ rows, columns, entries }: Omit<HardMatrix, "name">): Promise<Float64Array> => {
      const [measurement] = await gpu.measure([await gpu.write(entries, rows, columns)]);
      return measurement!.singularValues;
    };

    it("are those of the device", async () => {
      const opened = await openDevice("", device);
      try {
        const { limits, features } = opened.device;
        assert.equal(limits.maxStorageBufferBindingSize, 128 << 20);
        assert.equal(limits.maxComputeWorkgroupStorageSize, 16 << 10);
        assert.equal(limits.maxComputeInvocationsPerWorkgroup, 256);
        assert.ok(subgroups || !features.has("subgroups"));
        const traits = traitsOf(opened);
        const { panelThreads, sweeps } = chooseBlocks(defaultTuning(tuningChoices(traits)), traits);
        assert.deepEqual([panelThreads, sweeps], [256, 8]);
        // Batches are halved then; to bind it would be invalid, and the end of the engine.
        await assert.rejects(createBuffers(opened.device, { large: (128 << 20) + 4 }), OutOfMemory);
      } finally {
        opened.close();
      }
      assert.equal(gpu.engine.maximumBytes, 128 << 20);
    });

    // Without the fused steps of a card, a little more than the battery is held to elsewhere: 10⁻⁶ is what is promised.
    const errors: number[] = [];
    for (const matrix of battery) {
      it(`values: ${matrix.name}, ${matrix.rows} × ${matrix.columns}`, async () => {
        const error = relativeError(await values(matrix), matrix.expected);
        errors.push(error);
        assert.ok(error <= 1e-6, `|σ̂ − σ|/σ₁ is ${error}`);
      });
    }
    it("the errors of all of them", (t) => {
      const sorted = errors.toSorted((a, b) => a - b);
      const median = sorted[Math.floor(sorted.length / 2)]!;
      t.diagnostic(`worst ${sorted.at(-1)!.toExponential(1)}, median ${median.toExponential(1)}`);
      assert.ok(median <= 2e-7, `median ${median}`);
    });

    it("a matrix that is reduced in chunks", async () => {
      const small = await openTestEngine({ method: "two-stage", device, bufferBytes: 2 ** 18 });
      try {
        for (const [rows, columns] of [
          [1500, 140],
          [140, 1501],
        ] as const) {
          const entries = Float64Array.from(Float32Array.from(gaussianMatrix(rows, columns, rows)));
          const [measurement] = await small.measure([await small.write(entries, rows, columns)]);
          const error = relativeError(measurement!.singularValues, singularValues(entries, rows, columns));
          assert.ok(error <= 6e-7, `|σ̂ − σ|/σ₁ is ${error}`);
        }
      } finally {
        await small.close();
      }
    });

    // What follows knows no subgroups, and is the same with them.
    if (subgroups) return;

    it("a batch whose matrices fit one binding, but not what is made of them", async () => {
      const many = await openTestEngine({ method: "two-stage", device, batchBytes: 1 << 30 });
      try {
        // 700 of them take 45 MiB, and what their updates are made of takes 131.
        const source = await many.write(gaussianMatrix(129, 129, 1), 129, 129);
        const [alone] = await many.measure([source]);
        const together = await many.measure(Array.from({ length: 700 }, () => source));
        assert.equal(together.length, 700);
        for (const { singularValues: own } of together) {
          const error = relativeError(own, alone!.singularValues);
          assert.ok(error <= 1e-6, `|σ̂ − σ|/σ₁ is ${error}`);
        }
      } finally {
        await many.close();
      }
    });

    it("vectors: values, and statistics as the usual engine finds them", async () => {
      const usual = await openTestEngine();
      try {
        for (const [rows, columns] of [
          [128, 300],
          [150, 70],
          // Longer than what is sorted in workgroup memory.
          [3, 9001],
        ] as const) {
          const entries = Float64Array.from(Float32Array.from(gaussianMatrix(rows, columns, rows)));
          const exact = singularValues(entries, rows, columns);
          const source = await gpu.write(entries, rows, columns);
          const [own, other] = [await vectors(gpu, source), await vectors(usual, source)];
          assert.ok(relativeError(own.singularValues, exact) <= 6e-7);
          for (const side of ["left", "right"] as const) {
            own[side].forEach((statistic, i) => {
              const near = Math.abs(statistic - other[side][i]!) < 1e-2;
              assert.ok(near, `${rows} × ${columns}, ${side} vector ${i}: ${statistic}, not ${other[side][i]}`);
            });
          }
        }
      } finally {
        await usual.close();
      }
    });

    it("heads: columns of one matrix", async () => {
      const [rows, pitch, width] = [140, 96, 32];
      const numbers = Float64Array.from(Float32Array.from(gaussianMatrix(rows, pitch, 3)));
      const whole = await gpu.write(numbers, rows, pitch);
      const heads = [0, 1, 2].map((head) => {
        const begin = whole.begin + 4 * head * width;
        return { ...whole, begin, end: begin + 4 * ((rows - 1) * pitch + width), columns: width, pitch };
      });
      for (const [head, { singularValues: found }] of (await gpu.measure(heads)).entries()) {
        const own = Float64Array.from(
          { length: rows * width },
          (_, k) => numbers[Math.floor(k / width) * pitch + head * width + (k % width)]!,
        );
        assert.ok(relativeError(found, singularValues(own, rows, width)) <= 6e-7);
      }
    });

    it("products: by their core, and multiplied", async () => {
      for (const [shared, free] of [
        [20, 300],
        [200, 60],
      ] as const) {
        const [left, right] = [1, 2].map((seed) =>
          Float64Array.from(Float32Array.from(gaussianMatrix(shared, free, shared + seed))),
        ) as [Float64Array, Float64Array];
        const factor = async (entries: Float64Array): Promise<Factor> => {
          return { source: await gpu.write(entries, shared, free), shared: "rows" };
        };
        let found = new Float64Array();
        await gpu.engine.measureProducts([{ left: await factor(left), right: await factor(right) }], {
          signal: new AbortController().signal,
          onResult: (_, measurement) => {
            found = Float64Array.from(measurement.singularValues);
          },
          onUnsupported: (_, message) => assert.fail(message),
        });
        const product = new Float64Array(free * free);
        for (let k = 0; k < shared; k++) {
          for (let i = 0; i < free * free; i++) {
            product[i]! += left[k * free + Math.floor(i / free)]! * right[k * free + (i % free)]!;
          }
        }
        const exact = singularValues(product, free, free).slice(0, Math.min(shared, free));
        const bound = singularValues(left, shared, free)[0]! * singularValues(right, shared, free)[0]!;
        assert.ok((relativeError(found, exact) * exact[0]!) / bound <= 1e-6);
      }
    });
  });
}

async function vectors({ engine }: TestEngine, source: MatrixSource): Promise<VectorStatistics> {
  const found: VectorStatistics[] = [];
  await engine.measureVectors([source], {
    signal: new AbortController().signal,
    onResult: (_, statistics) => {
      found.push(statistics);
    },
    onUnsupported: (_, message) => assert.fail(message),
  });
  assert.equal(found.length, 1);
  return found[0]!;
}
