import assert from "node:assert/strict";
import { mkdtemp, rename, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it, mock } from "node:test";
import { closeDelay, viewCloseDelay } from "../../../server/language/close-delays.ts";
import { Sessions } from "../../../server/language/sessions.ts";
import type { Session } from "../../../server/language/session.ts";
import { defaultSettings } from "../../../server/language/settings.ts";
import { isRunning } from "../../../server/analysis/running.ts";
import { analysisWith } from "../../support/analysis.ts";
import { encode, safetensors } from "../../support/safetensors.ts";

/**
 * A process that answers like the worker: the singular value of a matrix is its first entry as the file has it now. It says
 * what it was given, and computes only when a file `go` is beside the checkpoint.
 */
const worker = `
import { existsSync, openSync, readSync, closeSync } from "node:fs";
import { dirname, join } from "node:path";
process.on("disconnect", () => process.exit());
const analysis = ANALYSIS;
process.on("message", async (message) => {
  if (message.type === "start") {
    const engine = { phase: "ready", adapter: "a test", backend: "none", software: true, message: null, remedy: null };
    process.send({ type: "engine", engine });
  } else if (message.type === "job") {
    const { id, sources } = message.job;
    console.log("job of process", process.pid);
    while (!existsSync(join(dirname(sources[0].path), "go"))) await new Promise((resolve) => setTimeout(resolve, 10));
    for (const [index, { path, begin }] of sources.entries()) {
      const first = new Float32Array(1);
      const file = openSync(path);
      const bytes = readSync(file, first, 0, 4, begin);
      closeSync(file);
      if (bytes < 4) { process.send({ type: "unsupported", id, index, message: { text: "the file ends", english: "the file ends" } }); continue; }
      const measurement = { ...analysis.measurement, singularValues: Float64Array.of(first[0]) };
      process.send({ type: "result", id, index, analysis: { ...analysis, measurement } });
    }
    process.send({ type: "done", id, outcome: "complete" });
  } else if (message.type === "cancel") {
    process.send({ type: "done", id: message.id, outcome: "cancelled" });
  }
});
`.replace("ANALYSIS", JSON.stringify(analysisWith([1])));

/** A checkpoint of two 1 × 16 matrices that hold one number each. */
function checkpoint(...numbers: readonly number[]): Uint8Array {
  const tensors = numbers.map((number, index) => {
    const data = encode(new Float64Array(16).fill(number), "F32");
    return [`m${index}`, { dtype: "F32" as const, shape: [1, 16], data }] as const;
  });
  return safetensors(Object.fromEntries(tensors));
}

