import { constants } from "node:fs";
import { access, mkdir, mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import picomatch from "picomatch";
import manifest from "../../package.json" with { type: "json" };
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import { atLeast, type Finding } from "../analysis/findings.ts";
import { drawFresh } from "../analysis/fresh-draw.ts";
import { headsCode } from "../analysis/head-findings.ts";
import { GpuProcess, GpuUnavailable } from "../analysis/gpu-process.ts";
import { defaultPreferences } from "../analysis/policy.ts";
import { measureProducts, productViews } from "../analysis/product-results.ts";
import { Scheduler } from "../analysis/scheduler.ts";
import type { ProductResult } from "../protocol.ts";
import { printable } from "../text/format.ts";
import { whyNotWritten } from "../text/write-failure.ts";
import { parseArguments, usage, UsageError, type Arguments, type Format } from "./arguments.ts";
import { checkOutput, writeOutput } from "./output.ts";
import { checkpointsAt } from "./paths.ts";
import { ProgressBar } from "./progress-bar.ts";
import { csvReport } from "./report-csv.ts";
import { htmlReport } from "./report-html.ts";
import { jsonReport } from "./report-json.ts";
import { sarifReport } from "./report-sarif.ts";
import { textReport } from "./report-text.ts";
import type { Draw, EngineDescription, ReportedCheckpoint, Reporter } from "./report.ts";

/** Exit statuses of the contract. */
const clean = 0;
const findings = 1;
const failed = 2;
const interrupted = 130;

const reporters: Readonly<Record<Format, Reporter>> = {
  text: textReport,
  json: jsonReport,
  csv: csvReport,
  sarif: sarifReport,
  html: htmlReport,
};

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
  const kept = options.cache ? await usableCacheFolder() : null;
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "safetensors-spectrum-")));
  try {
    return await analyse(options, folder, kept);
  } catch (error) {
    return complain(error instanceof Error ? error.message : String(error));
  } finally {
    if (kept === null) {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

/** @param kept the folder if it stays, else null */
async function analyse(options: Arguments, folder: string, kept: string | null): Promise<number> {
  if (options.output !== null) await checkOutput(options.output);
  const failures: string[] = [];
  const fail = (message: string): void => {
    failures.push(message);
    complain(message);
  };
  const paths = await findAll(options.paths, fail);
  const gpu = new GpuProcess({
    workerPath: fileURLToPath(new URL("./worker.mjs", import.meta.url)),
    adapter: options.adapter,
    cacheFolder: kept,
    onStatus: () => undefined,
    log: () => undefined,
  });
  const scheduler = new Scheduler(gpu, () => undefined);
  const abort = new AbortController();
  const interrupt = (): void => {
    abort.abort();
  };
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const checkpoints: ReportedCheckpoint[] = [];
  /** The files of the checkpoints so far: a shard stands for the checkpoint that it belongs to, which comes once. */
  const covered = new Set<string>();
  let canCompute = true;
  try {
    for (const path of paths) {
      if (covered.has(resolve(path))) continue;
      const analysis = await CheckpointAnalysis.open(path);
      for (const file of [analysis.catalogue, ...analysis.catalogue.files]) covered.add(resolve(file.path));
      for (const problem of analysis.checkpoint.problems) {
        if (problem.severity === "error") fail(`${problem.path}: ${problem.message}`);
      }
      const ids = options.headersOnly ? [] : matching(analysis, options);
      if (options.tensors.length > 0 && ids.length === 0 && !options.headersOnly) {
        note(`no matrix of ${path} matches ${options.tensors.join(", ")}`);
      }
      const products: ProductResult[] = [];
      checkpoints.push({ analysis, ids, vectors: options.vectors, products, problems: [] });
      if (options.headersOnly) continue;
      await attachStores(analysis, folder);
      if (
        canCompute &&
        !(await compute(analysis, ids, { scheduler, vectors: options.vectors, signal: abort.signal }))
      ) {
        canCompute = false;
        fail(unavailable(gpu));
      }
      abort.signal.throwIfAborted();
      if (analysis.changedFile !== null) {
        fail(`${analysis.changedFile} changed while it was analysed: what was not computed before is left out`);
      } else if (canCompute) {
        try {
          products.push(...(await productsOf(gpu, analysis, { ids, heads: options.heads, signal: abort.signal })));
        } catch (error) {
          if (!(error instanceof GpuUnavailable)) throw error;
          canCompute = false;
          fail(unavailable(gpu));
        }
      }
    }
    const found = checkpoints.map((each) => ({ ...each, problems: chosenFindings(each.analysis, each.ids) }));
    const draw = options.draw && canCompute ? drawing(gpu, found, abort.signal) : null;
    const report = { engine: describe(gpu, found), checkpoints: found, draw, failures, folder: process.cwd() };
    await writeOutput(options.output, reporters[options.format](report), abort.signal);
    if (failures.length > 0) return failed;
    const { failOn } = options;
    const isFinding =
      failOn !== "never" && found.some(({ problems }) => problems.some(({ severity }) => atLeast(severity, failOn)));
    return isFinding ? findings : clean;
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    process.stderr.write("interrupted; what was computed is kept\n");
    return interrupted;
  } finally {
    gpu.close();
    for (const { analysis } of checkpoints) {
      await analysis.close();
    }
  }
}

/** The checkpoints that the arguments mean, each once; what cannot be found is told, and the rest goes on. */
async function findAll(paths: readonly string[], fail: (message: string) => void): Promise<Set<string>> {
  const found = new Set<string>();
  for (const path of paths) {
    try {
      for (const checkpoint of await checkpointsAt(path, fail)) found.add(checkpoint);
    } catch (error) {
      fail(error instanceof Error ? error.message : String(error));
    }
  }
  return found;
}

/** A disk that is full costs what would be kept, not the results. */
async function attachStores(analysis: CheckpointAnalysis, folder: string): Promise<void> {
  analysis.onNotice = note;
  try {
    await analysis.attachStores(folder);
  } catch (error) {
    note(`results are not kept, because ${folder} cannot be used: ${whyNotWritten(error)}`);
    await analysis.attachStores(null);
  }
}

/** @returns false when there is no GPU to compute with. */
async function compute(
  analysis: CheckpointAnalysis,
  ids: readonly string[],
  {
    scheduler,
    vectors,
    signal,
  }: { readonly scheduler: Scheduler; readonly vectors: boolean; readonly signal: AbortSignal },
): Promise<boolean> {
  const wanted = new Set(ids);
  analysis.enqueue(ids, { vectors });
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
    scheduler.cancel(analysis);
  };
  signal.addEventListener("abort", cancel);
  try {
    await scheduler.run(analysis);
  } finally {
    signal.removeEventListener("abort", cancel);
    bar.end();
  }
  return analysis.state.phase !== "unavailable";
}

/** The products of the weights that were asked for: updates of adapters, and with `--heads` attention's. */
async function productsOf(
  gpu: GpuProcess,
  analysis: CheckpointAnalysis,
  { ids, heads, signal }: { readonly ids: readonly string[]; readonly heads: boolean; readonly signal: AbortSignal },
): Promise<ProductResult[]> {
  const chosen = new Set(ids);
  const views = [...productViews(analysis, "update"), ...(heads ? productViews(analysis, "attention") : [])].filter(
    ({ left, right }) => chosen.has(left.view.id) && chosen.has(right.view.id),
  );
  const bar = new ProgressBar(process.stderr, views.length);
  const onProgress = (done: number): void => {
    bar.update(done, "products");
  };
  try {
    return await measureProducts(gpu, analysis, views, { signal, onProgress });
  } finally {
    bar.end();
  }
}

function unavailable(gpu: GpuProcess): string {
  return [gpu.status.message ?? "no GPU can be used", gpu.status.remedy].filter((part) => part !== null).join(" ");
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
  const ofFiles = new Set<string>(analysis.checkpoint.problems.map(({ code }) => code));
  return analysis
    .findings(defaultPreferences)
    .filter(({ tensor, code }) => tensor === null || !left.has(tensor) || ofFiles.has(code))
    .filter(({ code }) => heads || code !== headsCode);
}

/** The adapter of this run, or, where everything came from the cache, the one that computed it then. */
function describe(gpu: GpuProcess, checkpoints: readonly ReportedCheckpoint[]): EngineDescription {
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
function drawing(gpu: GpuProcess, checkpoints: readonly ReportedCheckpoint[], signal: AbortSignal): Draw {
  const bar = new ProgressBar(
    process.stderr,
    checkpoints.reduce((sum, { ids }) => sum + ids.length, 0),
  );
  let done = 0;
  return async ({ configInitialiser }, detail) => {
    bar.update(done++, `drawing ${detail.id}`);
    try {
      return await drawFresh(gpu, detail, configInitialiser, { seed: 1, signal });
    } catch (error) {
      signal.throwIfAborted();
      note(
        `no matrix was drawn to compare ${detail.id} with: ${error instanceof Error ? error.message : String(error)}`,
      );
      return null;
    } finally {
      // What is written next begins on a clean line.
      bar.end();
    }
  };
}

/** Where results are kept; null, which is told, where nothing can be: homes of containers are often read-only. */
async function usableCacheFolder(): Promise<string | null> {
  const folder = cacheFolder();
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return folder;
  } catch {
    note(`results are not kept, because ${folder} cannot be written`);
    return null;
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
  note(message);
  return failed;
}

function note(message: string): void {
  process.stderr.write(`safetensors-spectrum: ${printable(message)}\n`);
}
