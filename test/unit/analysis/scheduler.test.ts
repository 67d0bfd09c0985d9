import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { Pace } from "../../../server/analysis/estimate.ts";
import { GpuProcess } from "../../../server/analysis/gpu-process.ts";
import { Scheduler } from "../../../server/analysis/scheduler.ts";
import { analysisWith } from "../../support/analysis.ts";
import { encode, safetensors } from "../../support/safetensors.ts";
import { until } from "../../support/until.ts";

/**
 * A process that answers like the worker, but dies whenever it meets the matrix that begins with 13 and fails politely on
 * the one that begins with 7: it reads that much of the file itself. There is never room for one that begins with 55, and
 * room for one that begins with 56 only the second time. The one that begins with 99 takes for ever the first
 * time, and three times something else ends it at the one that begins with 66.
 */
const worker = `
import { openSync, readdirSync, readSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
process.on("disconnect", () => process.exit());
let slow = 0;
const met = new Set();
process.on("message", (message) => {
  if (message.type === "start") {
    const engine = { phase: "ready", adapter: "a test", backend: "none", software: false, message: null, remedy: null };
    process.send({ type: "engine", engine });
  } else if (message.type === "job") {
    const { id, sources } = message.job;
    for (const [index, { path, begin }] of sources.entries()) {
      const first = new Float32Array(1);
      readSync(openSync(path), first, 0, 4, begin);
      if (first[0] === 13) return process.exit(11);
      // Three times something ends the process while it is computed.
      if (first[0] === 66 && readdirSync(dirname(path)).filter((name) => name.startsWith("ended")).length < 3) {
        writeFileSync(join(dirname(path), "ended-" + process.pid), "");
        return process.kill(process.pid, "SIGKILL");
      }
      // Slow: it answers when it is cancelled, and at once the second time.
      if (first[0] === 99 && !slow) { slow = id; return; }
      const isFirst = !met.has(begin);
      met.add(begin);
      if (first[0] === 55 || (first[0] === 56 && isFirst)) {
        const message = { text: "there is no room", english: "there is no room" };
        process.send({ type: "unsupported", id, index, message, shortOfMemory: true });
        continue;
      }
      if (first[0] === 7) return process.send({ type: "failed", id, message: { text: "seven is out of order", english: "seven is out of order" } });
      const analysis = ANALYSIS;
      const measurement = { ...analysis.measurement, singularValues: Float64Array.of(first[0]) };
      process.send({ type: "result", id, index, analysis: { ...analysis, measurement } });
    }
    process.send({ type: "done", id, outcome: "complete" });
  } else if (message.type === "cancel") {
    process.send({ type: "done", id: message.id, outcome: "cancelled" });
  }
});
`.replace("ANALYSIS", JSON.stringify(analysisWith([1])));

/**
 * A process that computes jobs in the order they came, tells of each in its output, and ends the first only when another was
 * cancelled and a third one came.
 */
const patientWorker = `
process.on("disconnect", () => process.exit());
const jobs = [];
let cancelled = false;
const neutral = ANALYSIS;
const analysis = { ...neutral, measurement: { ...neutral.measurement, singularValues: Float64Array.of(1) } };
process.on("message", (message) => {
  if (message.type === "start") {
    const engine = { phase: "ready", adapter: "a test", backend: "none", software: SOFTWARE, message: null, remedy: null };
    process.send({ type: "engine", engine });
  } else if (message.type === "job") {
    jobs.push(message.job);
    console.log("job", message.job.sources[0].columns);
  } else if (message.type === "cancel") {
    cancelled = true;
    jobs.splice(jobs.findIndex(({ id }) => id === message.id), 1);
    process.send({ type: "done", id: message.id, outcome: "cancelled" });
  }
  while (jobs.length > 0 && (SOFTWARE || (cancelled && jobs.at(-1).id > 2))) {
    const { id, sources } = jobs.shift();
    for (const [index] of sources.entries()) process.send({ type: "result", id, index, analysis });
    process.send({ type: "done", id, outcome: "complete" });
  }
});
`.replace("ANALYSIS", JSON.stringify(analysisWith([1])));

