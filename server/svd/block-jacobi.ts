/** Singular vectors by one-sided block Jacobi (Hestenes 1958; Bischof 1989), for a batch of equal-shaped matrices. */
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import { multiply, type MatrixProduct } from "./matrix-product.ts";
import { turnColumns, type VectorKernels } from "./vector-kernels.ts";

/** Equal-shaped matrices on the GPU, rows ≤ length, row-major, one after another. */
export interface WideBatch {
  readonly count: number;
  readonly rows: number;
  readonly length: number;
}

/**
 * Buffers of a batch. `matrices` holds W; afterwards `turned` holds S·Vᵀ, rows × length, and `basis` Uᵀ, rows × rows, where
 * W = U·S·Vᵀ: row i of `turned` has the length sᵢ. The rows are in no order.
 */
export interface JacobiBuffers {
  readonly matrices: GPUBuffer;
  readonly turned: GPUBuffer;
  readonly basis: GPUBuffer;
  /** rows × rows each. */
  readonly square: GPUBuffer;
  readonly spare: GPUBuffer;
  readonly grams: GPUBuffer;
  readonly diagonals: GPUBuffer;
  readonly rotations: GPUBuffer;
  readonly turnedFlags: GPUBuffer;
  readonly progress: GPUBuffer;
}

/**
 * When sweeps end: after one that met no cosine above `enough`. Convergence is quadratic, and the stand-in leaves the rest
 * to the matrix, whose last sweep leaves rounding alone, also where singular values lie close together.
 */
const enough = { standIn: 3e-3, matrix: 3e-6 };
/** Rows from which on a sweep costs more than looking whether it is needed. */
const large = 512;
/** Sweeps converge in six to ten; more only go on turning rows that are rounding noise. */
const mostSweeps = 24;
/** Columns that cholesky-panel.wgsl factors at a time. */
const panelWidth = 32;
/** Columns of a partial Gram matrix: multiples of what gram-pairs.wgsl takes at a time. */
const columnsAtOnce = 64;
const fewestColumns = 128;
/** Pairs that keep a GPU busy with few parts. */
const plenty = 64;
const mostColumns = 1024;

interface Plan {
  readonly blocks: number;
  readonly pairs: number;
  readonly chunks: number;
  /** Columns of a chunk. */
  readonly chunk: number;
}

function planOf(rows: number, length: number, side: number): Plan {
  const half = Math.ceil(rows / side);
  const blocks = Math.max(2, 2 * half);
  // Workgroups enough, few parts to add up.
  const parts = blocks < 2 * plenty ? 8 : 4;
  const even = columnsAtOnce * Math.ceil(length / parts / columnsAtOnce);
  const chunk = Math.min(mostColumns, Math.max(fewestColumns, even));
  return { blocks, pairs: blocks / 2, chunks: Math.ceil(length / chunk), chunk };
}

/** Bytes of every buffer for one matrix. */
export function jacobiBytes(rows: number, length: number, side: number): Readonly<Record<keyof JacobiBuffers, number>> {
  const { pairs, chunks } = planOf(rows, length, side);
  return {
    matrices: 4 * rows * length,
    turned: 4 * rows * length,
    basis: 4 * rows * rows,
    square: 4 * rows * rows,
    spare: 4 * rows * rows,
    grams: 4 * pairs * chunks * side * side,
    diagonals: 4 * pairs * 2 * (side / 2) ** 2,
    rotations: 4 * pairs * side * side,
    turnedFlags: 4 * pairs,
    progress: 8 * mostSweeps,
  };
}

/**
 * Computes singular vectors. The rows are turned until they are orthogonal: first those of a small stand-in, Cᵀ of the
 * Cholesky factorisation W·Wᵀ = C·Cᵀ, which needs most of the sweeps but no precision and gives a basis; then, with the
 * basis made orthonormal, those of basis·W, which needs few and has the accuracy of those alone. (Drmač and Veselić 2008
 * do the same with a QR factorisation: the rows of Cᵀ are nearer to orthogonal than those of W.)
 */
