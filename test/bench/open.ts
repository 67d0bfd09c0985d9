/**
 * How a language server bears checkpoints that are too large to be read: time, memory, and how long it is silent when it
 * opens one, and the whole analysis of 6 GB in 2 GB of memory.
 * `npm run bench:open [-- [--rounds N] [--gigabytes N] [--only opening|analysis]]`: so often each is opened (3; the median
 * counts), and so large is the checkpoint that is analysed (6). The files that are opened are sparse and take no disk;
 * those 6 GB do, for as long as the analysis takes.
 */
import { execFileSync } from "node:child_process";
import {
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { Checkpoint } from "../../media/model/checkpoint.ts";
import { visibleRows } from "../../media/tree/rows.ts";
import { unpackCatalogue } from "../../server/packing/catalogue.ts";
import {
  analyseCheckpoint,
  matrixDetail,
  openCheckpoint,
  type MatrixDetail,
  type MatrixResult,
  type OpenResult,
} from "../../server/protocol.ts";
import { TestClient } from "../support/language-client.ts";
import { gpuProcesses } from "../support/processes.ts";
import { memoryGroup } from "./memory-group.ts";
import { SmallMatrices } from "./small-matrices.ts";

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "3" },
    gigabytes: { type: "string", default: "6" },
    only: { type: "string" },
  },
});
const rounds = Number(options.rounds);
const megabyte = 2 ** 20;
/** What the analysis may have, server, GPU process and driver together, if the system can hold them to that. */
const memoryLimit = 2e9;
/** What noise may be said to be. */
const close: ReadonlySet<string> = new Set(["random", "near-random"]);
/** So many of the analysed matrices are compared with float64, and their values may differ so much, of the largest. */
const compared = { matrices: 300, error: 1e-6 };

interface TensorEntry {
  readonly name: string;
  readonly shape: readonly number[];
}