describe("Scheduler", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "scheduler-"));
    await writeFile(join(folder, "worker.mjs"), worker);
    await writeFile(join(folder, "patient.mjs"), patientWorker.replaceAll("SOFTWARE", "false"));
    await writeFile(join(folder, "processor.mjs"), patientWorker.replaceAll("SOFTWARE", "true"));
  });
  after(() => rm(folder, { recursive: true }));

  /** A checkpoint of 16 × 16 matrices, each with one number throughout, and a scheduler of its own. */
  async function open(
    numbers: readonly number[],
    pace: Pace | null = null,
  ): Promise<{ analysis: CheckpointAnalysis; gpu: GpuProcess; scheduler: Scheduler }> {
    const path = join(folder, `${numbers.join("-")}.safetensors`);
    const tensors = numbers.map((number, index) => {
      const data = encode(new Float64Array(256).fill(number), "F32");
      return [`m${index}`, { dtype: "F32" as const, shape: [16, 16], data }] as const;
    });
    await writeFile(path, safetensors(Object.fromEntries(tensors)));
    const analysis = await CheckpointAnalysis.open(path);
    const workerPath = join(folder, "worker.mjs");
    const gpu = new GpuProcess({ workerPath, adapter: "", onStatus: () => undefined, log: () => undefined });
    return { analysis, gpu, scheduler: new Scheduler(gpu, () => undefined, pace) };
  }

  it("computes everything and says that it is done", async () => {
    const { analysis, gpu, scheduler } = await open([1, 2, 3]);
    const phases: string[] = [];
    analysis.onResults = () => phases.push(analysis.state.phase);
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.deepEqual(analysis.state, { phase: "done", done: 3, total: 3, estimatedSeconds: null });
    assert.deepEqual([phases[0], phases.at(-1)], ["running", "done"]);
  });

  it("gives up on the one matrix that ends the GPU process, and computes the rest", async () => {
    const { analysis, gpu, scheduler } = await open([1, 2, 13, 4, 5, 6]);
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.equal(analysis.state.phase, "done");
    const refused = analysis.results.filter(({ grade }) => grade === "unsupported");
    assert.deepEqual(
      refused.map(({ id }) => id),
      ["m2"],
    );
    assert.match(refused[0]!.reason, /exit code 11.*again and again/);
    assert.equal(analysis.results.length, 6);
  });

  it("tries once more, at the end, what there was no memory for, and says once what there is none for", async () => {
    const { analysis, gpu, scheduler } = await open([55, 56, 1, 55, 2]);
    const notices: string[] = [];
    const order: string[] = [];
    analysis.onNotice = (message) => notices.push(message);
    analysis.onResults = (results) => order.push(...results.map(({ id }) => id));
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.equal(analysis.state.phase, "done");
    assert.deepEqual(new Set(order.slice(0, 2)), new Set(["m2", "m4"]));
    const refused = analysis.results.filter(({ grade }) => grade === "unsupported");
    assert.deepEqual(new Set(refused.map(({ id }) => id)), new Set(["m0", "m3"]));
    assert.match(refused[0]!.reason, /there is no room/);
    assert.equal(analysis.results.length, 5);
    assert.deepEqual(notices, [
      "2 matrices of 55-56-1-55-2.safetensors need more memory than a test has free and were left out; analyse again when other programs use less.",
    ]);
  });

  it("stops with one message, and refuses no matrix, when the GPU process ends again and again", async () => {
    const { analysis, gpu, scheduler } = await open([13, 13, 13, 13, 13]);
    analysis.enqueue(null);
    await scheduler.run(analysis);
    assert.equal(analysis.state.phase, "unavailable");
    assert.deepEqual(analysis.results, []);
    assert.equal(gpu.status.phase, "unavailable");
    assert.match(
      gpu.status.message ?? "",
      /^The analysis was stopped after 6 attempts without a result: .*exit code 11/u,
    );
    // Whoever asks again, asks a new process.
    analysis.enqueue(["m0"]);
    await scheduler.run(analysis);
    gpu.close();
    assert.match(analysis.result("m0")!.reason, /exit code 11.*again and again/u);
  });

  it("holds nothing against a matrix that was computed while something ended the GPU process from outside", async () => {
    const { analysis, gpu, scheduler } = await open([1, 66, 2], null);
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.equal(analysis.state.phase, "done");
    assert.notEqual(analysis.result("m1")!.grade, "unsupported");
  });

  it("passes a failure on to the matrices it concerns", async () => {
    const { analysis, gpu, scheduler } = await open([1, 7]);
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.equal(analysis.result("m1")!.reason, "seven is out of order");
    assert.notEqual(analysis.result("m0")!.grade, "unsupported");
  });

  it("stops when it is cancelled, and can go on later", async () => {
    const { analysis, gpu, scheduler } = await open([1, 2, 3]);
    analysis.enqueue(null);
    const running = scheduler.run(analysis);
    scheduler.cancel(analysis);
    await running;
    assert.equal(analysis.state.phase, "cancelled");
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.equal(analysis.state.phase, "done");
    assert.equal(analysis.state.done, 3);
  });

  it("sets aside what is left when it is paused, and goes on with just that", async () => {
    const { analysis, gpu, scheduler } = await open([1, 2, 3, 4]);
    analysis.enqueue(["m1", "m2"]);
    const running = scheduler.run(analysis);
    scheduler.pause(analysis);
    await running;
    assert.equal(analysis.state.phase, "paused");
    assert.deepEqual([analysis.queue.size, analysis.queue.heldSize], [0, 2]);

    // One tensor in between leaves the rest where it is.
    analysis.enqueue(["m3"]);
    await scheduler.run(analysis);
    assert.equal(analysis.state.phase, "paused");
    assert.deepEqual(
      analysis.results.map(({ id }) => id),
      ["m3"],
    );

    await scheduler.resume(analysis);
    gpu.close();
    assert.deepEqual(analysis.results.map(({ id }) => id).sort(), ["m1", "m2", "m3"]);
    assert.equal(analysis.state.phase, "waiting", "nobody asked for m0");
  });

  it("interrupts a batch, and computes it again after a pause", async () => {
    const { analysis, gpu, scheduler } = await open([1, 99]);
    const known = new Promise<void>((done) => {
      analysis.onResults = (results) => {
        if (results.length > 0) done();
      };
    });
    analysis.enqueue(null);
    const running = scheduler.run(analysis);
    await known;
    scheduler.pause(analysis);
    await running;
    // The batch is given up a moment later, whether or not the rest goes on already.
    await scheduler.resume(analysis);
    gpu.close();
    assert.equal(analysis.state.phase, "done");
    assert.equal(analysis.state.done, 2);
  });

  it("tells how long an interrupted batch takes once it is set aside", async () => {
    const { analysis, gpu, scheduler } = await open([1, 99], new Pace());
    const told = new Promise<number | null>((resolve) => {
      analysis.onResults = (results) => {
        if (results.length > 0) scheduler.pause(analysis);
        else if (analysis.queue.heldSize > 0) resolve(analysis.state.estimatedSeconds);
      };
    });
    analysis.enqueue(null);
    await scheduler.run(analysis);
    assert.ok((await told)! > 0);
    gpu.close();
    assert.deepEqual([analysis.state.phase, analysis.queue.heldSize], ["paused", 1]);
  });

  it("drops what was set aside when it is cancelled", async () => {
    const { analysis, gpu, scheduler } = await open([1, 2]);
    analysis.enqueue(null);
    const running = scheduler.run(analysis);
    scheduler.pause(analysis);
    await running;
    scheduler.cancel(analysis);
    assert.equal(analysis.state.phase, "cancelled");
    await scheduler.resume(analysis);
    gpu.close();
    assert.deepEqual([analysis.state.phase, analysis.state.done], ["waiting", 0]);
  });

  it("learns how fast the adapter is, and tells how long the rest takes", async () => {
    const pace = new Pace();
    const { analysis, gpu, scheduler } = await open([1, 2, 3], pace);
    analysis.enqueue(["m0"]);
    await scheduler.run(analysis);
    gpu.close();
    assert.deepEqual(Object.keys(pace.measured), ["a test"]);
    const { operations } = pace.measured["a test"]!["4"]!;
    assert.equal(operations, 4 * 16 ** 3);
    assert.equal(analysis.state.phase, "waiting");
    const missing = analysis.missing.map((matrix) => ({ matrix, vectors: false }));
    const rest = pace.seconds({ adapter: "a test", software: false }, missing);
    assert.ok(rest > 0);
    assert.equal(analysis.state.estimatedSeconds, rest);
  });

  it("serves two checkpoints in turn", async () => {
    const one = await open([1, 2]);
    const two = await open([3, 4]);
    one.analysis.enqueue(null);
    two.analysis.enqueue(null);
    await Promise.all([one.scheduler.run(one.analysis), one.scheduler.run(two.analysis)]);
    one.gpu.close();
    two.gpu.close();
    assert.deepEqual([one.analysis.state.phase, two.analysis.state.phase], ["done", "done"]);
  });

  /**
   * Four matrices of different shapes, so that each is a batch, and what the worker is given, in its order.
   * @param onJob called for each batch that the worker has taken
   */
  async function openFour(
    workerName: string,
    onJob: (taken: readonly string[]) => void = () => undefined,
  ): Promise<{ analysis: CheckpointAnalysis; gpu: GpuProcess; scheduler: Scheduler; taken: readonly string[] }> {
    const path = join(folder, "four.safetensors");
    const fewest = 16;
    const tensors = [0, 1, 2, 3].map((index) => {
      const shape = [fewest, fewest + index];
      const data = encode(new Float64Array(fewest * (fewest + index)).fill(index), "F32");
      return [`m${index}`, { dtype: "F32" as const, shape, data }] as const;
    });
    await writeFile(path, safetensors(Object.fromEntries(tensors)));
    const analysis = await CheckpointAnalysis.open(path);
    const taken: string[] = [];
    const log = (message: string): void => {
      for (const [, columns] of message.matchAll(/^job (\d+)$/gmu)) {
        taken.push(`m${Number(columns) - fewest}`);
        onJob(taken);
      }
    };
    const gpu = new GpuProcess({ workerPath: join(folder, workerName), adapter: "", onStatus: () => undefined, log });
    return { analysis, gpu, scheduler: new Scheduler(gpu, () => undefined), taken };
  }

  it("sends a second batch ahead, which what is looked at overtakes", async () => {
    const { analysis, gpu, scheduler, taken } = await openFour("patient.mjs", ({ length }) => {
      if (length === 2) analysis.queue.focus(["m3"]);
    });
    analysis.enqueue(null);
    await scheduler.run(analysis);
    // Its output comes by another way than its results, which pass a look at the file each in its own time.
    await until("the worker's word on its last batch", () => taken.length >= 5);
    gpu.close();
    assert.deepEqual(taken, ["m0", "m1", "m3", "m1", "m2"]);
    assert.equal(analysis.state.phase, "done");
    assert.equal(analysis.results.length, 4);
  });

  it("cancels both batches", async () => {
    const { analysis, gpu, scheduler, taken } = await openFour("patient.mjs", ({ length }) => {
      if (length === 2) scheduler.cancel(analysis);
    });
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.deepEqual(taken, ["m0", "m1"]);
    assert.deepEqual(analysis.results, []);
    assert.equal(analysis.state.phase, "cancelled");
  });

  it("sends nothing ahead to a processor that emulates a GPU", async () => {
    const { analysis, gpu, scheduler } = await openFour("processor.mjs");
    const order: string[] = [];
    analysis.onResults = (results) => order.push(...results.map(({ id }) => id));
    analysis.enqueue(null);
    await scheduler.run(analysis);
    gpu.close();
    assert.deepEqual(order, ["m0", "m1", "m2", "m3"]);
  });

  it("says that there is no GPU", async () => {
    const { analysis, scheduler, gpu } = await open([8]);
    gpu.close();
    analysis.enqueue(null);
    await scheduler.run(analysis);
    assert.equal(analysis.state.phase, "unavailable");
  });
});