export class BlockJacobi {
  readonly #device: GPUDevice;
  readonly #kernels: VectorKernels;
  /** Each with a unit of work of its own. */
  readonly #factorSubmits: PacedSubmits;
  readonly #sweepSubmits: PacedSubmits;

  constructor(device: GPUDevice, kernels: VectorKernels) {
    this.#device = device;
    this.#kernels = kernels;
    this.#factorSubmits = new PacedSubmits(device);
    this.#sweepSubmits = new PacedSubmits(device);
  }

  /** @returns the sweeps of both stages, and the largest cosine of the last. */
  async run(
    batch: WideBatch,
    buffers: JacobiBuffers,
    signal: AbortSignal,
  ): Promise<{ readonly sweeps: readonly [number, number]; readonly cosine: number }> {
    const { count, rows, length } = batch;
    const { matrices, square, spare, turned, basis } = buffers;
    signal.throwIfAborted();
    this.#multiply({
      a: matrices,
      b: matrices,
      transposedB: true,
      lower: true,
      c: square,
      rows,
      columns: rows,
      depth: length,
      count,
    });
    await this.#factor(batch, square, spare, signal);
    const first = await this.#sweeps({ count, rows, length: rows }, spare, null, buffers, signal);
    signal.throwIfAborted();
    this.#normalise(batch, spare, basis);
    this.#orthonormalise(batch, buffers);
    this.#multiply({ a: basis, b: matrices, c: turned, rows, columns: length, depth: rows, count });
    const second = await this.#sweeps(batch, turned, basis, buffers, signal);
    return { sweeps: [first.sweeps, second.sweeps], cosine: second.cosine };
  }

  async #sweeps(
    { count, rows, length }: WideBatch,
    turned: GPUBuffer,
    basis: GPUBuffer | null,
    buffers: JacobiBuffers,
    signal: AbortSignal,
  ): Promise<{ sweeps: number; cosine: number }> {
    const { rotatePairs, side } = this.#kernels;
    const { gramPairs, gramCrossedPairs, turnPairs } = await this.#kernels.rowKernels(length);
    const { turnPairs: turnBasis } = await this.#kernels.rowKernels(rows);
    const { blocks, pairs, chunks, chunk } = planOf(rows, length, side);
    const bind = (kernel: typeof gramPairs, parts: readonly GPUBuffer[]): GPUBindGroup =>
      bindBuffers(
        this.#device,
        kernel,
        parts.map((buffer) => ({ buffer })),
      );
    const { grams, diagonals, rotations, turnedFlags, progress } = buffers;
    const gramBuffers = bind(gramPairs, [turned, grams]);
    const crossedBuffers = bind(gramCrossedPairs, [turned, grams]);
    const rotateBuffers = bind(rotatePairs, [grams, rotations, turnedFlags, progress, diagonals]);
    const turnBuffers = bind(turnPairs, [turned, rotations, turnedFlags]);
    const basisBuffers = basis === null ? null : bind(turnBasis, [basis, rotations, turnedFlags]);
    this.#clear(progress);
    const rounds = blocks - 1;
    const limit = basis === null ? enough.standIn : enough.matrix;
    // Looking whether it is enough costs a small matrix more than a sweep; this many are nearly always needed.
    const sweepsAtLeast = basis === null ? Math.ceil(Math.log2(rows)) + (rows < large ? 1 : 0) : 1;
    for (let done = 0, next = sweepsAtLeast; ; next = 1) {
      await this.#sweepSubmits.run(
        next * rounds,
        // Entries that are read, and the cost of the rotations in entries.
        () => count * pairs * (2 * side * (length + rows) + 64 * side * side),
        (pass, step) => {
          const sweep = done + Math.floor(step / rounds);
          const round = step % rounds;
          // Within a block the inner products are what the rotations made of them, from the second round on.
          const crossed = round > 0;
          const [gram, bound] = crossed ? [gramCrossedPairs, crossedBuffers] : [gramPairs, gramBuffers];
          dispatch(pass, gram, bound, [rows, length, round, blocks, chunk], [pairs, chunks, count]);
          const rotation = [chunks, sweep, mostSweeps, round, blocks, crossed ? 1 : 0];
          dispatch(pass, rotatePairs, rotateBuffers, rotation, [pairs, 1, count]);
          const tiles = Math.ceil(length / turnColumns);
          dispatch(pass, turnPairs, turnBuffers, [rows, length, round, blocks], [tiles, pairs, count]);
          if (basisBuffers === null) return;
          const basisTiles = Math.ceil(rows / turnColumns);
          dispatch(pass, turnBasis, basisBuffers, [rows, rows, round, blocks], [basisTiles, pairs, count]);
        },
        signal,
      );
      done += next;
      const met = new Float32Array(await readBack(this.#device, progress));
      let cosine = 0;
      for (let i = 0; i < count; i++) cosine = Math.max(cosine, met[2 * (i * mostSweeps + done - 1)]!);
      if (cosine <= limit || done === mostSweeps) return { sweeps: done, cosine };
    }
  }

  /** Cᵀ of C·Cᵀ = `gram`, which is used up. */
  async #factor({ count, rows }: WideBatch, gram: GPUBuffer, factor: GPUBuffer, signal: AbortSignal): Promise<void> {
    const { choleskyPanel, choleskyUpdate } = this.#kernels;
    const panelBuffers = bindBuffers(this.#device, choleskyPanel, [{ buffer: gram }, { buffer: factor }]);
    const updateBuffers = bindBuffers(this.#device, choleskyUpdate, [{ buffer: gram }, { buffer: factor }]);
    this.#clear(factor);
    await this.#factorSubmits.run(
      Math.ceil(rows / panelWidth),
      (step) => count * (rows - step * panelWidth) ** 2 + 100_000,
      (pass, step) => {
        const first = step * panelWidth;
        const blocks = Math.ceil((rows - first) / panelWidth);
        dispatch(pass, choleskyPanel, panelBuffers, [rows, first], [blocks, 1, count]);
        const tiles = Math.ceil((rows - first - panelWidth) / 64);
        if (tiles > 0) dispatch(pass, choleskyUpdate, updateBuffers, [rows, first], [tiles, tiles, count]);
      },
      signal,
    );
  }

  #normalise({ count, rows }: WideBatch, from: GPUBuffer, to: GPUBuffer): void {
    const { normaliseRows } = this.#kernels;
    const encoder = this.#device.createCommandEncoder({ label: "normalise" });
    const pass = encoder.beginComputePass();
    const buffers = bindBuffers(this.#device, normaliseRows, [{ buffer: from }, { buffer: to }]);
    dispatch(pass, normaliseRows, buffers, [rows, rows], [rows, 1, count]);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }

  /** One step of Newton and Schulz: what thousands of turns took from the basis comes back. */
  #orthonormalise({ count, rows }: WideBatch, { basis, square, spare }: JacobiBuffers): void {
    const shape = { rows, columns: rows, depth: rows, count };
    this.#multiply({ a: basis, b: basis, transposedB: true, c: square, ...shape });
    this.#multiply({ a: square, b: basis, newtonSchulz: true, c: spare, ...shape });
    this.#copy(spare, basis);
  }

  #multiply(product: MatrixProduct): void {
    multiply(this.#device, this.#kernels.multiply, product);
  }

  #copy(from: GPUBuffer, to: GPUBuffer): void {
    const encoder = this.#device.createCommandEncoder({ label: "copy" });
    encoder.copyBufferToBuffer(from, 0, to, 0, from.size);
    this.#device.queue.submit([encoder.finish()]);
  }

  #clear(buffer: GPUBuffer): void {
    const encoder = this.#device.createCommandEncoder({ label: "clear" });
    encoder.clearBuffer(buffer);
    this.#device.queue.submit([encoder.finish()]);
  }
}