/** A file of F32 zeros with these tensors; nothing but its header is on the disk. */
function writeSparse(path: string, tensors: readonly TensorEntry[]): number {
  let end = 0;
  const entries = tensors.map(({ name, shape }) => {
    const begin = end;
    end += 4 * shape.reduce((product, side) => product * side, 1);
    return [name, { dtype: "F32", shape, data_offsets: [begin, end] }];
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = openSync(path, "w");
  writeSync(file, length);
  writeSync(file, header);
  ftruncateSync(file, 8 + header.length + end);
  closeSync(file);
  return 8 + header.length + end;
}

/** Weights of a model with 256 experts a layer. */
function experts(count: number, shape: readonly number[]): TensorEntry[] {
  const names = [
    ...["q", "k", "v", "o"].map((name) => `self_attn.${name}_proj`),
    ...Array.from({ length: 256 }, (_, expert) =>
      ["gate", "up", "down"].map((name) => `mlp.experts.${expert}.${name}_proj`),
    ).flat(),
  ];
  return Array.from({ length: count }, (_, i) => ({
    name: `model.layers.${Math.floor(i / names.length)}.${names[i % names.length]!}.weight`,
    shape,
  }));
}

function writeSharded(folder: string, tensors: readonly TensorEntry[], shards: number): string {
  mkdirSync(folder);
  const each = Math.ceil(tensors.length / shards);
  const weightMap: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const number = (of: number): string => String(of).padStart(5, "0");
    const name = `model-${number(shard + 1)}-of-${number(shards)}.safetensors`;
    const own = tensors.slice(shard * each, (shard + 1) * each);
    writeSparse(join(folder, name), own);
    for (const tensor of own) weightMap[tensor.name] = name;
  }
  const index = join(folder, "model.safetensors.index.json");
  writeFileSync(index, JSON.stringify({ metadata: {}, weight_map: weightMap }));
  return index;
}

/** Resident memory of a process in bytes, now or at most; 0 where the system does not tell, or it has ended. */
function resident(pid: number, most = false): number {
  try {
    const line = new RegExp(`${most ? "VmHWM" : "VmRSS"}:\\s+(\\d+)`).exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return 1024 * Number(line?.[1] ?? 0);
  } catch {
    return 0;
  }
}

interface Opening {
  readonly opened: OpenResult;
  readonly milliseconds: number;
  /** The longest that a question waited for its answer meanwhile. */
  readonly silence: number;
  readonly memory: number;
}

async function open(path: string): Promise<Opening> {
  return withServer("never", async (client) => {
    let silence = 0;
    const stop = new AbortController();
    const asking = (async () => {
      while (!stop.signal.aborted) {
        const asked = performance.now();
        await client.connection.sendRequest("workspace/symbol", { query: "\u0000 nothing" });
        silence = Math.max(silence, performance.now() - asked);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    })();
    const begun = performance.now();
    const opened: OpenResult = await client.connection.sendRequest(openCheckpoint, { uri: pathToFileURL(path).href });
    const milliseconds = performance.now() - begun;
    // What it does by itself afterwards counts too.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    stop.abort();
    await asking;
    return { opened, milliseconds, silence, memory: resident(client.child.pid!, true) };
  });
}

async function withServer<T>(analyseOnOpen: string, use: (client: TestClient) => Promise<T>): Promise<T> {
  const cache = mkdtempSync(join(tmpdir(), "bench-open-cache-"));
  const client = new TestClient();
  client.settings = { analyseOnOpen, adapter: "", severity: {} };
  try {
    await client.initialize(cache);
    return await use(client);
  } finally {
    await client.close().catch(() => undefined);
    rmSync(cache, { recursive: true, force: true, maxRetries: 5 });
  }
}

function median(values: readonly number[]): number {
  return [...values].sort((left, right) => left - right)[values.length >> 1] ?? NaN;
}

function tell(name: string, value: string, bar: string): void {
  console.log(`${name.padEnd(58)}${value.padStart(12)}   ${bar}`);
}

const milliseconds = (value: number): string => `${value.toFixed(0)} ms`;
const megabytes = (value: number): string => (value === 0 ? "not told" : `${(value / megabyte).toFixed(0)} MB`);

async function tellOpening(
  name: string,
  path: string,
  bars: { readonly time: string; readonly memory: string },
): Promise<void> {
  const openings: Opening[] = [];
  for (let round = 0; round < rounds; round++) openings.push(await open(path));
  const of = (number: (opening: Opening) => number): number => median(openings.map(number));
  tell(`${name}: headers and catalogue`, milliseconds(of((each) => each.milliseconds)), bars.time);
  tell("  the server's memory at most", megabytes(of(({ memory }) => memory)), bars.memory);
  tell("  an answer took at most", milliseconds(of(({ silence }) => silence)), "bar 50 ms for the server's part");
  const text = JSON.stringify(openings[0]!.opened).length;
  tell("  what travels to the view", `${(text / megabyte).toFixed(2)} MB`, "");
  const models: number[] = [];
  let shown = 0;
  for (let round = 0; round < 5; round++) {
    const begun = performance.now();
    const checkpoint = new Checkpoint(unpackCatalogue(openings[0]!.opened.catalogue), []);
    const [first] = checkpoint.groups.keys();
    shown = visibleRows(checkpoint.root, ({ key }) => key === first, null).length;
    models.push(performance.now() - begun);
  }
  tell("  unpacked, with the tree's model", milliseconds(median(models)), `${shown} lines of it at first`);
}

/** What safetensors' own reader takes for all headers and names; null where `python3` has none. */
function reference(paths: readonly string[]): number | null {
  const program = [
    "import sys, time",
    "from safetensors import safe_open",
    "begun = time.perf_counter()",
    "for path in sys.argv[1:]:",
    "    with safe_open(path, framework='np') as file:",
    "        for name in file.keys(): file.get_slice(name).get_shape()",
    "print(1000 * (time.perf_counter() - begun))",
  ].join("\n");
  try {
    const output = execFileSync("python3", ["-c", program, ...paths], { stdio: ["ignore", "pipe", "ignore"] });
    return Number(output.toString());
  } catch {
    return null;
  }
}

function tellReference(paths: readonly string[]): void {
  const time = reference(paths);
  if (time === null) console.log("  safetensors' own reader: python3 has none here");
  else tell("  safetensors' own reader, names and shapes", milliseconds(time), "without what names mean");
}

/** Analyses a checkpoint of many small matrices to its end, and tells how much memory and time that takes, and whether it is right. */
async function tellAnalysis(gigabytes: number): Promise<void> {
  const matrices = new SmallMatrices(1e9 * gigabytes);
  const { places } = matrices;
  const { bavail, bsize } = statfsSync(folder);
  if (bavail * bsize < matrices.bytes + 1e9) {
    throw new Error(`${folder} has no room for ${gigabytes} GB; TMPDIR chooses another folder`);
  }
  const path = join(folder, "small.safetensors");
  matrices.write(path);
  const group = memoryGroup(memoryLimit);
  await withServer("never", async (client) => {
    const server = client.child.pid!;
    // Its GPU process begins in the same group.
    group?.hold(server);
    const { checkpoint } = await client.connection.sendRequest<OpenResult>(openCheckpoint, {
      uri: pathToFileURL(path).href,
    });
    await client.until("a GPU", () => client.engines.at(-1)?.phase === "ready");
    const workers = (most: boolean): number => gpuProcesses(server).reduce((sum, pid) => sum + resident(pid, most), 0);
    const idle = workers(false);
    const last = () => client.results.at(-1)?.state;
    const begun = performance.now();
    await client.connection.sendRequest(analyseCheckpoint, { checkpoint });
    let mostOfWorker = 0;
    let told = begun;
    while (last()?.phase !== "done") {
      mostOfWorker = Math.max(mostOfWorker, workers(true));
      await new Promise((resolve) => setTimeout(resolve, 250));
      if (performance.now() - told > 30_000) {
        told = performance.now();
        console.log(`  ${last()?.done ?? 0} of ${places.length} after ${((told - begun) / 1000).toFixed(0)} s`);
      }
      if (client.child.exitCode !== null) throw new Error("the server ended");
    }
    const seconds = (performance.now() - begun) / 1000;
    const results = new Map(
      client.results.flatMap(({ results: those }) => those.map((each): [string, MatrixResult] => [each.id, each])),
    );
    const grades = new Map<string, number>();
    for (const { name } of places) {
      const grade = results.get(name)?.grade ?? "nothing";
      grades.set(grade, (grades.get(grade) ?? 0) + 1);
    }
    const size = `${(matrices.bytes / 1e9).toFixed(1)} GB of ${places.length} matrices`;
    const rate = places.length / seconds;
    tell(`${size}: analysed in`, `${seconds.toFixed(0)} s`, `${rate.toFixed(0)} a second`);
    // Noise is near-random as often as the level of its tests says.
    const found = [...grades].map(([grade, count]) => `${count} ${grade}`).join(", ");
    tell("  results", String(results.size), `noise throughout: ${found}`);
    for (const { tensor, grade, reason } of [...results.values()]
      .filter((each) => !close.has(each.grade))
      .slice(0, 3)) {
      console.log(`  ${tensor} is ${grade}: ${reason}`);
    }
    let error = 0;
    for (let number = 0; number < compared.matrices; number++) {
      const place = places[Math.floor((number * places.length) / compared.matrices)]!;
      const detail = await client.connection.sendRequest<MatrixDetail | null>(matrixDetail, {
        checkpoint,
        id: place.name,
      });
      const exact = matrices.singularValues(place);
      for (const [k, value] of exact.entries()) {
        error = Math.max(error, Math.abs((detail?.singularValues[k] ?? Infinity) - value) / exact[0]!);
      }
    }
    tell(
      `  their error, of ${compared.matrices} of them`,
      error.toExponential(1),
      `bar ${compared.error} of the largest value`,
    );
    tell("  the server's memory at most", megabytes(resident(server, true)), "bar 700 MB");
    tell(
      "  the GPU process's memory at most, its driver's included",
      megabytes(mostOfWorker),
      `${megabytes(idle)} before the first matrix`,
    );
    if (group === null) {
      console.log("  This system let no memory limit be set: what is resident is told, and nothing was held to it.");
    } else {
      const { peak, killed } = group.told();
      const all = peak === null ? "not told" : megabytes(peak);
      tell(
        "  all of them at most, with the file's part in memory",
        all,
        `the limit is ${megabytes(memoryLimit)}; ${killed} processes ended for it`,
      );
    }
  }).finally(() => group?.remove());
}

execFileSync(process.execPath, ["scripts/build.mjs", "--production"], { stdio: "ignore" });
const folder = mkdtempSync(join(tmpdir(), "bench-open-"));
try {
  if (options.only !== "analysis") {
    const many = writeSharded(join(folder, "many"), experts(100_000, [32, 48]), 160);
    await tellOpening("100 000 tensors in 160 shards", many, {
      time: "bar 1500 ms, the tree included",
      memory: "bar 400 MB",
    });
    const shards = Array.from({ length: 160 }, (_, i) => String(i + 1).padStart(5, "0"));
    tellReference(shards.map((number) => join(folder, "many", `model-${number}-of-00160.safetensors`)));

    const huge = join(folder, "huge.safetensors");
    const size = writeSparse(huge, experts(1490, [4096, 4096]));
    await tellOpening(`one file of ${(size / 1e9).toFixed(0)} GB`, huge, { time: "bar 300 ms", memory: "" });
    tellReference([huge]);
  }
  if (options.only !== "opening") await tellAnalysis(Number(options.gigabytes));
} finally {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
process.exit(0);
