/**
 * Measures which tuning suits an adapter: each choice does a small piece of the work that it is about, and another than
 * the default is taken only where it is clearly quicker and the singular values come out as accurate. Each of the
 * four numbers takes 0.4 s at most but for its last turn, once for each adapter and driver.
 */
import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { PacedSubmits, type Submits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import { bidiagonalBytes, bisectValues } from "./bisection.ts";
import { bandBytes, chaseBulges } from "./bulge-chasing.ts";
import { cornersOf, delayedBytes, reduceDelayed, updateWhole } from "./delayed-reduction.ts";
import { rowsInRegisters } from "./panel-source.ts";
import { TwoStage } from "./two-stage.ts";
import { chooseBlocks, compileTwoStageKernels, type Blocks, type TwoStageKernels } from "./two-stage-kernels.ts";
import { defaultTuning, isTuning, traitsOf, tuningChoices } from "./tuning.ts";
import type { Tuning, TuningChoices } from "./tuning.ts";

/** Keeps tunings from one time to the next, by adapter. */
export interface TuningMemory {
  /** What was kept last, whatever it is. */
  read(adapter: string): Promise<unknown>;
  keep(adapter: string, tuning: Tuning): Promise<void>;
}

/**
 * `default`: nothing is measured. `measured`: it is measured now, on a processor too. A memory: what it has is taken, and
 * what it lacks is measured and kept, but for processors, which have the default.
 */
export type TuningOption = "default" | "measured" | TuningMemory;

/** The kernels of a device by the tuning that suits it. Those of the default where it cannot be measured. */
export async function openTuned(
  gpu: Gpu,
  option: TuningOption,
): Promise<{ readonly tuning: Tuning; readonly kernels: TwoStageKernels }> {
  const { device, target } = gpu;
  const traits = traitsOf(gpu);
  const choices = tuningChoices(traits);
  const known: Parameters<typeof compileTwoStageKernels>[3] = new Map();
  const compile = (tuning: Tuning): Promise<TwoStageKernels> =>
    compileTwoStageKernels(device, chooseBlocks(tuning, traits), target, known);
  const usual = defaultTuning(choices);
  const open = async (tuning: Tuning): ReturnType<typeof openTuned> => ({ tuning, kernels: await compile(tuning) });

  const memory = typeof option === "string" ? null : option;
  if (option === "default" || (memory !== null && traits.class === "processor")) return open(usual);
  const key = adapterKey(device);
  const kept = await memory?.read(key);
  if (isTuning(kept, choices)) return open(kept);
  const end = new AbortController();
  let tuning: Tuning;
  try {
    tuning = await gpu.failure.race(measureTuning(device, choices, compile, end.signal));
  } catch {
    // Whatever there is no memory for, or a driver cannot do: whoever uses the device is told if it is lost.
    return await open(usual);
  } finally {
    end.abort();
  }
  await memory?.keep(key, tuning);
  return open(tuning);
}

/** What a tuning was measured for: an adapter with its driver, and what is used of it. */
export function adapterKey({
  adapterInfo,
  limits,
  features,
}: Pick<GPUDevice, "adapterInfo" | "limits" | "features">): string {
  const { vendor, architecture, device, description } = adapterInfo;
  return JSON.stringify([
    vendor,
    architecture,
    device,
    description,
    limits.maxComputeWorkgroupStorageSize,
    limits.maxComputeInvocationsPerWorkgroup,
    limits.maxStorageBufferBindingSize,
    features.has("subgroups"),
  ]);
}

/** How much quicker than the default a choice must be, so that noise changes nothing. */
const margin = 0.05;
/** Measurements of a choice, of which so many must be there; how long each should take, and all of a number's, in ms. */
const rounds = { most: 7, fewest: 3, milliseconds: 4, together: 400 };

/**
 * Which of several choices to take, by the milliseconds that each took, the default first: that which is quickest in the
 * median of those that are quicker than the default by the margin, in the median as well as at best.
 */
export function quickest(times: readonly (readonly number[])[]): number {
  if (times.some((each) => each.length < rounds.fewest)) return 0;
  const figures = times.map((each) => {
    const sorted = each.toSorted((a, b) => a - b);
    return { best: sorted[0]!, median: sorted[Math.floor((sorted.length - 1) / 2)]! };
  });
  const usual = figures[0]!;
  return figures.reduce((taken, { best, median }, place) => {
    const clear = best < (1 - margin) * usual.best && median < (1 - margin) * usual.median;
    return clear && median < figures[taken]!.median ? place : taken;
  }, 0);
}

/**
 * The tuning that suits a device, one of `choices`.
 * @throws the signal's reason; OutOfMemory; an Error if the device is lost.
 */
export async function measureTuning(
  device: GPUDevice,
  choices: TuningChoices,
  compile: (tuning: Tuning) => Promise<TwoStageKernels>,
  signal: AbortSignal,
): Promise<Tuning> {
  const usual = defaultTuning(choices);
  let tuning = usual;
  const names = Object.keys(pieces) as (keyof Tuning)[];
  for (const name of names) {
    const tunings = choices[name].map((choice): Tuning => ({ ...tuning, [name]: choice }));
    if (tunings.length < 2) continue;
    const kernels: TwoStageKernels[] = [];
    for (const each of tunings) kernels.push(await compile(each));
    tuning = tunings[quickest(await timesOf(device, pieces[name], kernels, signal))]!;
  }
  const changed = names.some((name) => tuning[name] !== usual[name]);
  return !changed || (await accurate(device, await compile(tuning), signal)) ? tuning : usual;
}

/** Something to do with kernels of any tuning. */
type Piece = (device: GPUDevice, usual: Blocks) => Promise<Prepared>;
interface Prepared {
  readonly buffers: Readonly<Record<string, GPUBuffer>>;
  readonly run: (kernels: TwoStageKernels, submits: Submits, signal: AbortSignal) => Promise<void>;
}

/** For each number of a tuning a piece of work that it decides the time of, the same however often it is done. */
const pieces: Readonly<Record<keyof Tuning, Piece>> = {
  unrolled: async (device, blocks) => {
    const shape = { count: 1, rows: 1024, columns: 1024 };
    const buffers = await createBuffers(device, {
      matrices: 4 * shape.rows * shape.columns,
      corners: 4 * cornersOf(shape.columns, blocks.band) * blocks.band ** 2,
      ...delayedBytes(blocks, shape.count, shape.rows),
    });
    return {
      buffers,
      run: async (kernels, submits, signal) => {
        const passes = await kernels.passesOver(shape.columns);
        await submits.run(
          1,
          () => 1,
          (pass) => {
            updateWhole(device, passes, pass, { ...shape, matrices: buffers.matrices }, buffers);
          },
          signal,
        );
      },
    };
  },
  // So few columns that the matrix itself stays as it is, and as many rows as the registers hold at most.
  panelThreads: async (device, blocks) => {
    const shape = { count: 1, rows: rowsInRegisters(blocks.panelThreads), columns: blocks.depth };
    const entries = shape.rows * shape.columns;
    const buffers = await createBuffers(device, {
      matrices: 4 * entries,
      corners: 4 * cornersOf(shape.columns, blocks.band) * blocks.band ** 2,
      ...delayedBytes(blocks, shape.count, shape.rows),
    });
    device.queue.writeBuffer(buffers.matrices, 0, noise(entries));
    return {
      buffers,
      run: (kernels, submits, signal) =>
        reduceDelayed(device, kernels, submits, { ...shape, matrices: buffers.matrices }, entries, buffers, signal),
    };
  },
  sweeps: async (device, blocks) => {
    const columns = 768;
    const corners = cornersOf(columns, blocks.band) * blocks.band ** 2;
    const buffers = await createBuffers(device, { corners: 4 * corners, band: bandBytes(blocks, 1, columns) });
    device.queue.writeBuffer(buffers.corners, 0, noise(corners));
    return {
      buffers,
      run: (kernels, submits, signal) => chaseBulges(device, kernels, submits, 1, columns, buffers, signal),
    };
  },
  bisecting: async (device, blocks) => {
    const columns = 1024;
    const bytes = bandBytes(blocks, 1, columns);
    const buffers = await createBuffers(device, { band: bytes, ...bidiagonalBytes(1, columns) });
    device.queue.writeBuffer(buffers.band, 0, noise(bytes / 4));
    return {
      buffers,
      run: (kernels, submits, signal) => bisectValues(device, kernels, submits, 1, columns, buffers, signal),
    };
  },
};

/** Milliseconds that a piece takes with each of some kernels, in turns, so that what slows one down slows all. */
async function timesOf(
  device: GPUDevice,
  piece: Piece,
  kernels: readonly TwoStageKernels[],
  signal: AbortSignal,
): Promise<number[][]> {
  const { buffers, run } = await piece(device, kernels[0]!.blocks);
  try {
    const runners = kernels.map((each) => {
      const submits = new PacedSubmits(device, 5);
      return async (times: number): Promise<number> => {
        const begun = performance.now();
        for (let i = 0; i < times; i++) await run(each, submits, signal);
        await device.queue.onSubmittedWorkDone();
        return performance.now() - begun;
      };
    });
    const begun = performance.now();
    // Warms up, and tells how often the work is to be done for the clock to be fine enough.
    let often = 1;
    for (const runner of runners) await runner(1);
    while (often < 256 && (await runners[0]!(often)) < rounds.milliseconds) often *= 2;
    const times = kernels.map((): number[] => []);
    for (let round = 0; round < rounds.most && performance.now() - begun < rounds.together; round++) {
      for (const [place, runner] of runners.entries()) times[place]!.push(await runner(often));
    }
    return times;
  } finally {
    await device.queue.onSubmittedWorkDone();
    releaseBuffers(buffers);
  }
}

/** The error that is promised, in units of σ₁: a tuning that does not work is far beyond. */
const allowed = 1e-6;

/** Whether the singular values of a matrix that has known ones come out right, with a QR factorisation first and without. */
export async function accurate(device: GPUDevice, kernels: TwoStageKernels, signal: AbortSignal): Promise<boolean> {
  // More rows than most panels hold in registers, and more columns than wait for an update.
  const shape = { count: 1, rows: 2304, columns: 136 };
  const { entries, values: expected } = knownMatrix(shape.rows, shape.columns);
  const stages = new TwoStage(device, kernels);
  const buffers = await createBuffers(device, { matrices: entries.byteLength });
  try {
    for (const tall of [true, false]) {
      device.queue.writeBuffer(buffers.matrices, 0, entries);
      const batch = { ...shape, matrices: buffers.matrices };
      const found = new Float32Array(await stages.run(batch, signal, ({ values }) => readBack(device, values), tall));
      // What is not a number is not right either.
      if (!found.every((value, i) => Math.abs(value - expected[i]!) <= allowed * expected[0]!)) return false;
    }
    return true;
  } finally {
    releaseBuffers(buffers);
  }
}

/**
 * A matrix, row-major, of the singular values 1, 1 − 1/n, …, 1/n: they are the diagonal of one that is reflected from both
 * sides.
 */
export function knownMatrix(
  rows: number,
  columns: number,
): { readonly entries: Float32Array; readonly values: Float64Array } {
  const values = Float64Array.from({ length: columns }, (_, i) => 1 - i / columns);
  const u = unit(noise(rows));
  const v = unit(noise(columns));
  // (I − 2uuᵀ)·D·(I − 2vvᵀ) = D − 2u(Du)ᵀ − 2(Dv − 2u·(uᵀDv))vᵀ
  const weight = values.reduce((sum, value, i) => sum + u[i]! * value * v[i]!, 0);
  const entries = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    const own = (i < columns ? values[i]! * v[i]! : 0) - 2 * u[i]! * weight;
    for (let j = 0; j < columns; j++) {
      const diagonal = i === j ? values[j]! : 0;
      entries[i * columns + j] = diagonal - 2 * u[i]! * values[j]! * u[j]! - 2 * own * v[j]!;
    }
  }
  return { entries, values };
}

function unit(vector: ArrayLike<number>): Float64Array {
  const all = Float64Array.from(vector);
  const length = Math.hypot(...all);
  return all.map((entry) => entry / length);
}

/** Numbers between −1 and 1 without a pattern. */
function noise(length: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => Math.sin(i * i));
}
