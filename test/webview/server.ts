/** A language server for one view: the real analysis of a real file, computed in float64 on the CPU instead of the GPU. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import type { MatrixView } from "../../server/architecture/architecture.ts";
import { CheckpointAnalysis } from "../../server/analysis/checkpoint-analysis.ts";
import { drawFresh } from "../../server/analysis/fresh-draw.ts";
import { base64Doubles } from "../../server/analysis/floats.ts";
import { metricColumn } from "../../server/analysis/metric-column.ts";
import { headColumn, portionList } from "../../server/analysis/portion-list.ts";
import { snippetOf } from "../../server/analysis/snippet.ts";
import { matrixSpectra } from "../../server/analysis/spectra.ts";
import { readEntries, vectorProfile } from "../../server/checkpoint/entries.ts";
import { chosenProducts, measureProducts, type ProductChoice } from "../../server/analysis/product-results.ts";
import type { GpuProcess } from "../../server/analysis/gpu-process.ts";
import type { MatrixResult, ProductResult } from "../../server/protocol.ts";
import { spectrumMetrics } from "../../server/spectrum/compute-metrics.ts";
import { noiseMetrics } from "../../server/spectrum/noise-metrics.ts";
import { noiseTests } from "../../server/spectrum/noise-tests.ts";
import type { Factor } from "../../server/svd/measurement.ts";
import type { Analysis, VectorMeasurement } from "../../server/worker-protocol.ts";
import type { Answer } from "../../media/protocol.ts";
import { measure } from "../support/measure.ts";
import { singularValues } from "../support/svd.ts";
import { gaussianMatrix } from "../support/random.ts";
import { safetensors, type TensorData } from "../support/safetensors.ts";
import { engine } from "./checkpoints.ts";
import { View, type Request, type ViewOptions } from "./harness.ts";

const cpu = { adapter: engine.adapter, backend: engine.backend, software: true };

export class ServedCheckpoint {
  readonly analysis: CheckpointAnalysis;
  readonly #folder: string;
  readonly #unheard: MatrixResult[] = [];
  view: View | null = null;
  /** What was put on the clipboard last. */
  copied = "";
  /** What a request is refused with, by its type. */
  readonly refusals = new Map<Request["type"], string>();

  /** What products wait for before they are computed. */
  held: Promise<void> = Promise.resolve();

  private constructor(analysis: CheckpointAnalysis, folder: string) {
    this.analysis = analysis;
    this.#folder = folder;
    analysis.onResults = (results) => {
      this.#unheard.push(...results);
    };
  }

  /** Writes a checkpoint, and its config beside it. */
  static async create(tensors: Readonly<Record<string, TensorData>>, config: object): Promise<ServedCheckpoint> {
    const folder = await mkdtemp(join(tmpdir(), "served-"));
    const path = join(folder, "model.safetensors");
    await writeFile(path, safetensors(tensors));
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    const analysis = await CheckpointAnalysis.open(path);
    await analysis.attachStores(join(folder, "cache"));
    return new ServedCheckpoint(analysis, folder);
  }

  /** As {@link create}, its matrices analysed, but not their heads and vectors. */
  static async analysed(tensors: Readonly<Record<string, TensorData>>, config: object): Promise<ServedCheckpoint> {
    const served = await ServedCheckpoint.create(tensors, config);
    served.analysis.enqueue(null);
    await served.compute();
    return served;
  }

  /** Computes what is queued. */
  async compute(): Promise<void> {
    for (;;) {
      const { matrices, vectors } = this.analysis.queue.take({ count: 1000, bytes: 1e9 });
      if (matrices.length === 0) return;
      for (const matrix of matrices) this.analysis.accept(matrix, await this.#analyse(matrix, vectors));
    }
  }

  /** Opens a view of it. */
  async open(browser: Browser, options: ViewOptions = {}): Promise<View> {
    const view = await View.open(browser, { ...options, answer: (request) => this.#answer(request) });
    this.view = view;
    this.analysis.setPhase(this.analysis.missing.length === 0 ? "done" : "waiting");
    await view.send({
      type: "catalogue",
      catalogue: this.analysis.catalogue,
      results: this.analysis.results,
      state: this.analysis.state,
      engine,
      file: 0,
    });
    await view.part("detail").locator("h2").waitFor();
    return view;
  }

  async close(): Promise<void> {
    await this.view?.close();
    await this.analysis.close();
    await rm(this.#folder, { recursive: true });
  }

  async #answer(request: Request): Promise<Answer> {
    const refusal = this.refusals.get(request.type);
    if (refusal !== undefined) throw new Error(refusal);
    const { analysis } = this;
    const tensorOf = (name: string) => analysis.checkpoint.tensors.find((tensor) => tensor.name === name)!;
    const { path } = analysis.checkpoint.files[0]!;
    switch (request.type) {
      case "matrix":
        return analysis.detail(request.matrix);
      case "metric":
        return metricColumn(analysis, request.metric);
      case "spectra":
        return matrixSpectra(analysis, request.matrices, request.points);
      case "portions":
        return portionList(analysis, (matrices) => matrices.length);
      case "headMetric":
        return headColumn(analysis, request.metric);
      case "entries": {
        const { values, exact } = await readEntries(path, tensorOf(request.tensor), request.grid);
        return { values: base64Doubles(values), exact };
      }
      case "vector":
        return vectorProfile(path, tensorOf(request.tensor), request.runs);
      case "estimate":
        return { matrices: request.matrices.length, seconds: request.matrices.length, long: false };
      case "copyPython":
        this.copied = snippetOf(analysis, request.matrices);
        return null;
      case "analyseParts":
        return this.#start(request.matrices, false);
      case "analyseVectors":
        return this.#start(request.matrices, true);
      case "analyseHeads": {
        const { portions } = analysis;
        const heads =
          request.tensors === null ? portions.heads : request.tensors.flatMap((tensor) => portions.headsOf(tensor));
        return this.#start(
          heads.map(({ id }) => id),
          false,
        );
      }
      case "products": {
        await this.held;
        return this.products(request.which);
      }
      case "draw": {
        const detail = (await analysis.detail(request.matrix))!;
        const gpu: Parameters<typeof drawFresh>[0] = {
          draw: async ({ rows, columns, sigma }) => {
            const entries = gaussianMatrix(rows, columns, request.seed, sigma);
            return Promise.resolve(this.#measured(entries, { rows, columns }, null));
          },
        };
        return drawFresh(gpu, detail, analysis.configInitialiser, {
          seed: request.seed,
          signal: new AbortController().signal,
        });
      }
    }
  }

  /** Products of weights, computed plainly. */
  products(which: ProductChoice): Promise<readonly ProductResult[]> {
    const views = chosenProducts(this.analysis, which);
    const { signal } = new AbortController();
    return measureProducts({ runProducts: multiplied }, this.analysis, views, { signal });
  }

  async #start(ids: readonly string[], vectors: boolean): Promise<number> {
    const { analysis, view } = this;
    const count = analysis.enqueue(ids, { vectors });
    analysis.setPhase("running");
    await view?.send({ type: "results", results: [], state: analysis.state });
    await this.compute();
    analysis.setPhase(analysis.missing.length === 0 ? "done" : "waiting");
    await view?.send({ type: "results", results: this.#unheard.splice(0), state: analysis.state });
    return count;
  }

  async #analyse(matrix: MatrixView, vectors: boolean): Promise<Analysis> {
    const { path } = this.analysis.checkpoint.files[0]!;
    const { tensor, rows, columns, pitch = columns, begin } = matrix;
    const offset = (begin - tensor.begin) / 4;
    const grid = { offset, rows, columns, rowStride: pitch, columnStride: 1 };
    const { values } = await readEntries(path, tensor, grid);
    return this.#measured(values, matrix, vectors ? vectorsOf(Math.min(rows, columns)) : null);
  }

  #measured(
    values: Float64Array,
    { rows, columns }: { readonly rows: number; readonly columns: number },
    vectors: VectorMeasurement | null,
  ): Analysis {
    const shape = { rows, columns };
    const measured = measure(values, rows, columns);
    const fingerprint = createHash("md5").update(values).digest("hex");
    const measurement = { ...measured, entries: { ...measured.entries, fingerprint } };
    const metrics = spectrumMetrics(measurement.singularValues, shape, measurement.entries);
    return {
      measurement,
      metrics,
      noise: noiseMetrics(shape, metrics.sigmaEntries ?? 0),
      tests: noiseTests(measurement, shape),
      vectors,
      engine: cpu,
    };
  }
}

/** Vectors of which the first few are anything but noise, and the last is of the null space. */
function vectorsOf(count: number): VectorMeasurement {
  const statistics = (): Float32Array =>
    Float32Array.from({ length: count }, (_, index) =>
      index === count - 1 ? NaN : index < 4 ? 2 : 0.55 + 0.6 * ((index * 0.618034) % 1),
    );
  const lengths = Float32Array.from({ length: count }, (_, index) => (index === count - 1 ? NaN : 0.3));
  return {
    left: statistics(),
    right: statistics(),
    leftLargest: lengths,
    rightLargest: lengths,
    leftParticipation: lengths,
    rightParticipation: lengths,
  };
}

/** A factor of F32 by its shared and its free side. */
async function factorOf({ source, shared }: Factor) {
  const { path, begin, rows, columns, pitch = columns } = source;
  const bytes = await readFile(path);
  const entry = (row: number, column: number): number => bytes.readFloatLE(begin + 4 * (row * pitch + column));
  return shared === "rows"
    ? { shared: rows, free: columns, at: entry }
    : { shared: columns, free: rows, at: (h: number, k: number): number => entry(k, h) };
}

/** Products in float64, plainly. */
const multiplied: GpuProcess["runProducts"] = async (products, { onResult }) => {
  for (const [index, { left, right }] of products.entries()) {
    const [a, b] = await Promise.all([left, right].map(factorOf));
    const [rows, columns, rank] = [a!.free, b!.free, a!.shared];
    const product = Float64Array.from({ length: rows * columns }, (_, k) => {
      let sum = 0;
      for (let h = 0; h < rank; h++) sum += a!.at(h, Math.floor(k / columns)) * b!.at(h, k % columns);
      return sum;
    });
    const values = singularValues(product, rows, columns).slice(0, Math.min(rows, columns, rank));
    onResult(index, { singularValues: values });
  }
};
