import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fileURLToPath } from "node:url";
import picomatch from "picomatch";
import manifest from "../../package.json" with { type: "json" };
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import { atLeast, type Finding } from "../analysis/findings.ts";
import { drawFresh } from "../analysis/fresh-draw.ts";
import { headsCode } from "../analysis/head-findings.ts";
import { GpuProcess } from "../analysis/gpu-process.ts";
import { defaultPreferences } from "../analysis/policy.ts";
import { Scheduler } from "../analysis/scheduler.ts";
import { findCheckpoints } from "../checkpoint/find.ts";
import { printable } from "../text/format.ts";
import { parseArguments, usage, UsageError, type Arguments } from "./arguments.ts";
import { ProgressBar } from "./progress-bar.ts";
import { jsonReport, type Draw, type EngineDescription } from "./report-json.ts";
import { textReport } from "./report-text.ts";

/** Exit statuses of the contract. */
const clean = 0;
const findings = 1;
const failed = 2;
const interrupted = 130;

/** One checkpoint, analysed. */
interface Analysed {
  readonly analysis: CheckpointAnalysis;
  readonly ids: readonly string[];
  /** Whether singular vectors were asked for. */
  readonly vectors: boolean;
  readonly problems: readonly Finding[];
}

/** Runs the command line. @returns the exit status; every failure is one plain line on standard error. */
export async function main(argv: readonly string[]): Promise<number> {
  let options: Arguments;
  try {
    const parsed = parseArguments(argv);
    if (parsed === "help" || parsed === "version") {
      process.stdout.write(parsed === "help" ? usage : `${manifest.version}\n`);
      return clean;
    }
    options = parsed;
  } catch (error) {
    if (error instanceof UsageError) {
      return complain(`${error.message}; see --help`);
    }
    throw error;
  }
  const folder = options.cache ? cacheFolder() : await mkdtemp(join(tmpdir(), "safetensors-spectrum-"));
  try {
    return await analyse(options, folder);
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  } finally {
    if (!options.cache) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function analyse(options: Arguments, folder: string): Promise<number> {
  const paths: string[] = [];
  for (const path of options.paths) {
    paths.push(...(await findCheckpoints(path)));
  }
  const gpuMessages: string[] = [];
  const gpu = new GpuProcess({
    workerPath: fileURLToPath(new URL("./worker.mjs", import.meta.url)),
    adapter: options.adapter,
    onStatus: () => undefined,
    log: (message) => gpuMessages.push(message),
  });
  const scheduler = new Scheduler(gpu, (message) => gpuMessages.push(message));
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const checkpoints: Analysed[] = [];
  let status = clean;
  try {
    for (const path of new Set(paths)) {
      const analysis = await CheckpointAnalysis.open(path);
      if (checkpoints.some((other) => other.analysis.catalogue.path === analysis.catalogue.path)) {
        continue;
      }
      for (const problem of analysis.checkpoint.problems) {
        if (problem.severity === "error") {
          status = complain(`${problem.path}: ${problem.message}`);
        }
      }
      const ids = matching(analysis, options);
      if (options.tensors.length > 0 && ids.length === 0) {
        process.stderr.write(
          `safetensors-spectrum: no matrix of ${printable(path)} matches ${options.tensors.join(", ")}\n`,
        );
      }
      const context = { scheduler, folder, vectors: options.vectors, signal: abort.signal };
      const complete = await compute(analysis, ids, context);
      if (abort.signal.aborted) {
        process.stderr.write("interrupted; what was computed is kept\n");
        return interrupted;
      }
      if (!complete) {
        return complain(
          [gpu.status.message ?? "no GPU can be used", gpu.status.remedy].filter((part) => part !== null).join(" "),
        );
      }
      checkpoints.push({ analysis, ids, vectors: options.vectors, problems: chosenFindings(analysis, ids) });
    }
    const draw = options.draw ? drawing(gpu, checkpoints, abort.signal) : null;
    const report =
      options.format === "json"
        ? jsonReport(describe(gpu, checkpoints), checkpoints, draw)
        : textReports(checkpoints, draw);
    try {
      await write(options.output, report);
    } catch (error) {
      if (!abort.signal.aborted) {
        throw error;
      }
      process.stderr.write("interrupted; what was computed is kept\n");
      return interrupted;
    }
    const { failOn } = options;
    if (
      failOn !== "never" &&
      checkpoints.some(({ problems }) => problems.some((each) => atLeast(each.severity, failOn)))
    ) {
      status = Math.max(status, findings);
    }
    return status;
  } finally {
    gpu.close();
    for (const { analysis } of checkpoints) {
      await analysis.close();
    }
  }
}

/** @returns false when there is no GPU to compute with. */
async function compute(
  analysis: CheckpointAnalysis,
  ids: readonly string[],
  context: {
    readonly scheduler: Scheduler;
    readonly folder: string;
    readonly vectors: boolean;
    readonly signal: AbortSignal;
  },
): Promise<boolean> {
  await analysis.attachStores(context.folder);
  const wanted = new Set(ids);
  analysis.enqueue(ids, { vectors: context.vectors });
  if (analysis.queue.size === 0) {
    return true;
  }
  const bar = new ProgressBar(process.stderr, ids.length);
  const count = (): number => analysis.results.filter(({ id }) => wanted.has(id)).length;
  analysis.onResults = (results) => {
    bar.update(count(), results.at(-1)?.id ?? "");
  };
  bar.update(count(), "");
  const cancel = (): void => {
    context.scheduler.cancel(analysis);
  };
  context.signal.addEventListener("abort", cancel);
  try {
    await context.scheduler.run(analysis);
  } finally {
    context.signal.removeEventListener("abort", cancel);
    bar.end();
  }
  return analysis.state.phase !== "unavailable";
}

function matching(analysis: CheckpointAnalysis, { tensors: globs, heads }: Arguments): string[] {
  const matrices = heads ? analysis.matricesWithHeads : analysis.matrices;
  const matches = globs.length === 0 ? () => true : picomatch([...globs], { nobrace: false, dot: true });
  return matrices.filter(({ tensor, id }) => matches(tensor.name) || matches(id)).map(({ id }) => id);
}

/** Findings on the files and on the checkpoint, and on the matrices that were asked for. */
function chosenFindings(analysis: CheckpointAnalysis, ids: readonly string[]): Finding[] {
  const left = new Set(analysis.architecture.matrices.map(({ tensor }) => tensor.name));
  for (const id of ids) {
    left.delete(analysis.result(id)?.tensor ?? "");
  }
  // Heads that an earlier run computed say nothing in one that was not asked for them.
  const heads = ids.some((id) => analysis.result(id)?.head !== undefined);
  return analysis
    .findings(defaultPreferences)
    .filter(({ tensor, code }) => (tensor === null || !left.has(tensor)) && (heads || code !== headsCode));
}

/** The adapter of this run, or, where everything came from the cache, the one that computed it then. */
function describe(gpu: GpuProcess, checkpoints: readonly Analysed[]): EngineDescription {
  const now = gpu.status.phase === "ready" ? gpu.status : null;
  const engine = now ?? checkpoints.map(({ analysis }) => analysis.engine).find((each) => each !== null);
  return {
    version: manifest.version,
    adapter: engine?.adapter ?? null,
    backend: engine?.backend ?? null,
    software: engine?.software ?? false,
  };
}

/** Draws fresh matrices for a report, and shows how far it is. A matrix that cannot be drawn is told of and left out. */
function drawing(gpu: GpuProcess, checkpoints: readonly Analysed[], signal: AbortSignal): Draw {
  const bar = new ProgressBar(
    process.stderr,
    checkpoints.reduce((sum, { ids }) => sum + ids.length, 0),
  );
  let done = 0;
  return async ({ initializerRange }, detail) => {
    bar.update(done++, `drawing ${detail.id}`);
    try {
      return await drawFresh(gpu, detail, initializerRange, { seed: 1, signal });
    } catch (error) {
      signal.throwIfAborted();
      complain(
        `no matrix was drawn to compare ${detail.id} with: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    } finally {
      // What is written next begins on a clean line.
      bar.end();
    }
  };
}

async function* textReports(checkpoints: readonly Analysed[], draw: Draw | null): AsyncGenerator<string> {
  for (const analysed of checkpoints) {
    yield* textReport(analysed, draw);
  }
}

/** Writes to a file, or to standard output until whoever reads it has enough. */
async function write(output: string | null, pieces: AsyncIterable<string>): Promise<void> {
  try {
    if (output === null) {
      // Standard output is not ours to end.
      await pipeline(pieces, process.stdout, { end: false });
    } else {
      await pipeline(pieces, createWriteStream(output));
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== "EPIPE" && code !== "ERR_STREAM_PREMATURE_CLOSE") {
      throw new Error(`cannot write ${output ?? "the results"}: ${message}`, { cause: error });
    }
  }
}

function cacheFolder(): string {
  const base =
    process.platform === "win32"
      ? process.env["LOCALAPPDATA"]
      : process.platform === "darwin"
        ? join(homedir(), "Library", "Caches")
        : process.env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "safetensors-spectrum");
}

function complain(message: string): number {
  process.stderr.write(`safetensors-spectrum: ${printable(message)}\n`);
  return failed;
}