describe("Sessions", () => {
  let folder = "";
  let path = "";
  let count = 0;
  let sessions: Sessions;
  const reasons: (string | null)[] = [];
  const notices: string[] = [];
  const processes: number[] = [];
  const told: string[] = [];
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "sessions-"));
    await writeFile(join(folder, "worker.mjs"), worker);
  });
  after(() => rm(folder, { recursive: true }));
  beforeEach(async () => {
    for (const list of [reasons, notices, processes, told]) list.length = 0;
    path = join(await mkdtemp(join(folder, "checkpoint-")), `model-${count++}.safetensors`);
    await writeFile(path, checkpoint(1, 2));
    sessions = create();
  });
  afterEach(async () => {
    mock.timers.reset();
    await sessions.close();
  });

  function create(cacheFolder = join(folder, "cache")): Sessions {
    return new Sessions({
      workerPath: join(folder, "worker.mjs"),
      cacheFolder,
      settings: defaultSettings,
      events: {
        onResults: (_, results) => told.push(...results.map(({ id }) => id)),
        onEngine: () => undefined,
        onPlaces: () => undefined,
        onReload: (_, reason) => reasons.push(reason),
        onNotice: (message) => notices.push(message),
        log: (message) => {
          processes.push(...Array.from(message.matchAll(/job of process (\d+)/gu), (match) => Number(match[1])));
        },
      },
    });
  }

  const go = (): Promise<void> => writeFile(join(path, "..", "go"), "");

  async function values(session: Session): Promise<(number | null | undefined)[]> {
    const details = await Promise.all(["m0", "m1"].map((id) => session.analysis.detail(id)));
    return details.map((detail) => detail?.singularValues[0]);
  }

  const isDone = (session: Session) => (): boolean => session.analysis.state.phase === "done";

  it("lets the GPU go within ten seconds of the last view, and takes it again on demand", async () => {
    assert.ok(viewCloseDelay + closeDelay <= 10_000);
    await go();
    const session = await sessions.acquire(path, "view");
    await until("results", isDone(session));
    const [first] = processes;
    assert.ok(isRunning(first!));
    mock.timers.enable({ apis: ["setTimeout"] });
    sessions.release(session, "view");
    mock.timers.tick(closeDelay - 1);
    await settle();
    assert.equal([...sessions.all].length, 1, "it may be opened again at once");
    mock.timers.tick(1);
    mock.timers.reset();
    await until("the end of the GPU process", () => sessions.engine.phase === "idle" && !isRunning(first!));
    assert.equal([...sessions.all].length, 0);

    const again = await sessions.acquire(path, "view");
    await until("the kept results", isDone(again));
    assert.equal(processes.length, 1, "nothing is computed twice");
    sessions.analyse(again, ["m0"], true);
    await until("another process", () => processes.length === 2);
    assert.notEqual(processes[1], first);
  });

  it("reads a file again that was replaced while it was analysed, and shows nothing of the old one", async () => {
    const session = await sessions.acquire(path, "view");
    await until("a job", () => processes.length === 1);
    // Same size, and the time of modification set back: only the time of the change tells.
    const { atime, mtime } = await stat(path);
    await writeFile(`${path}.draft`, checkpoint(3, 4));
    await utimes(`${path}.draft`, atime, mtime);
    await rename(`${path}.draft`, path);
    await go();
    await until("the new results", isDone(session));
    assert.deepEqual(await values(session), [3, 4]);
    assert.deepEqual(reasons, [`${basename(path)} changed on disk and was read again.`]);
    assert.deepEqual(told.sort(), ["m0", "m1"], "no result of the old file was told of");

    // Another window: the cache holds those of the new file.
    const other = create();
    const there = await other.acquire(path, "view");
    await until("the kept results", isDone(there));
    assert.deepEqual(await values(there), [3, 4]);
    await other.close();
  });

  it("says that a file was cut off while it was analysed, or overwritten in place, and reads it again", async () => {
    const session = await sessions.acquire(path, "view");
    await until("a job", () => processes.length === 1);
    await truncate(path, (await stat(path)).size - 70);
    await go();
    await until("the file to be read again", () => reasons.length === 1);
    assert.ok(session.analysis.catalogue.problems.some(({ severity }) => severity === "error"));
    assert.deepEqual(
      told.filter((id) => id === "m1"),
      [],
      "the file ended, but that is a problem of the file and not of the tensor",
    );
    await writeFile(path, checkpoint(5, 6));
    await until("the whole file", () => session.analysis.catalogue.problems.length === 0);
    await until("the new results", isDone(session));
    assert.deepEqual(await values(session), [5, 6]);
    const before = reasons.length;
    await writeFile(path, checkpoint(7, 8));
    await until("the file to be read again", () => reasons.length > before);
    await until("the new results", isDone(session));
    assert.deepEqual(await values(session), [7, 8]);
  });

  it("says that a file is gone, and shows it again when it is back", async () => {
    await go();
    const session = await sessions.acquire(path, "view");
    await until("results", isDone(session));
    await rename(path, `${path}.away`);
    await until("the loss", () => reasons.length === 1);
    assert.deepEqual(reasons, [`${basename(path)} is not there any more.`]);
    assert.deepEqual(session.analysis.results, []);
    assert.match(session.analysis.catalogue.problems[0]!.message, /no such file/u);
    await rename(`${path}.away`, path);
    await until("its return", () => reasons.length === 2);
    await until("the kept results", isDone(session));
    assert.deepEqual(await values(session), [1, 2]);
  });

  it("goes on without a cache where none can be written, and says so once", async () => {
    await writeFile(join(folder, "a file"), "");
    await sessions.close();
    sessions = create(join(folder, "a file", "cache"));
    await go();
    const session = await sessions.acquire(path, "view");
    await until("results", isDone(session));
    assert.deepEqual(await values(session), [1, 2]);
    assert.equal(notices.length, 1);
    assert.match(
      notices[0]!,
      /are kept for this time only, because .* cannot be used: a part of the path is not a folder\.$/u,
    );
  });
});

/** Lets everything happen that waits for nothing but its turn. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** Resolves once a condition holds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
