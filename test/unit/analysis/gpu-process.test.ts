import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { GpuProcess, GpuProcessLost, GpuUnavailable } from "../../../server/analysis/gpu-process.ts";
import type { MatrixSource, ProductSource } from "../../../server/svd/measurement.ts";
import type { EngineStatus } from "../../../server/protocol.ts";

/** A process that speaks the worker's protocol, and ends as drivers do when a source's path says so. */
const worker = `
import { appendFileSync, readFileSync } from "node:fs";
process.on("disconnect", () => process.exit());
process.on("message", (message) => {
  const engine = { phase: "ready", adapter: message.adapter, backend: "none", software: true, message: null, remedy: null };
  if (message.type === "start") {
    if (message.adapter === "absent") {
      process.send({ type: "engine", engine: { ...engine, phase: "unavailable", message: "no such adapter", remedy: "choose another" } });
      process.disconnect();
    } else if (message.adapter === "broken") {
      process.exit(7);
    } else if (message.adapter.startsWith("killed ")) {
      const starts = process.argv[1] + message.adapter;
      appendFileSync(starts, ".");
      if (readFileSync(starts).length <= Number(message.adapter.slice(7))) process.kill(process.pid, "SIGKILL");
      else process.send({ type: "engine", engine });
    } else {
      process.send({ type: "engine", engine });
    }
  } else if (message.type === "job") {
    const { id, kind, sources, products } = message.job;
    if (kind === "products") {
      for (const [index, { left, right }] of products.entries()) {
        if (left.source.path === "odd") process.send({ type: "unsupported", id, index, message: { text: "too odd", english: "too odd" } });
        else process.send({ type: "product", id, index, measurement: { of: left.source.path + right.source.path } });
      }
      return process.send({ type: "done", id, outcome: "complete" });
    }
    if (kind === "draw") {
      if (message.job.draw.sigma < 0) process.send({ type: "unsupported", id, index: 0, message: { text: "too small", english: "too small" } });
      else process.send({ type: "result", id, index: 0, analysis: { of: message.job.draw.seed } });
      return process.send({ type: "done", id, outcome: "complete" });
    }
    for (const [index, { path }] of sources.entries()) {
      if (path === "crash") return process.kill(process.pid, "SIGSEGV");
      if (path === "fail") return process.send({ type: "failed", id, message: { text: "out of luck", english: "out of luck" } });
      if (path === "wait") return;
      if (path === "odd") process.send({ type: "unsupported", id, index, message: { text: "too odd", english: "too odd" } });
      else process.send({ type: "result", id, index, analysis: { of: path, pid: process.pid } });
    }
    process.send({ type: "done", id, outcome: "complete" });
  } else if (message.type === "cancel") {
    process.send({ type: "done", id: message.id, outcome: "cancelled" });
  }
});
`;

function source(path: string): MatrixSource {
  return { path, begin: 0, end: 4, dtype: "F32", rows: 1, columns: 1 };
}

