/**
 * Where the GPU's time goes in two stages, by its own timestamps: each stage as it runs, and each kernel when every dispatch
 * is a pass of its own (which costs a little more). `npm run bench:stages [-- --measured] [SHAPE…]`, a shape being
 * `ROWSxCOLUMNS[*COUNT]`. With `--measured` the tuning is measured first, else it is the default.
 */
import { createBuffers, releaseBuffers } from "../../server/gpu/buffers.ts";
import { openDevice } from "../../server/gpu/device.ts";
import { PacedSubmits, type Submits } from "../../server/gpu/paced-submits.ts";
import { readBack } from "../../server/gpu/readback.ts";
import { bidiagonalBytes, bisectValues } from "../../server/svd/bisection.ts";
import { bandBytes, chaseBulges } from "../../server/svd/bulge-chasing.ts";
import { cornersOf, delayedBytes, reduceDelayed } from "../../server/svd/delayed-reduction.ts";
import { isTall, reduceToTriangle, tallBytes } from "../../server/svd/tall-qr.ts";
import { openTuned } from "../../server/svd/autotune.ts";
import type { Tuning } from "../../server/svd/tuning.ts";
import type { TwoStageKernels } from "../../server/svd/two-stage-kernels.ts";
import { KernelTimes } from "./kernel-times.ts";
import { parseShape, type BenchShape } from "./shape.ts";

// Dawn rounds timestamps for the sake of web pages.
const gpu = await openDevice("", { dawn: ["disable-dawn-features=timestamp_quantization"] });
const { device } = gpu;

/** Runs steps as `Submits` do, some at a time in a pass with a timestamp at either end. */
class StageTime implements Submits {
  milliseconds = 0;

  async run(steps: number, _: unknown, encode: (pass: GPUComputePassEncoder, step: number) => void): Promise<void> {
    for (let step = 0; step < steps;) {
      const querySet = device.createQuerySet({ type: "timestamp", count: 2 });
      const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
      const resolved = device.createBuffer({ size: 16, usage });
      const encoder = device.createCommandEncoder();
      const timestampWrites = { querySet, beginningOfPassWriteIndex: 0, endOfPassWriteIndex: 1 };
      const pass = encoder.beginComputePass({ timestampWrites });
      const end = Math.min(steps, step + 128);
      for (; step < end; step++) encode(pass, step);
      pass.end();
      encoder.resolveQuerySet(querySet, 0, 2, resolved, 0);
      device.queue.submit([encoder.finish()]);
      const [begun = 0n, ended = 0n] = new BigUint64Array(await readBack(device, resolved));
      this.milliseconds += Number(ended - begun) / 1e6;
      querySet.destroy();
      resolved.destroy();
    }
  }
}

async function stages(kernels: TwoStageKernels, { rows, columns, count }: BenchShape): Promise<void> {
  const { blocks } = kernels;
  const tall = isTall(rows, columns);
  const corners = 4 * count * cornersOf(columns, blocks.band) * blocks.band ** 2;
  const buffers = await createBuffers(device, {
    matrices: 4 * count * rows * columns,
    corners,
    ...delayedBytes(blocks, count, tall ? columns : rows),
    band: bandBytes(blocks, count, columns),
    ...bidiagonalBytes(count, columns),
  });
  const own = tall ? await createBuffers(device, tallBytes(count, rows, columns)) : null;
  const batch = { count, rows, columns, matrices: buffers.matrices };
  const signal = new AbortController().signal;
  // Its length is prime to that of rows, or rows would come again and the rank be small.
  const random = Float32Array.from({ length: (1 << 22) - 5 }, () => Math.random() - 0.5);
  const fill = (): void => {
    for (let at = 0; at < count * rows * columns; at += random.length) {
      device.queue.writeBuffer(
        buffers.matrices,
        4 * at,
        random,
        0,
        Math.min(random.length, count * rows * columns - at),
      );
    }
  };
  const square = tall ? { ...batch, rows: columns } : batch;
  const parts: readonly (readonly [string, (submits: Submits) => Promise<void>])[] = [
    ...(own === null
      ? []
      : [["QR", (submits: Submits) => reduceToTriangle(device, kernels.tall, submits, batch, own, signal)] as const]),
    ["band", (submits) => reduceDelayed(device, kernels, submits, square, rows * columns, buffers, signal)],
    ["bulges", (submits) => chaseBulges(device, kernels, submits, count, columns, buffers, signal)],
    ["values", (submits) => bisectValues(device, kernels, submits, count, columns, buffers, signal)],
  ];
  console.log(`${rows}×${columns}${count > 1 ? `, ${count}` : ""}`);
  // The first run warms up.
  for (const last of [false, true]) {
    fill();
    for (const [name, run] of parts) {
      const time = new StageTime();
      await run(time);
      if (last) console.log(`  ${name.padEnd(42)}${time.milliseconds.toFixed(2).padStart(9)} ms`);
    }
  }
  fill();
  const paced = new PacedSubmits(device);
  const kernelTimes = new KernelTimes(device);
  for (const [, run] of parts) await run(paced);
  for (const { name, dispatches, milliseconds } of await kernelTimes.take()) {
    const mean = (1000 * milliseconds) / dispatches;
    const time = milliseconds.toFixed(2).padStart(9);
    console.log(`    ${name.padEnd(40)}${time} ms ${String(dispatches).padStart(6)} × ${mean.toFixed(1)} µs`);
  }
  kernelTimes.close();
  releaseBuffers(buffers);
  releaseBuffers(own ?? {});
}

/** In words. */
function describeTuning({ unrolled, panelThreads, sweeps, bisecting }: Tuning): string {
  return [
    `products ${unrolled ? "unrolled" : "looped"}`,
    `panels by up to ${panelThreads} invocations`,
    `${sweeps} sweeps a workgroup`,
    `values by up to ${bisecting} invocations`,
  ].join(", ");
}

const wanted = process.argv.slice(2).filter((argument) => argument !== "--measured");
const shapes = wanted.length > 0 ? wanted : ["1024x1024", "4096x4096", "4096x4096*8"];
const measured = process.argv.includes("--measured");
const begun = performance.now();
const { tuning, kernels } = await openTuned(gpu, measured ? "measured" : "default");
console.log(gpu.description.adapter);
console.log(`  ${describeTuning(tuning)} (${measured ? "measured" : "default"})`);
console.log(`  kernels open after ${(performance.now() - begun).toFixed(0)} ms`);
for (const shape of shapes) await stages(kernels, parseShape(shape));
gpu.close();
process.exit(0);
