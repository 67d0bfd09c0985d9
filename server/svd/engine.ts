/** The singular value engine: matrices in files go in, their singular values and entry statistics come out. */
import { t } from "../text/l10n.ts";
import { setImmediate } from "node:timers/promises";
import { createBuffers, releaseBuffers, limitMemory, OutOfMemory } from "../gpu/buffers.ts";
import { openDevice, type DeviceOptions, type Gpu } from "../gpu/device.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { Places } from "../gpu/places.ts";
import { readBack } from "../gpu/readback.ts";
import { openTuned, type TuningOption } from "./autotune.ts";
import { bidiagonalSingularValues } from "./bidiagonal.ts";
import { bidiagonalise, type Batch } from "./bidiagonalisation.ts";
import { entryBytes, submitEntryPass } from "./entry-pass.ts";
import { countersPerMatrix, EntryStatisticsBuilder, gramRatioOf, scaleOf } from "./entry-statistics.ts";
import { compileKernels, type Kernels } from "./kernels.ts";
import { MatrixLoader, shapeOf } from "./matrix-loader.ts";
import { partOfMatrix, spanBytes } from "./matrix-part.ts";
import type { Factor, MatrixSource, Measurement, ProductSource } from "./measurement.ts";
import { numberFormat } from "./number-format.ts";
import { ProductEngine, type ProductOptions } from "./product-engine.ts";
import { rawBytes } from "./raw-entries.ts";
import { bytesOf, StreamingQr, streamingBytes } from "./streaming-qr.ts";
import { TwoStage } from "./two-stage.ts";
import type { Tuning } from "./tuning.ts";
import { VectorEngine, type VectorOptions } from "./vector-engine.ts";