describe("GpuProcess", () => {
  let folder = "";
  let workerPath = "";
  const opened: GpuProcess[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "gpu-process-"));
    workerPath = join(folder, "worker.mjs");
    await writeFile(workerPath, worker);
  });
  after(async () => {
    for (const gpu of opened) {
      gpu.close();
    }
    await rm(folder, { recursive: true });
  });

  function open(adapter = ""): { gpu: GpuProcess; phases: string[] } {
    const phases: string[] = [];
    const onStatus = ({ phase }: EngineStatus): void => void phases.push(phase);
    const gpu = new GpuProcess({ workerPath, adapter, onStatus, log: () => undefined });
    opened.push(gpu);
    return { gpu, phases };
  }

  async function run(
    gpu: GpuProcess,
    paths: readonly string[],
    signal = new AbortController().signal,
  ): Promise<unknown[]> {
    const told: unknown[] = [];
    await gpu.run(paths.map(source), {
      signal,
      onResult: (index, analysis) => told.push([index, (analysis as unknown as { of: string }).of]),
      onUnsupported: (index, message) => told.push([index, message]),
    });
    return told;
  }

  it("starts when there is work, and tells of every matrix", async () => {
    const { gpu, phases } = open();
    assert.deepEqual(await run(gpu, ["a", "odd", "c"]), [
      [0, "a"],
      [1, "too odd"],
      [2, "c"],
    ]);
    assert.deepEqual(phases, ["starting", "ready"]);
  });

  it("tells of every product", async () => {
    const { gpu } = open();
    const product = (left: string, right: string): ProductSource => {
      return { left: { source: source(left), shared: "rows" }, right: { source: source(right), shared: "rows" } };
    };
    const told: unknown[] = [];
    await gpu.runProducts([product("a", "b"), product("odd", "c"), product("d", "e")], {
      signal: new AbortController().signal,
      onResult: (index, measurement) => told.push([index, (measurement as unknown as { of: string }).of]),
      onUnsupported: (index, message) => told.push([index, message]),
    });
    assert.deepEqual(told, [
      [0, "ab"],
      [1, "too odd"],
      [2, "de"],
    ]);
  });

  it("survives a crash: the job fails, the next one runs in a new process", async () => {
    const { gpu, phases } = open();
    await assert.rejects(run(gpu, ["a", "crash"]), GpuProcessLost);
    assert.deepEqual(await run(gpu, ["b"]), [[0, "b"]]);
    assert.deepEqual(phases, ["starting", "ready", "starting", "ready"]);
  });

  it("passes a job's own failure on without ending the process", async () => {
    const { gpu, phases } = open();
    await assert.rejects(run(gpu, ["fail"]), (error) => error instanceof Error && error.message === "out of luck");
    await run(gpu, ["b"]);
    assert.deepEqual(phases, ["starting", "ready"]);
  });

  it("cancels", async () => {
    const { gpu } = open();
    await gpu.start();
    const abort = new AbortController();
    const running = run(gpu, ["wait"], abort.signal);
    setTimeout(() => {
      abort.abort(new Error("enough"));
    }, 20);
    await assert.rejects(running, /enough/);
    assert.deepEqual(await run(gpu, ["b"]), [[0, "b"]]);
  });

  it("draws while another job runs, and says why one cannot be drawn", async () => {
    const { gpu } = open();
    const abort = new AbortController();
    const running = run(gpu, ["wait"], abort.signal);
    const draw = { distribution: "normal", sigma: 1, seed: 8, rows: 2, columns: 2, dtype: "F32" } as const;
    const never = new AbortController().signal;
    assert.deepEqual(await gpu.draw(draw, never), { of: 8 });
    await assert.rejects(gpu.draw({ ...draw, sigma: -1 }, never), /too small/);
    abort.abort(new Error("enough"));
    await assert.rejects(running, /enough/);
  });

  it("lets its jobs go when it is stopped", async () => {
    const { gpu } = open();
    const running = run(gpu, ["wait"]);
    await gpu.start();
    await new Promise((resolve) => setTimeout(resolve, 20));
    gpu.stop();
    await assert.rejects(running, GpuProcessLost);
    assert.deepEqual(await run(gpu, ["b"]), [[0, "b"]]);
  });

  it("says why there is no GPU, and what to do", async () => {
    const { gpu } = open("absent");
    await assert.rejects(run(gpu, ["a"]), GpuUnavailable);
    assert.deepEqual(
      [gpu.status.phase, gpu.status.message, gpu.status.remedy],
      ["unavailable", "no such adapter", "choose another"],
    );
  });

  it("calls a GPU that ends its process at the start unavailable", async () => {
    const { gpu } = open("broken");
    await assert.rejects(run(gpu, ["a"]), GpuUnavailable);
    assert.match(gpu.status.message ?? "", /exit code 7/);
    assert.notEqual(gpu.status.remedy, null);
  });

  it("starts again when something outside kills it while it starts, but not for ever", async () => {
    const twice = open("killed 2");
    assert.deepEqual(await run(twice.gpu, ["a"]), [[0, "a"]]);
    assert.deepEqual(twice.phases, ["starting", "starting", "starting", "ready"]);
    const always = open("killed 99");
    await assert.rejects(run(always.gpu, ["a"]), GpuUnavailable);
    assert.deepEqual(always.phases, [...Array<string>(5).fill("starting"), "unavailable"]);
    assert.match(always.gpu.status.message ?? "", /signal SIGKILL/);
  });
});
