/** The built language server on a real adapter, while everything around it goes wrong. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, statfs, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it, type TestContext } from "node:test";
import { isRunning } from "../../server/analysis/running.ts";
import {
  analyseCheckpoint,
  exportCheckpoint,
  matrixDetail,
  openCheckpoint,
  type AnalysisState,
  type MatrixDetail,
  type OpenResult,
} from "../../server/protocol.ts";
import { seededRandom } from "../../server/statistics/random.ts";
import { TestClient } from "../support/language-client.ts";
import { childProcesses, gpuProcesses } from "../support/processes.ts";
import { encode, safetensors, withHeader } from "../support/safetensors.ts";

const count = 14;
const ids = Array.from({ length: count }, (_, layer) => `layers.${layer}.weight`);

describe("language server in trouble", () => {
  let folder = "";
  let path = "";
  let undisturbed: ReadonlyMap<string, MatrixDetail>;
  const random = seededRandom(8);
  const clients = new Set<TestClient>();
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "faults-"));
    path = join(folder, "model.safetensors");
    // Of different shapes: each is a batch.
    const tensors = ids.map((id, layer) => {
      const shape = [192 + 16 * layer, 160];
      const entries = Float64Array.from({ length: shape[0]! * shape[1]! }, () => random.normal());
      return [id, { dtype: "F32" as const, shape, data: encode(entries, "F32") }] as const;
    });
    await writeFile(path, safetensors(Object.fromEntries(tensors)));
    const client = await start("undisturbed");
    await open(client);
    await done(client);
    undisturbed = await details(client);
    await stop(client);
  });
  after(async () => {
    for (const client of clients) await client.kill();
    await rm(folder, { recursive: true, force: true });
  });

  async function start(cache: string, environment: NodeJS.ProcessEnv = {}): Promise<TestClient> {
    const client = new TestClient(environment);
    clients.add(client);
    client.settings = { analyseOnOpen: "always", adapter: "", severity: {} };
    await client.initialize(join(folder, cache));
    return client;
  }

  async function stop(client: TestClient): Promise<void> {
    clients.delete(client);
    await client.close();
  }

  async function kill(client: TestClient): Promise<void> {
    clients.delete(client);
    await client.kill();
  }

  const checkpoint = (): string => pathToFileURL(path).href;
  const open = (client: TestClient): Promise<OpenResult> =>
    client.connection.sendRequest(openCheckpoint, { uri: checkpoint() });
  const state = (client: TestClient): AnalysisState | undefined => client.results.at(-1)?.state;
  const done = (client: TestClient): Promise<void> =>
    client.until("every result", () => state(client)?.phase === "done" && state(client)?.done === count, 240);

  async function details(client: TestClient): Promise<Map<string, MatrixDetail>> {
    const found = new Map<string, MatrixDetail>();
    for (const id of ids) {
      const detail: MatrixDetail = await client.connection.sendRequest(matrixDetail, { checkpoint: checkpoint(), id });
      found.set(id, detail);
    }
    return found;
  }

  /** How often the cache holds each matrix. */
  async function recorded(cache: string): Promise<number[]> {
    const names = await readdir(join(folder, cache));
    assert.deepEqual(
      names.filter((name) => name.includes("damaged")),
      [],
    );
    const text = await readFile(
      join(
        folder,
        cache,
        names.find((name) => name.endsWith(".spectra"))!,
      ),
      "utf8",
    );
    const keys = Array.from(text.matchAll(/^[0-9a-f]{16} \d+ \{"key":"([^"]+)"/gmu), (match) => match[1]!);
    return [...new Set(keys)].map((key) => keys.filter((each) => each === key).length);
  }

  it("is killed again and again, goes on where it was, and ends with the very same results", async () => {
    let before = 0;
    for (let life = 1; ; life++) {
      const client = await start("killed");
      await open(client);
      const wanted = Math.min(count, before + 1 + Math.floor(3 * random.uniform()));
      await client.until("some results", () => (state(client)?.done ?? 0) >= wanted);
      // What one life had told of, the next one has from the start, but for what was just being written.
      const first = client.results[0]!.state.done;
      assert.ok(first >= before - 2, `life ${life} began with ${first} of ${before} results`);
      if (wanted === count) {
        await done(client);
        assert.deepEqual(await details(client), undisturbed);
        await stop(client);
        break;
      }
      before = state(client)!.done;
      const workers = gpuProcesses(client.child.pid!);
      await new Promise((later) => setTimeout(later, 200 * random.uniform()));
      await kill(client);
      await gone(workers);
    }
    assert.deepEqual(new Set(await recorded("killed")), new Set([1]), "nothing was computed twice");
  });

  it("goes on when its GPU process is killed again and again", async () => {
    const client = await start("gpu-killed");
    const killed = new Set<number>();
    await open(client);
    // Each has told of results before it is killed: one that keeps ending without any would stop the analysis.
    for (let wanted = 1; wanted < count; wanted = 1 + state(client)!.done) {
      await client.until("some results", () => (state(client)?.done ?? 0) >= wanted);
      await new Promise((later) => setTimeout(later, 100 * random.uniform()));
      for (const worker of gpuProcesses(client.child.pid!)) {
        process.kill(worker, "SIGKILL");
        killed.add(worker);
      }
    }
    await done(client);
    assert.ok(killed.size > 2, `${killed.size} processes were killed`);
    assert.deepEqual(await details(client), undisturbed);
    assert.deepEqual(client.messages, []);
    await stop(client);
    assert.deepEqual(new Set(await recorded("gpu-killed")), new Set([1]));
  });

  it("takes a new device when the first ones are lost", async () => {
    const client = await start("device-lost", await losingDevices("some", 3));
    await open(client);
    await done(client);
    assert.deepEqual(await details(client), undisturbed);
    assert.equal((await readdir(join(folder, "some"))).filter((name) => name.startsWith("lost")).length, 3);
    assert.deepEqual(client.messages, []);
    await stop(client);
  });

  it("says once that every device is lost, and goes on where it was on the next one", async () => {
    const client = await start("devices-lost", await losingDevices("all", 6));
    await open(client);
    await client.until("the end of it", () => state(client)?.phase === "unavailable");
    const unavailable = client.engines.filter(({ phase }) => phase === "unavailable");
    assert.equal(unavailable.length, 1);
    assert.match(unavailable[0]!.message ?? "", /^The analysis was stopped after 6 attempts without a result: /u);
    assert.notEqual(unavailable[0]!.remedy, null);
    assert.deepEqual(
      client.results.flatMap(({ results }) => results),
      [],
      "no matrix is to blame",
    );
    await client.connection.sendRequest(analyseCheckpoint, { checkpoint: checkpoint() });
    await done(client);
    assert.deepEqual(await details(client), undisturbed);
    await stop(client);
  });

  it("takes a new device when the driver has no memory left for what is read back", async () => {
    const client = await start("no-memory", await losingDevices("full", 3, "outOfMemory"));
    await open(client);
    await done(client);
    assert.deepEqual(await details(client), undisturbed);
    assert.equal((await readdir(join(folder, "full"))).filter((name) => name.startsWith("lost")).length, 3);
    assert.deepEqual(client.messages, []);
    await stop(client);
  });

  it("leaves out what the memory budget has no room for, and says so once", async () => {
    const own = join(folder, "budget");
    await mkdir(own);
    const large = join(own, "large.safetensors");
    const side = 4200;
    const small = encode(
      Float64Array.from({ length: 4096 }, () => random.normal()),
      "F32",
    );
    const entry = (begin: number, of: number): object => {
      return { dtype: "F32", shape: [of, of], data_offsets: [begin, begin + 4 * of * of] };
    };
    const huge = 4 * side * side;
    await writeFile(
      large,
      withHeader(
        JSON.stringify({
          "a.weight": entry(0, 64),
          "b.weight": entry(small.length, side),
          "c.weight": entry(small.length + huge, side),
        }),
        small,
      ),
    );
    // The rest is a hole.
    await truncate(large, (await stat(large)).size + 2 * huge);
    const client = await start("budget-cache");
    client.settings = { analyseOnOpen: "always", adapter: "", severity: {}, memoryBudget: 64 };
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await client.connection.sendRequest(openCheckpoint, { uri: pathToFileURL(large).href });
    await client.until("the end of it", () => state(client)?.phase === "done" && state(client)?.done === 3);
    const results = client.results.flatMap(({ results: those }) => those);
    const refused = results.filter(({ grade }) => grade === "unsupported");
    assert.deepEqual(new Set(refused.map(({ id }) => id)), new Set(["b.weight", "c.weight"]));
    for (const { reason } of refused)
      assert.match(reason, /It needs more memory than .+ has free: \d+ MiB could not be had\./u);
    assert.equal(results.find(({ id }) => id === "a.weight")?.grade, "random");
    await client.until("what a person is told", () => client.messages.length > 0);
    assert.equal(client.messages.length, 1);
    assert.match(
      client.messages[0]!,
      /^2 matrices of large\.safetensors need more memory than .+ has free and were left out/u,
    );
    await stop(client);
  });

  it("shows what it knows when the adapter has vanished, and says so once", async () => {
    const first = await start("vanished");
    await open(first);
    await first.until("some results", () => (state(first)?.done ?? 0) >= 3);
    await kill(first);
    const second = await start("vanished", { VK_DRIVER_FILES: "/nowhere.json", VK_ICD_FILENAMES: "/nowhere.json" });
    await open(second);
    await second.until("the reason", () => state(second)?.phase === "unavailable");
    assert.ok(state(second)!.done >= 1);
    const told = second.engines.filter(({ phase }) => phase === "unavailable");
    assert.equal(told.length, 1);
    assert.match(told[0]!.message ?? "", /No graphics adapter was found\./u);
    await stop(second);
    const third = await start("vanished");
    await open(third);
    await done(third);
    assert.deepEqual(await details(third), undisturbed);
    await stop(third);
    assert.deepEqual(new Set(await recorded("vanished")), new Set([1]));
  });

  it("shares the work with another window", async () => {
    const [one, two] = [await start("shared"), await start("shared")];
    await Promise.all([open(one), open(two)]);
    await Promise.all([done(one), done(two)]);
    assert.deepEqual(await details(one), undisturbed);
    assert.deepEqual(await details(two), undisturbed);
    await stop(one);
    await stop(two);
    const times = await recorded("shared");
    assert.deepEqual([times.length, new Set(times)], [count, new Set([1])], "each matrix was computed in one window");
  });

  it("takes over the work of a window that was killed", async () => {
    const [one, two] = [await start("inherited"), await start("inherited")];
    await Promise.all([open(one), open(two)]);
    await one.until("some results", () => (state(one)?.done ?? 0) >= 2);
    await kill(one);
    await done(two);
    assert.deepEqual(await details(two), undisturbed);
    await stop(two);
  });

  it("leaves no process behind when the editor is killed", async (context) => {
    if (process.platform !== "linux") {
      context.skip("processes are looked up in /proc");
      return;
    }
    // An editor that starts a server, has it compute, and says who it is.
    const script = join(folder, "editor.mjs");
    const server = JSON.stringify(resolve("dist/server/main.mjs"));
    await writeFile(
      script,
      `
      import { spawn } from "node:child_process";
      const child = spawn(process.execPath, [${server}, "--stdio"], { stdio: ["pipe", "ignore", "ignore"] });
      const send = (message) => {
        const text = JSON.stringify({ jsonrpc: "2.0", ...message });
        child.stdin.write("Content-Length: " + Buffer.byteLength(text) + "\\r\\n\\r\\n" + text);
      };
      const cacheFolder = ${JSON.stringify(join(folder, "orphan"))};
      send({ id: 1, method: "initialize", params: { processId: process.pid, rootUri: null, capabilities: {}, initializationOptions: { cacheFolder } } });
      send({ method: "initialized", params: {} });
      send({ id: 2, method: "spectrum/open", params: { uri: ${JSON.stringify(checkpoint())} } });
      console.log(child.pid);
      `,
    );
    const editor = spawn(process.execPath, [script], { stdio: ["ignore", "pipe", "inherit"] });
    const [line] = (await once(editor.stdout, "data")) as [Buffer];
    const pid = Number(line.toString());
    let workers: number[] = [];
    while (workers.length === 0) {
      await new Promise((later) => setTimeout(later, 20));
      workers = gpuProcesses(pid);
    }
    assert.equal(childProcesses(editor.pid!).length, 1);
    editor.kill("SIGKILL");
    await gone([pid, ...workers]);
  });

  it("says once that the disk is full, and computes on", async (context) => {
    const disk = await smallFileSystem(context);
    if (disk === null) return;
    try {
      const client = await start(join("small", "cache"));
      await open(client);
      await done(client);
      assert.deepEqual(await details(client), undisturbed);
      assert.equal(client.messages.length, 1, client.messages.join("\n"));
      assert.match(
        client.messages[0]!,
        /^Results of model\.safetensors cannot be kept on disk: no space is left on the disk; the analysis goes on/u,
      );
      // An export is whole, or not there.
      const target = join(folder, "small", "export.json");
      await assert.rejects(
        client.connection.sendRequest(exportCheckpoint, { checkpoint: checkpoint(), path: target, format: "json" }),
        /cannot be written: no space is left on the disk$/u,
      );
      assert.deepEqual(await readdir(join(folder, "small")), ["cache"]);
      await stop(client);
      // What was kept is whole.
      const second = await start(join("small", "cache"));
      await open(second);
      await done(second);
      assert.deepEqual(await details(second), undisturbed);
      await stop(second);
    } finally {
      disk.unmount();
    }
  });

  /** A file system of some kilobytes at `small`; null, and the test is skipped, where none may be mounted. */
  async function smallFileSystem(context: TestContext): Promise<{ unmount: () => void } | null> {
    const place = join(folder, "small");
    await mkdir(place);
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=24k", "tmpfs", place], { stdio: "ignore" });
    } catch {
      context.skip("no file system may be mounted here");
      return null;
    }
    assert.ok((await statfs(place)).blocks * 4096 < 100_000);
    return { unmount: () => execFileSync("umount", ["-l", place]) };
  }

  /** An environment in which the GPU process destroys its own device early on, or has no memory then, the first so many times. */
  async function losingDevices(
    name: string,
    times: number,
    how: "destroyed" | "outOfMemory" = "destroyed",
  ): Promise<NodeJS.ProcessEnv> {
    const notes = join(folder, name);
    await mkdir(notes);
    const module = join(folder, `${name}.mjs`);
    await writeFile(
      module,
      `
      import { readdirSync, writeFileSync } from "node:fs";
      if (process.argv[1]?.endsWith("worker.mjs") && process.argv.length === 2) {
        const { globals } = await import(${JSON.stringify(import.meta.resolve("webgpu"))});
        const doomed = readdirSync(${JSON.stringify(notes)}).length < ${times};
        const adapter = globals.GPUAdapter.prototype;
        const { requestDevice } = adapter;
        adapter.requestDevice = async function (...options) {
          const device = await requestDevice.apply(this, options);
          const { queue } = device;
          const submit = queue.submit.bind(queue);
          let submits = 0;
          let refuse = null;
          const listen = device.addEventListener.bind(device);
          device.addEventListener = (type, listener) => {
            if (type === "uncapturederror") refuse = listener;
            listen(type, listener);
          };
          queue.submit = (commands) => {
            submits += 1;
            if (doomed && submits === 4) {
              writeFileSync(${JSON.stringify(notes)} + "/lost-" + process.pid, "");
              if (${how === "destroyed"}) device.destroy();
              // What the driver says of a buffer that it has no memory for, outside any scope.
              else refuse?.({ error: new globals.GPUOutOfMemoryError("Out of memory") });
            }
            submit(commands);
          };
          return device;
        };
      }
      `,
    );
    return { NODE_OPTIONS: `--import ${pathToFileURL(module).href}` };
  }
});

/** Waits until processes have ended. */
async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((later) => setTimeout(later, 20));
}
