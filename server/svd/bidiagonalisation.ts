import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { PacedSubmits } from "../gpu/paced-submits.ts";
import { columnLanes, rowsPerWorkgroup, type Kernels } from "./kernels.ts";

/** Equal-shaped matrices on the GPU, rows ≥ columns, row-major, one after another in `matrices`. */
export interface Batch {
  readonly count: number;
  readonly rows: number;
  readonly columns: number;
  readonly matrices: GPUBuffer;
}

/**
 * Reduces every matrix of the batch to upper bidiagonal form by Householder reflections; the matrices are overwritten.
 * `bidiagonal` gets, matrix by matrix, `columns` diagonal entries and `columns` superdiagonal ones, the last of them 0.
 * The method is explained in shaders/bidiagonalise-columns.wgsl.
 */
export async function bidiagonalise(
  device: GPUDevice,
  kernels: Kernels,
  submits: PacedSubmits,
  batch: Batch,
  bidiagonal: GPUBuffer,
  signal: AbortSignal,
): Promise<void> {
  const { count, rows, columns, matrices } = batch;
  const workspace = await createBuffers(device, {
    tall: 4 * 3 * rows * count,
    wide: 4 * 2 * columns * count,
    reflection: 4 * 2 * count,
  });
  try {
    const { tall, wide, reflection } = workspace;
    const buffers = [matrices, tall, wide, bidiagonal, reflection].map((buffer) => ({ buffer }));
    const columnBuffers = bindBuffers(device, kernels.bidiagonaliseColumns, buffers);
    const rowBuffers = bindBuffers(device, kernels.bidiagonaliseRows, buffers);
    const halfColumns = (pass: GPUComputePassEncoder, k: number): void => {
      const tiles = Math.max(1, Math.ceil((columns - k - 1) / columnLanes));
      dispatch(pass, kernels.bidiagonaliseColumns, columnBuffers, [rows, columns, k], [tiles, 1, count]);
    };
    const halfRows = (pass: GPUComputePassEncoder, k: number): void => {
      const groups = Math.max(1, Math.ceil((rows - k - 1) / rowsPerWorkgroup));
      const across = Math.min(groups, 65535);
      const parameters = [rows, columns, k >>> 0];
      dispatch(pass, kernels.bidiagonaliseRows, rowBuffers, parameters, [across, Math.ceil(groups / across), count]);
    };
    await submits.run(
      columns,
      // Entries that the step reads, and a dispatch's own cost in entries.
      (k) => count * (rows - k) * (columns - k) + 10_000,
      (pass, k) => {
        if (k === 0) halfRows(pass, -1);
        halfColumns(pass, k);
        if (k + 1 < columns) halfRows(pass, k);
      },
      signal,
    );
  } finally {
    releaseBuffers(workspace);
  }
}