export interface Engine {
  readonly description: Gpu["description"];
  /** Bytes of its largest buffer. A matrix that is larger as fp32 is reduced a chunk at a time, if its smaller side allows. */
  readonly maximumBytes: number;
  /** What of two stages was chosen for this adapter; null where one stage does. */
  readonly tuning: Tuning | null;
  /**
   * Measures matrices of one shape and dtype; each is told of once, in any order, as `index` into `sources`. `shuffle`
   * is null in every measurement. Calls at the same time take turns in the order of their beginning, but the matrices of
   * the next are read while those of the one before are computed.
   * @throws the signal's reason soon after it is aborted; an Error if the device is lost.
   */
  measure(
    sources: readonly MatrixSource[],
    options: {
      readonly signal: AbortSignal;
      readonly onResult: (index: number, measurement: Measurement) => void;
      /**
       * `message` is one sentence: why this matrix has no measurement. `shortOfMemory`: it would fit, but not into what
       * was free.
       */
      readonly onUnsupported: (index: number, message: string, shortOfMemory?: boolean) => void;
    },
  ): Promise<void>;
  /**
   * The statistics of the singular vectors of matrices of one shape and dtype, as {@link Engine.measure} tells of values.
   * They are NaN throughout where an entry is not finite.
   * @throws the signal's reason soon after it is aborted; an Error if the device is lost.
   */
  measureVectors(sources: readonly MatrixSource[], options: VectorOptions): Promise<void>;
  /**
   * The singular values of products left·right, the left factors of one shape and dtype and the right ones of one; each
   * is told of once, in any order, as `index` into `products`. Where the shared side is the smallest, as in W_QᵀW_K of an
   * attention head or B·A of LoRA, the product is not formed. |σ̂ − σ| ≤ 10⁻⁶·‖left‖₂·‖right‖₂.
   * @throws the signal's reason soon after it is aborted; an Error if the device is lost; a RangeError if the factors do
   *   not fit each other or those of one side differ.
   */
  measureProducts(products: readonly ProductSource[], options: ProductOptions): Promise<void>;
  /**
   * Entries of a matrix, row-major, as fp32: all of them, or if they are more than `maximum`, the whole smaller side and
   * an evenly spaced part of the larger one. They are multiplied by a power of two if fp32 could not hold them else.
   * @throws Error if the matrix cannot be read.
   */
  readEntries(
    source: MatrixSource,
    maximum: number,
  ): Promise<{ readonly entries: Float32Array; readonly rows: number; readonly columns: number }>;
  /** Settles with the reason, a sentence, when the device is of no use any more. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

/**
 * How a matrix becomes bidiagonal: in one stage, each step of which reads all of it, or, unless it is small, in two, by
 * way of a band. Two are many times quicker on a GPU; on a processor that emulates one the first is quicker.
 */
export type Method = "one-stage" | "two-stage";

export interface EngineOptions {
  /** Part of an adapter's name; empty for the fastest. */
  readonly adapter: string;
  /** Chosen by the adapter unless it is given. */
  readonly method?: Method;
  /** How two stages are fitted to the adapter; by default without measuring. */
  readonly tuning?: TuningOption;
  /** Bytes of a buffer at most, if that is to be less than the adapter allows. */
  readonly bufferBytes?: number;
  /** Bytes, as fp32, of matrices that are computed together. */
  readonly batchBytes?: number;
  /** Bytes of buffers at once, if they are to be fewer than the device has room for. */
  readonly memoryBytes?: number;
  /** What is used of the adapter, all unless told otherwise. */
  readonly device?: Omit<DeviceOptions, "dawn">;
}

/** @throws EngineUnavailable if there is no adapter that will do. */
export async function openEngine({ adapter, device, ...options }: EngineOptions): Promise<Engine> {
  return createEngine(await openDevice(adapter, device), options);
}

/** An engine on a device that is open, and is closed with the engine. */
export async function createEngine(
  gpu: Gpu,
  { method, memoryBytes, tuning = "default", ...memory }: Omit<EngineOptions, "adapter" | "device"> = {},
): Promise<Engine> {
  const { device, description, target } = gpu;
  if (memoryBytes !== undefined) limitMemory(device, memoryBytes);
  const kernels = await compileKernels(device, target);
  const engine = new GpuEngine(gpu, kernels, method ?? (description.software ? "one-stage" : "two-stage"), {
    ...memory,
    tuning,
  });
  await engine.prepare();
  return engine;
}

/** Bytes of matrices that are computed together at most; on a processor a larger batch only leaves its caches. */
const usualBatchBytes = { hardware: 15 * 2 ** 27, software: 8 << 20 };
/** Batches that have memory on the GPU: one that is computed and one that is loaded meanwhile. */
const batchesAtOnce = 2;
/**
 * Up to so many columns one stage is as quick and twice as accurate, and the processor finds the values, in float64, in
 * less than a millisecond.
 */
const fewColumns = 128;
/**
 * Where all values are nearly alike, the rounding of thousands of reflections adds up in the same values, and the error
 * of a bidiagonalisation grows with n: 8e-7·σ₁ at 400, 1.7e-6·σ₁ at 800. n·Σσ⁴/(Σσ²)² is 1 for equal values and 1 + n/m
 * for noise of n ≤ m.
 */
const flattest = 1.01;

type MeasureOptions = Parameters<Engine["measure"]>[1];

interface Indexed {
  readonly index: number;
  readonly source: MatrixSource;
}

interface Unreadable extends Indexed {
  /** One sentence. */
  readonly message: string;
}

/** What the GPU found out about one matrix. */
interface Found extends Indexed {
  readonly counters: Uint32Array;
  readonly entries: EntryStatisticsBuilder;
  /** Null where an entry is not finite. */
  readonly reduced: Reduced | null;
}

interface Reduced {
  /** The diagonal and the superdiagonal, one after the other. */
  readonly bidiagonal: Float32Array;
  /** What the GPU found of it; null where that is still to be done. */
  readonly values: Float32Array | null;
}

class GpuEngine implements Engine {
  readonly description: Gpu["description"];
  readonly maximumBytes: number;
  readonly lost: Promise<string>;
  readonly #gpu: Gpu;
  readonly #kernels: Kernels;
  readonly #method: Method;
  readonly #batchBytes: number;
  readonly #loader: MatrixLoader;
  readonly #submits: PacedSubmits;
  readonly #vectors: VectorEngine;
  readonly #products: ProductEngine;
  readonly #tuningOption: TuningOption;
  #tuned: ReturnType<typeof openTuned> | null = null;
  #tuning: Tuning | null = null;
  #twoStage: TwoStage | null = null;
  #streamingQr: StreamingQr | null = null;
  /** Whoever has a place may have memory on the GPU. */
  readonly #memory = new Places(batchesAtOnce);
  readonly #loading = new Places(1);
  readonly #computing = new Places(1);

