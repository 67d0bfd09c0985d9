/** R of a QR factorisation has the singular values of its matrix, whatever the matrix. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { createBuffers, releaseBuffers } from "../../server/gpu/buffers.ts";
import { openDevice, type DeviceOptions, type Gpu } from "../../server/gpu/device.ts";
import { PacedSubmits } from "../../server/gpu/paced-submits.ts";
import { readBack } from "../../server/gpu/readback.ts";
import { TallKernels } from "../../server/svd/tall-kernels.ts";
import { reduceToTriangle, tallBytes } from "../../server/svd/tall-qr.ts";
import { defaultTuning, traitsOf, tuningChoices } from "../../server/svd/tuning.ts";
import { chooseBlocks } from "../../server/svd/two-stage-kernels.ts";
import { relativeError } from "../support/engine.ts";
import { gaussianMatrix } from "../support/random.ts";
import { singularValues } from "../support/svd.ts";

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly count?: number;
  readonly entry?: (gaussian: number, row: number, column: number, matrix: number) => number;
}

/** Each column nearly in the span of a few before it, so that a panel ends after each: far more than there are to spare. */
function oscillation(row: number, column: number): number {
  return Math.cos((row / 250) * (column / 5));
}

/** The same in `several` neighbouring columns. */
function alike(row: number, column: number, several: number): number {
  return Math.sin(row * (1 + Math.floor(column / several)));
}

const cases: readonly Case[] = [
  { name: "one entry", rows: 1, columns: 1 },
  { name: "fewer rows than a panel has columns", rows: 2, columns: 1 },
  { name: "one column", rows: 5003, columns: 1 },
  { name: "a panel and a part of one", rows: 11, columns: 9 },
  { name: "hardly more rows than columns", rows: 67, columns: 66 },
  { name: "square", rows: 130, columns: 130 },
  { name: "one block", rows: 1300, columns: 64 },
  { name: "two blocks, the second with one column", rows: 601, columns: 65 },
  { name: "a batch of primes", rows: 601, columns: 131, count: 3 },
  { name: "more rows than there are parts of sums", rows: 20_001, columns: 12 },
  { name: "so many that workgroups take more rows", rows: 300, columns: 70, count: 60 },
  { name: "several tiles of these", rows: 16_500, columns: 9, count: 2 },
  { name: "rank 2", rows: 1000, columns: 200, entry: (_, row, column) => (row % 7) * (column % 5) + (row % 3) },
  { name: "columns over 30 decades", rows: 1000, columns: 130, entry: (g, _, column) => g * 10 ** (-column / 4.3) },
  { name: "rows over 30 decades", rows: 1000, columns: 130, entry: (g, row) => g * 10 ** (-row / 33) },
  { name: "small rows first", rows: 1000, columns: 130, entry: (g, row) => g * 10 ** (row / 33 - 30) },
  { name: "zero", rows: 700, columns: 130, entry: () => 0 },
  { name: "zero columns", rows: 300, columns: 72, entry: (g, _, c) => (c < 9 || c % 3 === 0 ? 0 : g) },
  { name: "zero rows above", rows: 900, columns: 70, entry: (g, row) => (row < 600 ? 0 : g) },
  { name: "all alike", rows: 1000, columns: 400, entry: () => 1 },
  { name: "orthonormal already", rows: 400, columns: 90, entry: (_, row, column) => Number(row === column) },
  { name: "equal columns", rows: 500, columns: 80, entry: (_, row) => Math.sin(row) },
  { name: "small entries", rows: 300, columns: 130, entry: (g) => g * 1e-9 },
  { name: "oscillations", rows: 700, columns: 200, entry: (_, row, column) => oscillation(row, column) },
  { name: "powers", rows: 600, columns: 90, entry: (_, row, column) => (row / 300 - 1) ** column },
  {
    name: "columns in fours, a thousandth apart",
    rows: 500,
    columns: 140,
    entry: (g, r, c) => alike(r, c, 4) + 1e-3 * g,
  },
  {
    name: "columns in threes, a millionth apart",
    rows: 500,
    columns: 140,
    entry: (g, r, c) => alike(r, c, 3) + 1e-6 * g,
  },
  {
    name: "columns nearer and nearer to the first",
    rows: 900,
    columns: 135,
    entry: (g, row, column) => Math.sin(row) + g * 10 ** -(column % 9),
  },
  { name: "a strong mean", rows: 800, columns: 150, entry: (g) => 1 + 0.01 * g },
  {
    name: "a batch of which some need more panels than others",
    rows: 560,
    columns: 150,
    count: 5,
    entry: (g, row, column, matrix) =>
      [g, oscillation(row, column), 0, column < 70 ? g : oscillation(row, column), column === 77 ? 0 : g][matrix]!,
  },
];

const devices: readonly (readonly [name: string, options: DeviceOptions])[] = [
  ["as the adapter is", {}],
  ["the least limits, without subgroups", { limits: "least", subgroups: false, workgroups: "large" }],
];

for (const [name, options] of devices) {
  describe(`QR of tall matrices: ${name}`, () => {
    let gpu: Gpu;
    let kernels: TallKernels;
    let worst = 0;
    before(async () => {
      gpu = await openDevice("", options);
      const { device, target } = gpu;
      const traits = traitsOf(gpu);
      kernels = new TallKernels(device, target, chooseBlocks(defaultTuning(tuningChoices(traits)), traits));
    });
    after(() => {
      gpu.close();
    });

    for (const { name, rows, columns, count = 1, entry = (g: number) => g } of cases) {
      it(`${rows} × ${columns}: ${name}`, async () => {
        const entries = Float32Array.from(gaussianMatrix(count * rows, columns, rows), (g, i) =>
          entry(g, Math.floor(i / columns) % rows, i % columns, Math.floor(i / columns / rows)),
        );
        const bytes = { matrices: entries.byteLength, ...tallBytes(count, rows, columns) };
        const buffers = await createBuffers(gpu.device, bytes);
        gpu.device.queue.writeBuffer(buffers.matrices, 0, entries);
        const batch = { count, rows, columns, matrices: buffers.matrices };
        const submits = new PacedSubmits(gpu.device);
        await reduceToTriangle(gpu.device, kernels, submits, batch, buffers, new AbortController().signal);
        const reduced = new Float32Array(await gpu.failure.race(readBack(gpu.device, buffers.matrices)));
        releaseBuffers(buffers);
        for (let matrix = 0; matrix < count; matrix++) {
          const start = matrix * rows * columns;
          const r = Float64Array.from(reduced.subarray(start, start + columns * columns));
          const below = r.findIndex((value, i) => Math.floor(i / columns) > i % columns && value !== 0);
          assert.equal(below, -1, "below the diagonal R is zero");
          const own = Float64Array.from(entries.subarray(start, start + rows * columns));
          const exact = singularValues(own, rows, columns);
          const error = relativeError(singularValues(r, columns, columns), exact);
          worst = Math.max(worst, error);
          assert.ok(error <= 6e-7, `|σ̂ − σ|/σ₁ is ${error}`);
        }
      });
    }

    it("the largest error of all of them", (context) => {
      context.diagnostic(worst.toExponential(1));
      assert.ok(worst > 0);
    });
  });
}
