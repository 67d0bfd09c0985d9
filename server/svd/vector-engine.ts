/** Singular vectors of matrices in files; they stay on the GPU, and a statistic of each comes back. */
import { t } from "../text/l10n.ts";
import { createBuffers, releaseBuffers, OutOfMemory } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import { BlockJacobi, jacobiBytes } from "./block-jacobi.ts";
import { countersPerMatrix, scaleOf } from "./entry-statistics.ts";
import { shapeOf, type MatrixLoader } from "./matrix-loader.ts";
import type { MatrixSource, VectorStatistics } from "./measurement.ts";
import { compileVectorKernels, type VectorKernels } from "./vector-kernels.ts";
import { WideLq } from "./wide-lq.ts";

/** Bytes of what is computed together, everything counted. */
const batchBytes = { hardware: 2 ** 32, software: 2 ** 25 };
/** Below this part of the largest singular value a vector is what rounding left. */
const negligible = 1e-6;
/** What shaders/kolmogorov-smirnov.wgsl tells of a vector: norm, D, max |v| and Σ v⁴ at length 1. */
const statisticsPerRow = 4;
/** Vectors of a dispatch that sorts them. */
const rowsAtOnce = 256;

export interface VectorOptions {
  readonly signal: AbortSignal;
  readonly onResult: (index: number, statistics: VectorStatistics) => void;
  /** `message` is one sentence: why the vectors of this matrix are not known. */
  readonly onUnsupported: (index: number, message: string) => void;
}

/** What is compiled when it is first needed. */
export interface OpenedVectors {
  readonly kernels: VectorKernels;
  readonly jacobi: BlockJacobi;
  readonly lq: WideLq;
}

interface Indexed {
  readonly index: number;
  readonly source: MatrixSource;
}

export class VectorEngine {
  readonly #gpu: Gpu;
  readonly #loader: MatrixLoader;
  readonly #submits: PacedSubmits;
  #opened: Promise<OpenedVectors> | null = null;

