/** The singular value engine: matrices in files go in, their singular values and entry statistics come out. */
import { setImmediate } from "node:timers/promises";
import { createBuffers, destroyAll, OutOfMemory } from "../gpu/buffers.ts";
import { openDevice, type Gpu } from "../gpu/device.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import { bidiagonalSingularValues } from "./bidiagonal.ts";
import { bidiagonalise, type Batch } from "./bidiagonalisation.ts";
import { countersPerMatrix, entryStatistics, gramRatioOf, momentsPerRow, scaleOf } from "./entry-statistics.ts";
import { columnLanes, compileKernels, type Kernels } from "./kernels.ts";
import { MatrixLoader, rawBytes, shapeOf, spanBytes, type Shape } from "./matrix-loader.ts";
import type { Factor, MatrixSource, Measurement, ProductSource } from "./measurement.ts";
import { numberFormat } from "./number-format.ts";
import { ProductEngine, type ProductOptions } from "./product-engine.ts";
import { TwoStage } from "./two-stage.ts";
import { chooseBlocks, compileTwoStageKernels } from "./two-stage-kernels.ts";
import { VectorEngine, type VectorOptions } from "./vector-engine.ts";

export interface Engine {
  readonly description: Gpu["description"];
  /** The largest matrix it takes, in bytes of fp32. */
  readonly maximumBytes: number;
  /**
   * Measures matrices of one shape and dtype; each is told of once, in any order, as `index` into `sources`. `shuffle`
   * is null in every measurement.
   * @throws the signal's reason soon after it is aborted; an Error if the device is lost.
   */
  measure(
    sources: readonly MatrixSource[],
    options: {
      readonly signal: AbortSignal;
      readonly onResult: (index: number, measurement: Measurement) => void;
      /** `message` is one sentence: why this matrix has no measurement. */
      readonly onUnsupported: (index: number, message: string) => void;
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
  /** Settles with the reason when the device is gone. */
  readonly lost: Promise<string>;
  close(): Promise<void>;
}

/**
 * How a matrix becomes bidiagonal: in one stage, each step of which reads all of it, or, unless it is small, in two, by
 * way of a band. Two are many times quicker on a GPU; on a processor that emulates one the first is quicker.
 */
export type Method = "one-stage" | "two-stage";

/**
 * Opens the adapter whose name contains `adapter`, or the fastest if that is empty. The method is chosen by the adapter
 * unless it is given.
 * @throws EngineUnavailable if there is none that will do.
 */
export async function openEngine({
  adapter,
  method,
}: {
  readonly adapter: string;
  readonly method?: Method;
}): Promise<Engine> {
  const gpu = await openDevice(adapter);
  const { device, description } = gpu;
  const chosen = method ?? (description.software ? "one-stage" : "two-stage");
  const [kernels, twoStage] = await Promise.all([
    compileKernels(device, description.software),
    chosen === "two-stage"
      ? compileTwoStageKernels(device, chooseBlocks(device.limits), description.software)
      : undefined,
  ]);
  return new GpuEngine(gpu, kernels, twoStage === undefined ? null : new TwoStage(device, twoStage));
}

/** Bytes of matrices that are computed together; on a processor a larger batch only leaves its caches. */
const batchBytes = { hardware: 1 << 30, software: 8 << 20 };
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
/** Rows that a workgroup of column-norms.wgsl adds up. */
const bandRows = 512;

type MeasureOptions = Parameters<Engine["measure"]>[1];

interface Indexed {
  readonly index: number;
  readonly source: MatrixSource;
}

interface Measured extends Indexed {
  readonly measurement: Measurement;
}

class GpuEngine implements Engine {
  readonly description: Gpu["description"];
  readonly maximumBytes: number;
  readonly lost: Promise<string>;
  readonly #gpu: Gpu;
  readonly #kernels: Kernels;
  readonly #loader: MatrixLoader;
  readonly #submits: PacedSubmits;
  /** Null: one stage. */
  readonly #twoStage: TwoStage | null;
  readonly #vectors: VectorEngine;
  readonly #products: ProductEngine;

  constructor(gpu: Gpu, kernels: Kernels, twoStage: TwoStage | null) {
    const { limits } = gpu.device;
    this.description = gpu.description;
    this.maximumBytes = Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize);
    this.lost = gpu.lost;
    this.#gpu = gpu;
    this.#kernels = kernels;
    this.#loader = new MatrixLoader(gpu.device, kernels);
    this.#submits = new PacedSubmits(gpu.device);
    this.#twoStage = twoStage;
    this.#vectors = new VectorEngine(gpu, this.#loader);
    this.#products = new ProductEngine(gpu, this.#loader, () => this.#vectors.open());
  }

  async measure(sources: readonly MatrixSource[], options: MeasureOptions): Promise<void> {
    const [first] = sources;
    if (first === undefined) return;
    requireEqual(sources);
    const reason = this.#unsupported(first);
    const allowed = Math.min(this.maximumBytes, batchBytes[this.description.software ? "software" : "hardware"]);
    let size = Math.max(1, Math.floor(allowed / storageBytes(shapeOf(first))));
    const waiting: Indexed[] = sources.map((source, index) => ({ source, index }));
    while (waiting.length > 0) {
      options.signal.throwIfAborted();
      if (reason !== null) {
        options.onUnsupported(waiting.shift()!.index, reason);
        continue;
      }
      try {
        const group = waiting.slice(0, size);
        const flat = await Promise.race([this.#measureGroup(group, options), this.#gpu.failed]);
        waiting.splice(0, size);
        for (const matrix of flat) await this.#refine(matrix, options);
      } catch (error) {
        if (!(error instanceof OutOfMemory)) throw error;
        if (size === 1) {
          const message = `It needs more memory than ${this.description.adapter} has free: ${error.message}.`;
          options.onUnsupported(waiting.shift()!.index, message);
        } else {
          size = Math.ceil(size / 2);
        }
      }
    }
  }

  async measureVectors(sources: readonly MatrixSource[], options: VectorOptions): Promise<void> {
    const [first] = sources;
    if (first === undefined) return;
    requireEqual(sources);
    const reason = this.#unsupported(first);
    if (reason === null) {
      await this.#vectors.measure(sources, options);
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
    const reason = this.#unsupported(first.left.source) ?? this.#unsupported(first.right.source);
    if (reason === null) {
      await this.#products.measure(products, options);
    } else {
      products.forEach((_, index) => {
        options.onUnsupported(index, reason);
      });
    }
  }

  async readEntries(source: MatrixSource, maximum: number): ReturnType<Engine["readEntries"]> {
    const reason = this.#unsupported(source);
    if (reason !== null) throw new Error(reason);
    const { device } = this.#gpu;
    const shape = shapeOf(source);
    const matrices = await createBuffers(device, {
      raw: rawBytes(source),
      matrices: 4 * shape.rows * shape.columns,
      counters: 4 * countersPerMatrix,
    });
    try {
      const unreadable = await this.#loader.load(source, 0, matrices, new AbortController().signal);
      if (unreadable !== null) throw new Error(unreadable);
      const rows = Math.min(shape.rows, Math.max(1, Math.floor(maximum / shape.columns)));
      const bytes = 4 * shape.columns;
      const ranges =
        rows === shape.rows
          ? [{ offset: 0, bytes: rows * bytes }]
          : Array.from({ length: rows }, (_, row) => ({
              offset: Math.floor((row * shape.rows) / rows) * bytes,
              bytes,
            }));
      const [counters, entries] = await Promise.race([
        Promise.all([readBack(device, matrices.counters), readBack(device, matrices.matrices, ranges)]),
        this.#gpu.failed,
      ]);
      const scaled = new Float32Array(entries);
      const scale = scaleOf(new Uint32Array(counters));
      // The scale is the power of two below the largest magnitude: fp32 holds it between its subnormals and 2^128.
      const unscaled = scale >= 2 ** -149 && scale <= 2 ** 127 ? scaled.map((entry) => entry * scale) : scaled;
      return shape.transposed
        ? { entries: transposed(unscaled, rows, shape.columns), rows: shape.columns, columns: rows }
        : { entries: unscaled, rows, columns: shape.columns };
    } finally {
      destroyAll(matrices);
    }
  }

  close(): Promise<void> {
    this.#gpu.close();
    return Promise.resolve();
  }

  /** Why a matrix cannot be measured at all, or null. */
  #unsupported(source: MatrixSource): string | null {
    const { rows, columns, dtype } = source;
    if (rows === 0 || columns === 0) return "It has no entries.";
    const format = numberFormat(dtype);
    if (format === null) return `Entries of dtype ${dtype} are not decoded.`;
    const bytes = spanBytes(source);
    if (source.end - source.begin !== bytes) {
      return `It has ${source.end - source.begin} bytes, but ${rows} × ${columns} entries of ${dtype} take ${bytes}.`;
    }
    const needed = storageBytes(shapeOf(source));
    if (needed > this.maximumBytes) {
      const megabytes = (value: number): string => `${Math.ceil(value / 2 ** 20)} MiB`;
      return `It needs ${megabytes(needed)} in one piece, and ${this.description.adapter} gives ${megabytes(this.maximumBytes)} at most.`;
    }
    return null;
  }

  /** Finds the singular values of a measured matrix again by Jacobi, which is exact where all of them are alike. */
  async #refine({ index, source, measurement }: Measured, { signal, onResult }: MeasureOptions): Promise<void> {
    let { singularValues } = measurement;
    await this.#vectors.measure([source], {
      signal,
      onResult: (_, statistics) => {
        singularValues = statistics.singularValues;
      },
      // What there is no memory for keeps the values that it has.
      onUnsupported: () => undefined,
    });
    onResult(index, { ...measurement, singularValues });
  }

