/** What is measured to suit the adapter: on a processor too here, where it is asked for. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openDevice, type Gpu } from "../../server/gpu/device.ts";
import { Failure } from "../../server/gpu/failure.ts";
import type { Kernel } from "../../server/gpu/kernels.ts";
import { accurate, adapterKey, measureTuning, openTuned, type TuningMemory } from "../../server/svd/autotune.ts";
import { chooseBlocks, compileTwoStageKernels, type TwoStageKernels } from "../../server/svd/two-stage-kernels.ts";
import {
  defaultTuning,
  isTuning,
  traitsOf,
  tuningChoices,
  type Traits,
  type Tuning,
  type TuningChoices,
} from "../../server/svd/tuning.ts";
import { openTestEngine, relativeError } from "../support/engine.ts";
import { gaussianMatrix } from "../support/random.ts";
import { singularValues } from "../support/svd.ts";

describe("tuning", () => {
  let gpu: Gpu;
  let traits: Traits;
  let choices: TuningChoices;
  const known = new Map<string, Promise<Kernel>>();
  const compile = (tuning: Tuning): Promise<TwoStageKernels> =>
    compileTwoStageKernels(gpu.device, chooseBlocks(tuning, traits), gpu.target, known);
  before(async () => {
    gpu = await openDevice("");
    traits = traitsOf(gpu);
    choices = tuningChoices(traits);
  });
  after(() => {
    gpu.close();
  });

  it("of whatever choices is accurate, which is what is checked before one is taken", async () => {
    const signal = new AbortController().signal;
    const { unrolled, panelThreads, sweeps, bisecting } = choices;
    const last = {
      unrolled: unrolled.at(-1)!,
      panelThreads: panelThreads.at(-1)!,
      sweeps: sweeps.at(-1)!,
      bisecting: bisecting.at(-1)!,
    };
    assert.notDeepEqual(last, defaultTuning(choices));
    const kernels = await compile(last);
    assert.equal(await accurate(gpu.device, kernels, signal), true);
    // One that ends chasing bulges too soon.
    const broken = { ...kernels, blocks: { ...kernels.blocks, halves: 2 * kernels.blocks.halves } };
    assert.equal(await accurate(gpu.device, broken, signal), false);
  });

  it("is one of the choices when it is measured, and gives the same values", async () => {
    const usual = await openTestEngine({ method: "two-stage" });
    const measured = await openTestEngine({ method: "two-stage", tuning: "measured" });
    try {
      assert.deepEqual(usual.engine.tuning, defaultTuning(choices));
      assert.ok(isTuning(measured.engine.tuning, choices), JSON.stringify(measured.engine.tuning));
      for (const [rows = 0, columns = 0] of [
        [200, 150],
        [400, 140],
      ]) {
        const entries = Float64Array.from(Float32Array.from(gaussianMatrix(rows, columns, rows)));
        const expected = singularValues(entries, rows, columns);
        for (const each of [usual, measured]) {
          const [measurement] = await each.measure([await each.write(entries, rows, columns)]);
          const error = relativeError(measurement!.singularValues, expected);
          assert.ok(error <= 6e-7, `${rows} × ${columns}: ${error}`);
        }
      }
    } finally {
      await measured.close();
      await usual.close();
    }
  });

  it("is measured by work that the device can do, for each of its numbers", async () => {
    // Two of each, so that each is measured, and both of those that this device has.
    const panelThreads: readonly [number, number] = [choices.panelThreads[0], choices.panelThreads.at(-1)!];
    const both: TuningChoices = { ...choices, unrolled: [false, false], panelThreads };
    const measuring = measureTuning(gpu.device, both, compile, new AbortController().signal);
    assert.ok(isTuning(await gpu.failure.race(measuring), both));
    const other = new Error("nothing else");
    await assert.rejects(gpu.failure.race(Promise.reject(other)), other);
  });

  it("is not measured once it was cancelled, and the kernels are those of the default when the device cannot", async () => {
    const reason = new Error("enough");
    await assert.rejects(measureTuning(gpu.device, choices, compile, AbortSignal.abort(reason)), reason);
    const failing = { ...gpu, failure: new Failure(Promise.resolve("lost")) };
    const { tuning } = await openTuned(failing, "measured");
    assert.deepEqual(tuning, defaultTuning(choices));
  });

  it("is that of the memory on a card, which what is not a choice is replaced in; a processor has the default", async () => {
    const usual = defaultTuning(choices);
    const kept = { ...usual, sweeps: choices.sweeps.at(-1)! };
    const asked: string[] = [];
    const memory = (value: unknown): TuningMemory & { value: unknown } => ({
      value,
      read(adapter) {
        asked.push(adapter);
        return Promise.resolve(this.value);
      },
      keep(adapter, tuning) {
        asked.push(adapter);
        this.value = tuning;
        return Promise.resolve();
      },
    });
    const card = { ...gpu, description: { ...gpu.description, software: false } };
    const { tuning, kernels } = await openTuned(card, memory(kept));
    assert.deepEqual(tuning, kept);
    assert.equal(kernels.blocks.sweeps, kept.sweeps);
    const damaged = memory({ ...kept, sweeps: 1000 });
    const { tuning: fresh } = await openTuned(card, damaged);
    assert.ok(isTuning(fresh, choices));
    assert.deepEqual(damaged.value, fresh);
    assert.deepEqual(new Set(asked), new Set([adapterKey(gpu.device)]));
    const processor = { ...gpu, description: { ...gpu.description, software: true } };
    asked.length = 0;
    assert.deepEqual((await openTuned(processor, memory(kept))).tuning, usual);
    assert.deepEqual(asked, []);
  });
});