  constructor(
    gpu: Gpu,
    kernels: Kernels,
    method: Method,
    {
      bufferBytes = Infinity,
      batchBytes,
      tuning,
    }: Pick<EngineOptions, "bufferBytes" | "batchBytes"> & { readonly tuning: TuningOption },
  ) {
    const { limits } = gpu.device;
    const { software } = gpu.description;
    this.description = gpu.description;
    this.maximumBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize, bufferBytes);
    this.lost = gpu.lost;
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.#method = method;
    this.#tuningOption = tuning;
    this.#batchBytes = batchBytes ?? usualBatchBytes[software ? "software" : "hardware"];
    this.#loader = new MatrixLoader(gpu.device, kernels, software);
    this.#submits = new PacedSubmits(gpu.device);
    this.#vectors = new VectorEngine(gpu, this.#loader);
    this.#products = new ProductEngine(gpu, this.#loader, () => this.#vectors.open());
  }

  /** Compiles what the method needs at once, and makes the staging memory. */
  async prepare(): Promise<void> {
    const opening = this.#method === "two-stage" ? this.#openTuned() : null;
    opening?.catch(() => undefined);
    // Meanwhile.
    if (!this.description.software) this.#loader.prepare();
    if (opening === null) return;
    const { kernels, tuning } = await opening;
    this.#tuning = tuning;
    this.#twoStage = new TwoStage(this.#gpu.device, kernels);
  }

  get tuning(): Tuning | null {
    return this.#tuning;
  }

  async measure(sources: readonly MatrixSource[], options: MeasureOptions): Promise<void> {
    const { signal, onUnsupported } = options;
    const [first] = sources;
    signal.throwIfAborted();
    if (first === undefined) return;
    requireEqual(sources);
    const reason = this.#unsupported(first);
    if (reason !== null) {
      sources.forEach((_, index) => {
        onUnsupported(index, reason);
      });
      return;
    }
    const size = this.#streamed(first) ? 1 : this.#batchCount(first);
    const groups = inGroups(
      sources.map((source, index) => ({ source, index })),
      size,
    );
    // What one group throws ends the others.
    const failure = new AbortController();
    const both = { ...options, signal: AbortSignal.any([signal, failure.signal]) };
    const short: Indexed[][] = [];
    // In their order: who comes first enters first. One more than have memory, whose values the processor is at work on.
    const working = Array.from({ length: batchesAtOnce + 1 }, async () => {
      for (let group = groups.shift(); group !== undefined; group = groups.shift()) {
        try {
          await this.#measureGroup(group, both, 1);
        } catch (error) {
          if (error instanceof OutOfMemory) {
            short.push(group);
          } else {
            failure.abort(error);
            throw error;
          }
        }
      }
    });
    await this.#gpu.failure.race(Promise.all(working));
    for (const group of short) await this.#gpu.failure.race(this.#measureAlone(group, options));
  }

  async measureVectors(sources: readonly MatrixSource[], options: VectorOptions): Promise<void> {
    const [first] = sources;
    if (first === undefined) return;
    requireEqual(sources);
    const reason = this.#unsupported(first) ?? this.#tooLarge(first);
    if (reason === null) {
      await this.#withAllMemory(options.signal, () => this.#vectors.measure(sources, options));
    } else {
      sources.forEach((_, index) => {
        options.onUnsupported(index, reason);
      });
    }
  }