  constructor(gpu: Gpu, loader: MatrixLoader) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#submits = new PacedSubmits(gpu.device);
  }

  open(): Promise<OpenedVectors> {
    const { device, target } = this.#gpu;
    this.#opened ??= compileVectorKernels(device, target).then((kernels) => ({
      kernels,
      jacobi: new BlockJacobi(device, kernels),
      lq: new WideLq(device, target),
    }));
    return this.#opened;
  }

  /** As Engine.measureVectors, of matrices that are known to be decodable and of one shape and dtype. */
  async measure(sources: readonly MatrixSource[], options: VectorOptions): Promise<void> {
    const { device, description } = this.#gpu;
    const { kernels, jacobi } = await this.open();
    const waiting: Indexed[] = sources.map((source, index) => ({ source, index }));
    const [first] = sources;
    if (first === undefined) return;
    const { rows: length, columns: rows } = shapeOf(first);
    const total = Object.values(jacobiBytes(rows, length, kernels.side)).reduce((sum, bytes) => sum + bytes, 0);
    const binding = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
    const each = Math.max(4 * rows * length, ...Object.values(jacobiBytes(rows, length, kernels.side)));
    const allowed = batchBytes[description.software ? "software" : "hardware"];
    let size = Math.max(1, Math.floor(Math.min(allowed / total, binding / each)));
    while (waiting.length > 0) {
      options.signal.throwIfAborted();
      try {
        await this.#gpu.failure.race(this.#measureGroup(waiting.slice(0, size), kernels, jacobi, options));
        waiting.splice(0, size);
      } catch (error) {
        if (!(error instanceof OutOfMemory)) throw error;
        if (size === 1) {
          const message = t(
            "Its singular vectors need more memory than {0} has free: {1}.",
            description.adapter,
            error.message,
          );
          options.onUnsupported(waiting.shift()!.index, message);
        } else {
          size = Math.ceil(size / 2);
        }
      }
    }
  }

  async #measureGroup(
    group: readonly Indexed[],
    kernels: VectorKernels,
    jacobi: BlockJacobi,
    { signal, onResult, onUnsupported }: VectorOptions,
  ): Promise<void> {
    const { device } = this.#gpu;
    const count = group.length;
    // Of the shape with the larger side down: here it lies across.
    const { rows: length, columns: rows, transposed } = shapeOf(group[0]!.source);
    const bytes = jacobiBytes(rows, length, kernels.side);
    const sizes = Object.fromEntries(Object.entries(bytes).map(([name, each]) => [name, each * count])) as typeof bytes;
    const buffers = await createBuffers(device, {
      ...sizes,
      counters: 4 * countersPerMatrix * count,
      longStatistics: 4 * statisticsPerRow * rows * count,
      shortStatistics: 4 * statisticsPerRow * rows * count,
    });
    try {
      const sources = group.map(({ source }) => source);
      const unreadable = await this.#loader.load(sources, buffers, signal, "across");
      for (const [slot, message] of unreadable) onUnsupported(group[slot]!.index, message);
      if (unreadable.size === count) return;
      await jacobi.run({ count, rows, length }, buffers, signal);
      await this.#encodeStatistics(kernels, buffers.turned, buffers.longStatistics, { count, rows, length }, signal);
      await this.#encodeStatistics(
        kernels,
        buffers.basis,
        buffers.shortStatistics,
        { count, rows, length: rows },
        signal,
      );
      const [counters, long, short] = await Promise.all([
        readBack(device, buffers.counters),
        readBack(device, buffers.longStatistics),
        readBack(device, buffers.shortStatistics),
      ]);
      for (const [slot, { index }] of group.entries()) {
        if (unreadable.has(slot)) continue;
        const own = new Uint32Array(counters, 4 * countersPerMatrix * slot, countersPerMatrix);
        const part = (buffer: ArrayBuffer): Float32Array =>
          new Float32Array(buffer, 4 * statisticsPerRow * rows * slot, statisticsPerRow * rows);
        const [ofLong, ofShort] = [part(long), part(short)];
        const norm = (row: number): number => ofLong[statisticsPerRow * row]!;
        const order = Array.from({ length: rows }, (_, row) => row).sort((a, b) => norm(b) - norm(a));
        const singularValues = new Float64Array(order.map(norm));
        // Vectors of what is not rounding.
        const known = own[0] === 0 ? singularValues.findIndex((value) => value <= negligible * singularValues[0]!) : 0;
        const column = (statistics: Float32Array, place: number, factor = 1): Float64Array => {
          const values = new Float64Array(rows).fill(NaN);
          for (let i = 0; i < (known < 0 ? rows : known); i++) {
            values[i] = factor * statistics[statisticsPerRow * order[i]! + place]!;
          }
          return values;
        };
        const side = (statistics: Float32Array, n: number) => ({
          distances: column(statistics, 1, Math.sqrt(n)),
          localisation: { largest: column(statistics, 2), inverseParticipation: column(statistics, 3) },
        });
        const [alongRows, alongColumns] = [side(ofShort, rows), side(ofLong, length)];
        // A wide matrix has its rows here as rows, so that the short vectors are the left ones.
        const [left, right] = transposed ? [alongRows, alongColumns] : [alongColumns, alongRows];
        onResult(index, {
          singularValues: singularValues.map((value) => value * scaleOf(own)),
          left: left.distances,
          right: right.distances,
          localisation: { left: left.localisation, right: right.localisation },
        });
      }
    } finally {
      releaseBuffers(buffers);
    }
  }

  /** The statistics of every row of `vectors`, which may be sorted by it. */
  async #encodeStatistics(
    kernels: VectorKernels,
    vectors: GPUBuffer,
    statistics: GPUBuffer,
    { count, rows, length }: { readonly count: number; readonly rows: number; readonly length: number },
    signal: AbortSignal,
  ): Promise<void> {
    const kernel = await kernels.kolmogorovSmirnov(length);
    const buffers = bindBuffers(this.#gpu.device, kernel, [{ buffer: vectors }, { buffer: statistics }]);
    await this.#submits.run(
      Math.ceil(rows / rowsAtOnce),
      () => count * rowsAtOnce * length * Math.log2(length + 1) ** 2,
      (pass, step) => {
        const first = step * rowsAtOnce;
        const groups = [Math.min(rowsAtOnce, rows - first), 1, count] as const;
        dispatch(pass, kernel, buffers, [rows, length, first], groups);
      },
      signal,
    );
  }
}
