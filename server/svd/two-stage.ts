import { createBuffers, destroyAll } from "../gpu/buffers.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { panelBytes, reduceToBand } from "./band-reduction.ts";
import type { Batch } from "./bidiagonalisation.ts";
import { bidiagonalBytes, bisectValues } from "./bisection.ts";
import { bandBytes, chaseBulges } from "./bulge-chasing.ts";
import type { TwoStageKernels } from "./two-stage-kernels.ts";

/** What a matrix's reduction gives: fp32 on the GPU, matrix by matrix. */
export interface Reduced {
  /** `columns` diagonal entries and `columns` superdiagonal ones, the last of them 0. */
  readonly bidiagonal: GPUBuffer;
  /** `columns` singular values, descending. */
  readonly values: GPUBuffer;
}

/** Singular values in two stages: dense → band → bidiagonal → values, all on the GPU. docs/svd.md explains them. */
export class TwoStage {
  readonly #device: GPUDevice;
  readonly #kernels: TwoStageKernels;
  /** One a stage, because each counts its work in its own unit. Short, so that the GPU begins at once. */
  readonly #submits: readonly [band: PacedSubmits, bulges: PacedSubmits, values: PacedSubmits];

  constructor(device: GPUDevice, kernels: TwoStageKernels) {
    this.#device = device;
    this.#kernels = kernels;
    const paced = (): PacedSubmits => new PacedSubmits(device, 5);
    this.#submits = [paced(), paced(), paced()];
  }

  /**
   * Finds the values of the batch, whose matrices are overwritten, and lets `use` read them before the buffers go.
   * @throws OutOfMemory; the signal's reason.
   */
  async run<Result>(batch: Batch, signal: AbortSignal, use: (reduced: Reduced) => Promise<Result>): Promise<Result> {
    const { count, rows, columns } = batch;
    const [bandSubmits, bulgeSubmits, valueSubmits] = this.#submits;
    const buffers = await createBuffers(this.#device, this.#sizes(count, rows, columns));
    try {
      await reduceToBand(this.#device, this.#kernels, bandSubmits, batch, buffers, signal);
      await chaseBulges(this.#device, this.#kernels, bulgeSubmits, count, columns, buffers, signal);
      await bisectValues(this.#device, this.#kernels, valueSubmits, count, columns, buffers, signal);
      return await use(buffers);
    } finally {
      destroyAll(buffers);
    }
  }

  #sizes(count: number, rows: number, columns: number) {
    const { blocks } = this.#kernels;
    return {
      ...panelBytes(blocks, count, rows, columns),
      band: bandBytes(blocks, count, columns),
      ...bidiagonalBytes(count, columns),
    };
  }
}