  async measureProducts(products: readonly ProductSource[], options: ProductOptions): Promise<void> {
    const [first] = products;
    if (first === undefined) return;
    requireFitting(products);
    const factors = [first.left.source, first.right.source];
    const reason = factors
      .map((source) => this.#unsupported(source) ?? this.#tooLarge(source))
      .find((each) => each !== null);
    if (reason === undefined) {
      await this.#withAllMemory(options.signal, () => this.#products.measure(products, options));
    } else {
      products.forEach((_, index) => {
        options.onUnsupported(index, reason);
      });
    }
  }

  async readEntries(source: MatrixSource, maximum: number): ReturnType<Engine["readEntries"]> {
    const reason = this.#unsupported(source);
    if (reason !== null) throw new Error(reason);
    if (this.#tooLarge(source) !== null) return this.readEntries(spacedPart(source, maximum), maximum);
    const { device } = this.#gpu;
    const shape = shapeOf(source);
    const matrices = await createBuffers(device, {
      matrices: 4 * shape.rows * shape.columns,
      counters: 4 * countersPerMatrix,
    });
    try {
      const unreadable = await this.#loader.load([source], matrices, new AbortController().signal);
      for (const message of unreadable.values()) throw new Error(message);
      const rows = Math.min(shape.rows, Math.max(1, Math.floor(maximum / shape.columns)));
      const bytes = 4 * shape.columns;
      const ranges =
        rows === shape.rows
          ? [{ offset: 0, bytes: rows * bytes }]
          : Array.from({ length: rows }, (_, row) => ({
              offset: Math.floor((row * shape.rows) / rows) * bytes,
              bytes,
            }));
      const [counters, entries] = await this.#gpu.failure.race(
        Promise.all([readBack(device, matrices.counters), readBack(device, matrices.matrices, ranges)]),
      );
      const scaled = new Float32Array(entries);
      const scale = scaleOf(new Uint32Array(counters));
      // The scale is the power of two below the largest magnitude: fp32 holds it between its subnormals and 2^128.
      const unscaled = scale >= 2 ** -149 && scale <= 2 ** 127 ? scaled.map((entry) => entry * scale) : scaled;
      return shape.transposed
        ? { entries: transposed(unscaled, rows, shape.columns), rows: shape.columns, columns: rows }
        : { entries: unscaled, rows, columns: shape.columns };
    } finally {
      releaseBuffers(matrices);
    }
  }

  close(): Promise<void> {
    this.#gpu.close();
    return Promise.resolve();
  }

  async #withAllMemory(signal: AbortSignal, use: () => Promise<void>): Promise<void> {
    const leave = await this.#memory.take(signal);
    try {
      await use();
    } finally {
      leave();
    }
  }

