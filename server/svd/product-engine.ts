/** Singular values of products of matrices in files, without forming the product where its factors are thin. */
import { t } from "../text/l10n.ts";
import { createBuffers, releaseBuffers, OutOfMemory } from "../gpu/buffers.ts";
import type { Gpu } from "../gpu/device.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { readBack } from "../gpu/readback.ts";
import { jacobiBytes } from "./block-jacobi.ts";
import { countersPerMatrix, scaleOf } from "./entry-statistics.ts";
import { multiply } from "./matrix-product.ts";
import type { MatrixLoader } from "./matrix-loader.ts";
import type { Factor, ProductMeasurement, ProductSource } from "./measurement.ts";
import type { OpenedVectors } from "./vector-engine.ts";

/** Bytes of what is computed together, everything counted. */
const batchBytes = { hardware: 2 ** 30, software: 2 ** 25 };

export interface ProductOptions {
  readonly signal: AbortSignal;
  readonly onResult: (index: number, measurement: ProductMeasurement) => void;
  /** `message` is one sentence: why the values of this product are not known. */
  readonly onUnsupported: (index: number, message: string) => void;
}

interface Indexed {
  readonly index: number;
  readonly product: ProductSource;
}

/** How a factor lies on the GPU: its smaller side down. */
interface Lying {
  readonly shared: number;
  readonly free: number;
  /** The shared side lies down: it is the smaller one, or the matrix is square. */
  readonly sharedDown: boolean;
}

export class ProductEngine {
  readonly #gpu: Gpu;
  readonly #loader: MatrixLoader;
  readonly #open: () => Promise<OpenedVectors>;

  constructor(gpu: Gpu, loader: MatrixLoader, open: () => Promise<OpenedVectors>) {
    this.#gpu = gpu;
    this.#loader = loader;
    this.#open = open;
  }

