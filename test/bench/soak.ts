/**
 * Opens, analyses and closes checkpoints through the language server for some minutes, and prints what the server and the
 * GPU process hold over that time: `npm run bench:soak -- MINUTES` (3 unless told otherwise). On Linux.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { analyseCheckpoint, cancelAnalysis, closeCheckpoint, openCheckpoint } from "../../server/protocol.ts";
import type { AnalysisState, MatrixDetail, OpenResult } from "../../server/protocol.ts";
import { matrixDetail } from "../../server/protocol.ts";
import { seededRandom } from "../../server/statistics/random.ts";
import { TestClient } from "../support/language-client.ts";
import { processFigures, slope } from "../support/process-figures.ts";
import { childProcesses } from "../support/processes.ts";
import { encode, safetensors } from "../support/safetensors.ts";
import { copySample } from "../support/sample.ts";

const minutes = Number(process.argv[2] ?? 3);
if (!(minutes > 0)) throw new Error("how many minutes?");
/** What came before is the filling of pools and caches. */
const settling = 0.3;

interface Sample {
  readonly seconds: number;
  readonly opened: number;
  readonly server: number;
  readonly gpu: number;
  readonly serverHandles: number;
  readonly gpuHandles: number;
}

const folder = await mkdtemp(join(tmpdir(), "soak-"));
const sample = await copySample();
const client = new TestClient();
client.settings = { analyseOnOpen: "always", adapter: "", severity: {} };
await client.initialize(join(folder, "cache"));
const random = seededRandom(20);
const begun = performance.now();
const seconds = (): number => (performance.now() - begun) / 1000;
const samples: Sample[] = [];
let opened = 0;

const stateOf = (checkpoint: string): AnalysisState | undefined =>
  client.results.findLast((each) => each.checkpoint === checkpoint)?.state;

/** Matrices of several shapes that nobody has computed before. */
async function fresh(name: string, layers: number): Promise<string> {
  const path = join(folder, `${name}.safetensors`);
  const tensors = Array.from({ length: layers }, (_, layer) => {
    const shape = [128 + 32 * (layer % 3), 128];
    const entries = Float64Array.from({ length: shape[0]! * shape[1]! }, () => random.normal());
    return [`layers.${layer}.weight`, { dtype: "F32" as const, shape, data: encode(entries, "F32") }] as const;
  });
  await writeFile(path, safetensors(Object.fromEntries(tensors)));
  return path;
}

async function open(path: string): Promise<OpenResult> {
  opened += 1;
  return client.connection.sendRequest(openCheckpoint, { uri: pathToFileURL(path).href });
}

const close = (checkpoint: string): Promise<void> =>
  client.connection.sendNotification(closeCheckpoint, { checkpoint });

async function finished({ checkpoint, state }: OpenResult): Promise<void> {
  if (state.phase === "done") return;
  await client.until("the results", () => stateOf(checkpoint)?.phase === "done", 600);
}

function gpuProcess(): number | undefined {
  return childProcesses(client.child.pid!).find(({ command }) => command.includes("worker.mjs"))?.pid;
}

function measure(): void {
  const server = processFigures(client.child.pid!);
  const gpu = gpuProcess();
  const figures = gpu === undefined ? null : processFigures(gpu);
  if (server === null || figures === null) return;
  const now: Sample = {
    seconds: seconds(),
    opened,
    server: server.memory,
    gpu: figures.memory,
    serverHandles: server.handles,
    gpuHandles: figures.handles,
  };
  const last = samples.at(-1);
  samples.push(now);
  if (last === undefined || Math.floor(last.seconds / 15) < Math.floor(now.seconds / 15)) tell(now);
}

function tell({ seconds: time, opened: count, server, gpu, serverHandles, gpuHandles }: Sample): void {
  const cells = [time.toFixed(0), count, megabytes(server), serverHandles, megabytes(gpu), gpuHandles];
  console.log(cells.map((cell) => String(cell).padStart(14)).join(""));
}

const megabytes = (bytes: number): string => (bytes / 2 ** 20).toFixed(1);

console.log(
  ["seconds", "opened", "server MB", "its handles", "GPU proc. MB", "its handles"]
    .map((cell) => cell.padStart(14))
    .join(""),
);
// A view that stays open: the GPU process lives as long as there is work.
const anchor = await open(sample);
await finished(anchor);
for (let round = 0; seconds() < minutes * 60; round++) {
  const path = await fresh(`round-${round}`, 4);
  const checkpoint = await open(path);
  await finished(checkpoint);
  const id = "layers.0.weight";
  const detail: MatrixDetail | null = await client.connection.sendRequest(matrixDetail, {
    checkpoint: checkpoint.checkpoint,
    id,
  });
  if (detail?.singularValues.length !== 128) throw new Error(`round ${round} has no values`);
  await close(checkpoint.checkpoint);
  // Opened again before it is let go, and closed in the middle of an analysis.
  const again = await open(path);
  await client.connection.sendRequest(analyseCheckpoint, { checkpoint: again.checkpoint, again: true });
  await close(again.checkpoint);
  await rm(path);
  client.results.length = 0;
  client.progress.length = 0;
  client.refreshes.length = 0;
  client.diagnostics.clear();
  measure();
}

const settled = samples.filter((each) => each.seconds > settling * minutes * 60);
const perHour = (of: (each: Sample) => number): number =>
  3600 * slope(settled.map((each): [number, number] => [each.seconds, of(each)]));
const perOpening = (of: (each: Sample) => number): number =>
  slope(settled.map((each): [number, number] => [each.opened, of(each)]));
const rates = (of: (each: Sample) => number): string =>
  `${megabytes(perHour(of))} MB an hour, ${(perOpening(of) / 1024).toFixed(2)} kB an opening`;
console.log(
  `After the first ${Math.round(settling * 100)} %: server ${rates(({ server }) => server)}; GPU process ${rates(({ gpu }) => gpu)}; handles ${perHour(({ serverHandles }) => serverHandles).toFixed(1)} and ${perHour(({ gpuHandles }) => gpuHandles).toFixed(1)} an hour.`,
);

// Cancelling: until the server has said so, and until the GPU is quiet.
const long = await open(await fresh("cancelled", 60));
await client.until("the first result", () => (stateOf(long.checkpoint)?.done ?? 0) > 0, 600);
const cancelled = performance.now();
await client.connection.sendRequest(cancelAnalysis, { checkpoint: long.checkpoint });
await client.until("the end of it", () => stateOf(long.checkpoint)?.phase === "cancelled");
console.log(`Cancelled after ${(performance.now() - cancelled).toFixed(0)} ms.`);

const closed = performance.now();
await close(long.checkpoint);
await close(anchor.checkpoint);
while (gpuProcess() !== undefined) await new Promise((resolve) => setTimeout(resolve, 20));
const idle = processFigures(client.child.pid!);
console.log(
  `The GPU process ended ${((performance.now() - closed) / 1000).toFixed(1)} s after the server was told that the last view is closed; the server then held ${megabytes(idle?.memory ?? NaN)} MB and ${idle?.handles ?? NaN} handles.`,
);
await client.close();
await rm(folder, { recursive: true });
await rm(dirname(sample), { recursive: true });