  /** Why a matrix cannot be measured at all, or null. */
  #unsupported(source: MatrixSource): string | null {
    const { rows, columns, dtype, quantised } = source;
    if (rows === 0 || columns === 0) return t("It has no entries.");
    if (quantised === undefined) {
      const format = numberFormat(dtype);
      if (format === null || format.bits % 8 !== 0) return t("Entries of dtype {0} are not decoded.", dtype);
      const bytes = spanBytes(source);
      if (source.end - source.begin !== bytes) {
        return t(
          "It has {0} bytes, but {1} × {2} entries of {3} take {4}.",
          source.end - source.begin,
          rows,
          columns,
          dtype,
          bytes,
        );
      }
    } else if (rawBytes(source) > this.maximumBytes) {
      // Its codes lie on the GPU as a whole, even where its entries do not.
      return this.#doesNotFit(rawBytes(source));
    }
    const shape = shapeOf(source);
    if (rows * columns >= 2 ** 32) return t("It has more entries than are counted, 4 294 967 295.");
    const needed = Math.min(bytesOf(shape.rows, shape.columns), streamingBytes(shape));
    return needed > this.maximumBytes ? this.#doesNotFit(needed) : null;
  }

  #doesNotFit(needed: number): string {
    const megabytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
    return t(
      "It needs {0} in one piece, and {1} gives {2} at most.",
      megabytes(needed),
      this.description.adapter,
      megabytes(this.maximumBytes),
    );
  }

  /** Why a matrix cannot lie on the GPU as a whole, or null. */
  #tooLarge(source: MatrixSource): string | null {
    const shape = shapeOf(source);
    const needed = Math.max(bytesOf(shape.rows, shape.columns), rawBytes(source));
    return needed > this.maximumBytes ? this.#doesNotFit(needed) : null;
  }

  /** A tall matrix is reduced in chunks already where it would take more memory than a batch. */
  #streamed(source: MatrixSource): boolean {
    const { rows, columns } = shapeOf(source);
    const bytes = bytesOf(rows, columns);
    const large = bytes > this.#batchBytes && rows >= 2 * columns && !this.description.software;
    return this.#tooLarge(source) !== null || (large && bytesOf(2 * columns, columns) <= this.#batchBytes);
  }

  #batchCount(source: MatrixSource): number {
    const { rows, columns } = shapeOf(source);
    const usual = Math.floor(Math.min(this.maximumBytes, this.#batchBytes) / bytesOf(rows, columns));
    // Beside small matrices what is made of them counts.
    const largest = this.#twoStage !== null && columns > fewColumns ? this.#twoStage.largestBytes(rows, columns) : 1;
    return Math.max(1, Math.min(usual, Math.floor(this.maximumBytes / largest)));
  }

  /** Measures a group for which there was no memory beside another one: alone, and if that is too much, in halves. */
  async #measureAlone(group: readonly Indexed[], options: MeasureOptions): Promise<void> {
    try {
      await this.#measureGroup(group, options, batchesAtOnce);
    } catch (error) {
      if (!(error instanceof OutOfMemory)) throw error;
      if (group.length === 1) {
        const message = t("It needs more memory than {0} has free: {1}.", this.description.adapter, error.message);
        options.onUnsupported(group[0]!.index, message, true);
      } else {
        for (const half of inGroups(group, Math.ceil(group.length / 2))) await this.#measureAlone(half, options);
      }
    }
  }

  /** @param places how many batches' memory it takes. @throws OutOfMemory, before anything was told of. */
  async #measureGroup(group: readonly Indexed[], options: MeasureOptions, places: number): Promise<void> {
    const { signal, onResult, onUnsupported } = options;
    const leave = await this.#memory.take(signal, places);
    let outcomes: readonly (Found | Unreadable)[];
    try {
      const [first] = group;
      outcomes = this.#streamed(first!.source)
        ? [await this.#stream(first!, places, signal)]
        : await this.#compute(group, signal);
    } finally {
      leave();
    }
    const { columns, transposed } = shapeOf(group[0]!.source);
    for (const outcome of outcomes) {
      // Lets messages through: the values of a large matrix take a while.
      await setImmediate();
      signal.throwIfAborted();
      const { index, source } = outcome;
      if ("message" in outcome) {
        onUnsupported(index, outcome.message);
        continue;
      }
      const { counters, entries, reduced } = outcome;
      const singularValues =
        reduced === null ? new Float64Array() : singularValuesOf(reduced).map((value) => value * scaleOf(counters));
      const gramRatio = reduced === null ? null : gramRatioOf(singularValues);
      const measurement = { entries: entries.finish(counters, transposed, gramRatio), singularValues, shuffle: null };
      const flat = gramRatio !== null && columns > fewColumns && columns * gramRatio ** 2 < flattest;
      onResult(index, flat ? await this.#refine(source, measurement, signal) : measurement);
    }
  }

  /** Finds the singular values of a measured matrix again by Jacobi, which is exact where all of them are alike. */
  async #refine(source: MatrixSource, measurement: Measurement, signal: AbortSignal): Promise<Measurement> {
    let { singularValues } = measurement;
    await this.measureVectors([source], {
      signal,
      onResult: (_, statistics) => {
        singularValues = statistics.singularValues;
      },
      // What there is no memory for keeps the values that it has.
      onUnsupported: () => undefined,
    });
    return { ...measurement, singularValues };
  }

  /** Loads and reduces a batch, each when it is its turn. */
  async #compute(group: readonly Indexed[], signal: AbortSignal): Promise<(Found | Unreadable)[]> {
    const { device } = this.#gpu;
    const { rows, columns } = shapeOf(group[0]!.source);
    const count = group.length;
    // Of one matrix.
    const bytes = { counters: 4 * countersPerMatrix, ...entryBytes(rows, columns) };
    const leaveLoading = await this.#loading.take(signal);
    let leaveComputing: () => void = () => undefined;
    let buffers: Record<"matrices" | keyof typeof bytes, GPUBuffer> | null = null;
    try {
      buffers = await createBuffers(device, {
        matrices: 4 * rows * columns * count,
        counters: bytes.counters * count,
        moments: bytes.moments * count,
        columnNorms: bytes.columnNorms * count,
      });
      const sources = group.map(({ source }) => source);
      const unreadable = await this.#loader.load(sources, buffers, signal);
      leaveLoading();
      if (unreadable.size === count) {
        return group.map((matrix, slot) => ({ ...matrix, message: unreadable.get(slot)! }));
      }
      leaveComputing = await this.#computing.take(signal);
      const { matrices } = buffers;
      signal.throwIfAborted();
      submitEntryPass(device, this.#kernels, matrices, { count, rows, columns, first: 0 }, buffers);
      // While the GPU goes on.
      const statistics = readStatistics(device, buffers, count, bytes, columns);
      statistics.catch(() => undefined);
      const reduced = await this.#reduce({ count, rows, columns, matrices }, signal, leaveComputing);
      const known = await statistics;
      return group.map((matrix, slot) => {
        const message = unreadable.get(slot);
        if (message !== undefined) return { ...matrix, message };
        const { counters, entries } = known[slot]!;
        return { ...matrix, counters, entries, reduced: counters[0] === 0 ? reduced[slot]! : null };
      });
    } finally {
      leaveLoading();
      leaveComputing();
      if (buffers !== null) releaseBuffers(buffers);
    }
  }

  /** Reduces a matrix in chunks of rows. */
  async #stream(matrix: Indexed, places: number, signal: AbortSignal): Promise<Found | Unreadable> {
    const { device } = this.#gpu;
    const { columns } = shapeOf(matrix.source);
    this.#streamingQr ??= new StreamingQr(device, this.#loader, this.#kernels, (await this.#openTuned()).kernels.tall);
    // Not more than a batch, unless the triangle alone takes half of that.
    const usual = Math.min(this.maximumBytes, Math.max(this.#batchBytes, bytesOf(2 * columns, columns)));
    // Where there was no memory before, half as much.
    const allowed = places === 1 ? usual : Math.max(streamingBytes({ columns }), usual / 2);
    const leaveLoading = await this.#loading.take(signal);
    let leaveComputing: () => void = () => undefined;
    try {
      const compute = async (): Promise<void> => {
        leaveComputing = await this.#computing.take(signal);
      };
      const turns = { compute, read: leaveLoading };
      const found = await this.#streamingQr.run(
        matrix.source,
        allowed,
        turns,
        signal,
        async ({ triangle, counters, entries }) => {
          if (counters[0] !== 0) return { ...matrix, counters, entries, reduced: null };
          const batch = { count: 1, rows: columns, columns, matrices: triangle };
          const [reduced] = await this.#reduce(batch, signal, leaveComputing);
          return { ...matrix, counters, entries, reduced: reduced! };
        },
      );
      return typeof found === "string" ? { ...matrix, message: found } : found;
    } finally {
      leaveLoading();
      leaveComputing();
    }
  }

  /** The bidiagonal forms, and their singular values where the GPU finds them. `leave` is called when all is submitted. */
  async #reduce(batch: Batch, signal: AbortSignal, leave: () => void): Promise<Reduced[]> {
    const { device } = this.#gpu;
    const { count, columns } = batch;
    const reducedOf = (bidiagonal: ArrayBuffer, values: ArrayBuffer | null): Reduced[] =>
      Array.from({ length: count }, (_, slot) => ({
        bidiagonal: new Float32Array(bidiagonal, slot * 8 * columns, 2 * columns),
        values: values === null ? null : new Float32Array(values, slot * 4 * columns, columns),
      }));
    if (this.#twoStage !== null && columns > fewColumns) {
      return this.#twoStage.run(batch, signal, async (buffers) => {
        const reading = Promise.all([readBack(device, buffers.bidiagonal), readBack(device, buffers.values)]);
        leave();
        return reducedOf(...(await reading));
      });
    }
    const buffers = await createBuffers(device, { bidiagonal: 8 * columns * count });
    try {
      await bidiagonalise(device, this.#kernels, this.#submits, batch, buffers.bidiagonal, signal);
      const reading = readBack(device, buffers.bidiagonal);
      leave();
      return reducedOf(await reading, null);
    } finally {
      releaseBuffers(buffers);
    }
  }

  /** The kernels of two stages, the first of which streaming needs too. */
  #openTuned(): ReturnType<typeof openTuned> {
    this.#tuned ??= openTuned(this.#gpu, this.#tuningOption);
    return this.#tuned;
  }
}