  /** @returns those that were not told of, because their values are to be refined. */
  async #measureGroup(
    group: readonly Indexed[],
    { signal, onResult, onUnsupported }: MeasureOptions,
  ): Promise<Measured[]> {
    const { device } = this.#gpu;
    const { rows, columns, transposed } = shapeOf(group[0]!.source);
    const count = group.length;
    const bands = Math.ceil(rows / bandRows);
    // Of one matrix.
    const bytes = {
      matrices: 4 * rows * columns,
      counters: 4 * countersPerMatrix,
      moments: 4 * momentsPerRow * rows,
      columnNorms: 8 * bands * columns,
      bidiagonal: 8 * columns,
      values: 4 * columns,
    };
    const buffers = await createBuffers(device, {
      raw: rawBytes(group[0]!.source),
      matrices: bytes.matrices * count,
      counters: bytes.counters * count,
      moments: bytes.moments * count,
      columnNorms: bytes.columnNorms * count,
    });
    try {
      const unreadable = new Set<number>();
      for (const [slot, { index, source }] of group.entries()) {
        const message = await this.#loader.load(source, slot, buffers, signal);
        if (message === null) continue;
        unreadable.add(slot);
        onUnsupported(index, message);
      }
      if (unreadable.size === count) return [];
      const batch = { count, rows, columns, matrices: buffers.matrices };
      this.#encodeStatistics(batch, buffers.moments, buffers.columnNorms);
      const [reduced, counters, moments, columnNorms] = await Promise.all([
        this.#reduce(batch, signal),
        readBack(device, buffers.counters),
        readBack(device, buffers.moments),
        readBack(device, buffers.columnNorms),
      ]);
      const flat: Measured[] = [];
      for (const [slot, matrix] of group.entries()) {
        if (unreadable.has(slot)) continue;
        // Lets messages through: the values of a large matrix take a while.
        await setImmediate();
        signal.throwIfAborted();
        const part = <T>(create: (buffer: ArrayBuffer) => T, buffer: ArrayBuffer, each: number): T =>
          create(buffer.slice(slot * each, (slot + 1) * each));
        const asFloats = (buffer: ArrayBuffer): Float32Array => new Float32Array(buffer);
        const parts = {
          rows,
          columns,
          transposed,
          counters: part((buffer) => new Uint32Array(buffer), counters, bytes.counters),
          moments: part(asFloats, moments, bytes.moments),
          columnNorms: part(asFloats, columnNorms, bytes.columnNorms),
        };
        const bidiagonal = part(asFloats, reduced.bidiagonal, bytes.bidiagonal);
        const values = reduced.values === null ? null : part(asFloats, reduced.values, bytes.values);
        const singularValues =
          parts.counters[0] === 0
            ? singularValuesOf(bidiagonal.subarray(0, columns), bidiagonal.subarray(columns), values).map(
                (value) => value * scaleOf(parts.counters),
              )
            : new Float64Array();
        const gramRatio = singularValues.length > 0 ? gramRatioOf(singularValues) : null;
        const measurement = { entries: entryStatistics(parts, gramRatio), singularValues, shuffle: null };
        if (gramRatio !== null && columns > fewColumns && columns * gramRatio ** 2 < flattest) {
          flat.push({ ...matrix, measurement });
        } else {
          onResult(matrix.index, measurement);
        }
      }
      return flat;
    } finally {
      destroyAll(buffers);
    }
  }

  /** The bidiagonal forms, and their singular values where the GPU found them. */
  async #reduce(batch: Batch, signal: AbortSignal): Promise<{ bidiagonal: ArrayBuffer; values: ArrayBuffer | null }> {
    const { device } = this.#gpu;
    const { count, columns } = batch;
    if (this.#twoStage !== null && columns > fewColumns) {
      return this.#twoStage.run(batch, signal, async (buffers) => {
        const [bidiagonal, values] = await Promise.all([
          readBack(device, buffers.bidiagonal),
          readBack(device, buffers.values),
        ]);
        return { bidiagonal, values };
      });
    }
    const buffers = await createBuffers(device, { bidiagonal: 8 * columns * count });
    try {
      await bidiagonalise(device, this.#kernels, this.#submits, batch, buffers.bidiagonal, signal);
      return { bidiagonal: await readBack(device, buffers.bidiagonal), values: null };
    } finally {
      destroyAll(buffers);
    }
  }

  #encodeStatistics({ count, rows, columns, matrices }: Batch, moments: GPUBuffer, norms: GPUBuffer): void {
    const { device } = this.#gpu;
    const { rowMoments, columnNorms } = this.#kernels;
    const encoder = device.createCommandEncoder({ label: "statistics" });
    const pass = encoder.beginComputePass();
    const rowBuffers = bindBuffers(device, rowMoments, [{ buffer: matrices }, { buffer: moments }]);
    dispatch(pass, rowMoments, rowBuffers, [rows, columns], [Math.min(rows, 65535), 1, count]);
    const columnBuffers = bindBuffers(device, columnNorms, [{ buffer: matrices }, { buffer: norms }]);
    const groups = [Math.ceil(columns / columnLanes), Math.ceil(rows / bandRows), count] as const;
    dispatch(pass, columnNorms, columnBuffers, [rows, columns, bandRows], groups);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}

function requireEqual(sources: readonly MatrixSource[]): void {
  const { rows, columns, dtype } = sources[0]!;
  const differs = (other: MatrixSource): boolean =>
    rows !== other.rows || columns !== other.columns || dtype !== other.dtype;
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

/** Bytes of a matrix's largest buffer, which has to fit one binding. */
function storageBytes({ rows, columns }: Shape): number {
  return 4 * rows * Math.max(columns, momentsPerRow);
}

/** @param values what the GPU found of the bidiagonal matrix, null if that is still to be done. */
function singularValuesOf(
  diagonal: Float32Array,
  superdiagonal: Float32Array,
  values: Float32Array | null,
): Float64Array {
  if (!diagonal.every(Number.isFinite) || !superdiagonal.every(Number.isFinite)) {
    throw new Error("the graphics driver computed numbers that are not finite");
  }
  return values === null ? bidiagonalSingularValues(diagonal, superdiagonal) : Float64Array.from(values);
}

function transposed(entries: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(entries, (_, i) => entries[(i % rows) * columns + Math.floor(i / rows)]!);
}
