import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import type { Batch } from "./bidiagonalisation.ts";
import { bidiagonalBytes, bisectValues } from "./bisection.ts";
import { bandBytes, chaseBulges } from "./bulge-chasing.ts";
import { cornersOf, delayedBytes, reduceDelayed } from "./delayed-reduction.ts";
import { isTall, reduceToTriangle, tallBytes } from "./tall-qr.ts";
import type { Blocks, TwoStageKernels } from "./two-stage-kernels.ts";

/** What a matrix's reduction gives: fp32 on the GPU, matrix by matrix. */
export interface Reduced {
  /** `columns` diagonal entries and `columns` superdiagonal ones, the last of them 0. */
  readonly bidiagonal: GPUBuffer;
  /** `columns` singular values, descending. */
  readonly values: GPUBuffer;
}

/** The buffers of a batch, those of a QR factorisation apart. */
function reductionBytes(
  blocks: Blocks,
  { count, rows, columns }: Omit<Batch, "matrices">,
  tall: boolean,
): Record<ReductionBuffer, number> {
  return {
    corners: 4 * count * cornersOf(columns, blocks.band) * blocks.band ** 2,
    ...delayedBytes(blocks, count, tall ? columns : rows),
    band: bandBytes(blocks, count, columns),
    ...bidiagonalBytes(count, columns),
  };
}

type ReductionBuffer =
  "corners" | "band" | keyof ReturnType<typeof delayedBytes> | keyof ReturnType<typeof bidiagonalBytes>;

/** Singular values in two stages: dense → band → bidiagonal → values, all on the GPU. docs/svd.md explains them. */
export class TwoStage {
  readonly #device: GPUDevice;
  readonly #kernels: TwoStageKernels;
  /** One a stage, because each counts its work in its own unit. Short, so that the GPU begins at once. */
  readonly #submits: readonly [qr: PacedSubmits, band: PacedSubmits, bulges: PacedSubmits, values: PacedSubmits];

  constructor(device: GPUDevice, kernels: TwoStageKernels) {
    this.#device = device;
    this.#kernels = kernels;
    const paced = (): PacedSubmits => new PacedSubmits(device, 5);
    this.#submits = [paced(), paced(), paced(), paced()];
  }

  /**
   * Finds the values of the batch, whose matrices are overwritten, and lets `use` read them before the buffers go.
   * @param tall whether a QR factorisation comes first: as the shape has it, unless both ways are to be tried
   * @throws OutOfMemory; the signal's reason.
   */
  async run<Result>(
    batch: Batch,
    signal: AbortSignal,
    use: (reduced: Reduced) => Promise<Result>,
    tall = isTall(batch.rows, batch.columns),
  ): Promise<Result> {
    const { count, rows, columns } = batch;
    const [, bandSubmits, bulgeSubmits, valueSubmits] = this.#submits;
    const square = tall ? { ...batch, rows: columns } : batch;
    const buffers = await createBuffers(this.#device, reductionBytes(this.#kernels.blocks, batch, tall));
    try {
      if (tall) await this.#factor(batch, signal);
      await reduceDelayed(this.#device, this.#kernels, bandSubmits, square, rows * columns, buffers, signal);
      await chaseBulges(this.#device, this.#kernels, bulgeSubmits, count, columns, buffers, signal);
      await bisectValues(this.#device, this.#kernels, valueSubmits, count, columns, buffers, signal);
      return await use(buffers);
    } finally {
      releaseBuffers(buffers);
    }
  }

  /** Bytes of the largest buffer that {@link TwoStage.run} takes for each matrix of a batch. */
  largestBytes(rows: number, columns: number): number {
    const { blocks } = this.#kernels;
    const first = isTall(rows, columns);
    const own = first ? tallBytes(1, rows, columns) : {};
    return Math.max(...Object.values({ ...reductionBytes(blocks, { count: 1, rows, columns }, first), ...own }));
  }

  async #factor(batch: Batch, signal: AbortSignal): Promise<void> {
    const { count, rows, columns } = batch;
    const { tall } = this.#kernels;
    const buffers = await createBuffers(this.#device, tallBytes(count, rows, columns));
    try {
      await reduceToTriangle(this.#device, tall, this.#submits[0], batch, buffers, signal);
    } finally {
      releaseBuffers(buffers);
    }
  }
}