/** What is known of the entries of each matrix of a batch, whose results take `bytes` each. */
async function readStatistics(
  device: GPUDevice,
  buffers: Readonly<Record<"counters" | "moments" | "columnNorms", GPUBuffer>>,
  count: number,
  bytes: Readonly<Record<"counters" | "moments" | "columnNorms", number>>,
  columns: number,
): Promise<Pick<Found, "counters" | "entries">[]> {
  const [counters, moments, norms] = await Promise.all([
    readBack(device, buffers.counters),
    readBack(device, buffers.moments),
    readBack(device, buffers.columnNorms),
  ]);
  const known: Pick<Found, "counters" | "entries">[] = [];
  for (let slot = 0; slot < count; slot++) {
    // A batch's statistics take longer than the GPU has work for.
    await setImmediate();
    const floats = (buffer: ArrayBuffer, each: number): Float32Array => new Float32Array(buffer, slot * each, each / 4);
    const entries = new EntryStatisticsBuilder(columns);
    entries.addRows(floats(moments, bytes.moments), floats(norms, bytes.columnNorms));
    known.push({ counters: new Uint32Array(counters, slot * bytes.counters, countersPerMatrix), entries });
  }
  return known;
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, group) =>
    items.slice(group * size, (group + 1) * size),
  );
}