  /** As Engine.measureProducts, of factors that are known to be decodable, all left ones alike and all right ones. */
  async measure(products: readonly ProductSource[], options: ProductOptions): Promise<void> {
    const [first] = products;
    if (first === undefined) return;
    const { device, description } = this.#gpu;
    const opened = await this.#open();
    const { total, each } = this.#bytes(first, opened);
    const binding = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
    const allowed = batchBytes[description.software ? "software" : "hardware"];
    let size = Math.max(1, Math.floor(Math.min(allowed / total, binding / each)));
    const waiting: Indexed[] = products.map((product, index) => ({ product, index }));
    while (waiting.length > 0) {
      options.signal.throwIfAborted();
      if (each > binding) {
        const message = t(
          "The product needs {0} MiB in one piece, and {1} gives {2} MiB at most.",
          Math.ceil(each / 2 ** 20),
          description.adapter,
          Math.ceil(binding / 2 ** 20),
        );
        options.onUnsupported(waiting.shift()!.index, message);
        continue;
      }
      try {
        await this.#gpu.failure.race(this.#measureGroup(waiting.slice(0, size), opened, options));
        waiting.splice(0, size);
      } catch (error) {
        if (!(error instanceof OutOfMemory)) throw error;
        if (size === 1) {
          const message = t(
            "The product needs more memory than {0} has free: {1}.",
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

  /** Bytes of one product: of all buffers, and of the largest. */
  #bytes({ left, right }: ProductSource, { kernels, lq }: OpenedVectors): { total: number; each: number } {
    const { rows, length } = coreOf(lyingOf(left), lyingOf(right), lq.mostRows);
    const sizes = [left, right].map(({ source }) => 4 * source.rows * source.columns);
    const parts = [...sizes, ...Object.values(jacobiBytes(rows, length, kernels.side))];
    return { total: parts.reduce((sum, bytes) => sum + bytes, 0), each: Math.max(...parts) };
  }

  async #measureGroup(
    group: readonly Indexed[],
    { kernels, jacobi, lq }: OpenedVectors,
    { signal, onResult, onUnsupported }: ProductOptions,
  ): Promise<void> {
    const { device } = this.#gpu;
    const count = group.length;
    const [left, right] = [lyingOf(group[0]!.product.left), lyingOf(group[0]!.product.right)];
    const { rows, length, thin } = coreOf(left, right, lq.mostRows);
    const jacobiSizes = Object.entries(jacobiBytes(rows, length, kernels.side));
    const sizes = Object.fromEntries(jacobiSizes.map(([name, each]) => [name, each * count])) as ReturnType<
      typeof jacobiBytes
    >;
    const { source: leftSource } = group[0]!.product.left;
    const { source: rightSource } = group[0]!.product.right;
    const buffers = await createBuffers(device, {
      ...sizes,
      left: 4 * leftSource.rows * leftSource.columns * count,
      right: 4 * rightSource.rows * rightSource.columns * count,
      leftCounters: 4 * countersPerMatrix * count,
      rightCounters: 4 * countersPerMatrix * count,
      lengths: 4 * rows * count,
    });
    try {
      const unreadable = new Set<number>();
      for (const side of ["left", "right"] as const) {
        const sources = group.map(({ product }) => product[side].source);
        const { [side]: matrices, [`${side}Counters` as const]: counters } = buffers;
        for (const [slot, message] of await this.#loader.load(sources, { matrices, counters }, signal, "across")) {
          if (!unreadable.has(slot)) onUnsupported(group[slot]!.index, message);
          unreadable.add(slot);
        }
      }
      if (unreadable.size === count) return;
      if (thin) {
        // Left is L₁Q₁ transposed and right is L₂Q₂, so that their product has the values of L₁ᵀL₂.
        const { spare: first, square: second, matrices: c } = buffers;
        await lq.run({ count, rows, length: left.free }, buffers.left, first, signal);
        await lq.run({ count, rows, length: right.free }, buffers.right, second, signal);
        const shape = { rows, columns: rows, depth: rows, count };
        signal.throwIfAborted();
        multiply(device, kernels.multiply, { a: first, transposedA: true, b: second, c, ...shape });
      } else {
        // The shared side may lie either way.
        const swapped = left.free > right.free;
        const [from, to] = swapped ? [right, left] : [left, right];
        signal.throwIfAborted();
        multiply(device, kernels.multiply, {
          a: swapped ? buffers.right : buffers.left,
          transposedA: from.sharedDown,
          b: swapped ? buffers.left : buffers.right,
          transposedB: !to.sharedDown,
          c: buffers.matrices,
          rows,
          columns: length,
          depth: left.shared,
          count,
        });
      }
      await jacobi.run({ count, rows, length }, buffers, signal);
      signal.throwIfAborted();
      this.#encodeLengths(buffers.turned, buffers.lengths, { count, rows, length }, kernels.rowLengths);
      const [leftCounters, rightCounters, lengths] = await Promise.all([
        readBack(device, buffers.leftCounters),
        readBack(device, buffers.rightCounters),
        readBack(device, buffers.lengths),
      ]);
      for (const [slot, { index }] of group.entries()) {
        if (unreadable.has(slot)) continue;
        const counters = [leftCounters, rightCounters].map(
          (each) => new Uint32Array(each, 4 * countersPerMatrix * slot, countersPerMatrix),
        );
        const finite = counters.every(([nonFinite]) => nonFinite === 0);
        const [leftScale, rightScale] = [scaleOf(counters[0]!), scaleOf(counters[1]!)];
        const values = Float64Array.from(new Float32Array(lengths, 4 * rows * slot, rows))
          .sort()
          .reverse();
        onResult(index, {
          singularValues: finite
            ? values.slice(0, left.shared).map((value) => value * leftScale * rightScale)
            : new Float64Array(),
        });
      }
    } finally {
      releaseBuffers(buffers);
    }
  }

  #encodeLengths(
    matrices: GPUBuffer,
    lengths: GPUBuffer,
    { count, rows, length }: { readonly count: number; readonly rows: number; readonly length: number },
    kernel: OpenedVectors["kernels"]["rowLengths"],
  ): void {
    const { device } = this.#gpu;
    const encoder = device.createCommandEncoder({ label: "lengths" });
    const pass = encoder.beginComputePass();
    const buffers = bindBuffers(device, kernel, [{ buffer: matrices }, { buffer: lengths }]);
    dispatch(pass, kernel, buffers, [rows, length], [rows, 1, count]);
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}

function lyingOf({ source: { rows, columns }, shared }: Factor): Lying {
  const [own, free] = shared === "rows" ? [rows, columns] : [columns, rows];
  // A square matrix lies as its file has it.
  return { shared: own, free, sharedDown: own < free || (own === free && shared === "rows") };
}

/**
 * The matrix whose values are found: of thin factors, whose shared side is the smallest, a small core; else the product
 * itself, its smaller side down.
 */
function coreOf(
  left: Lying,
  right: Lying,
  mostRows: number,
): { readonly rows: number; readonly length: number; readonly thin: boolean } {
  const thin = left.sharedDown && right.sharedDown && left.shared <= mostRows;
  return thin
    ? { rows: left.shared, length: left.shared, thin }
    : { rows: Math.min(left.free, right.free), length: Math.max(left.free, right.free), thin };
}