function requireEqual(sources: readonly MatrixSource[]): void {
  const { rows, columns, dtype, quantised } = sources[0]!;
  const differs = (other: MatrixSource): boolean =>
    rows !== other.rows ||
    columns !== other.columns ||
    dtype !== other.dtype ||
    (quantised === undefined) !== (other.quantised === undefined);
  if (sources.some(differs)) throw new RangeError("the matrices of a batch differ in shape or dtype");
}

function requireFitting(products: readonly ProductSource[]): void {
  const sharedOf = ({ source, shared }: Factor): number => source[shared];
  for (const side of ["left", "right"] as const) {
    requireEqual(products.map((product) => product[side].source));
    if (products.some((product) => product[side].shared !== products[0]![side].shared)) {
      throw new RangeError("the products of a batch differ in the sides that their factors share");
    }
  }
  const [left, right] = [sharedOf(products[0]!.left), sharedOf(products[0]!.right)];
  if (left !== right) throw new RangeError(`the factors of a product share sides of ${left} and ${right}`);
}

function singularValuesOf({ bidiagonal, values }: Reduced): Float64Array {
  if (!bidiagonal.every(Number.isFinite)) {
    throw new Error(t("the graphics driver computed numbers that are not finite"));
  }
  if (values !== null) return Float64Array.from(values);
  const columns = bidiagonal.length / 2;
  return bidiagonalSingularValues(bidiagonal.subarray(0, columns), bidiagonal.subarray(columns));
}

/** As many rows of a tall matrix as hold `most` entries, evenly spaced; of a wide one as many columns, side by side. */
function spacedPart(source: MatrixSource, most: number): MatrixSource {
  const { rows, columns } = source;
  const fewer = Math.max(1, Math.floor(most / Math.min(rows, columns)));
  return rows >= columns
    ? partOfMatrix(source, { rows: Math.min(rows, fewer), step: Math.max(1, Math.floor(rows / fewer)) })
    : partOfMatrix(source, { columns: Math.min(columns, fewer) });
}

function transposed(entries: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(entries, (_, i) => entries[(i % rows) * columns + Math.floor(i / rows)]!);
}
