/** Singular vectors by one-sided block Jacobi (Hestenes 1958; Bischof 1989), for a batch of equal-shaped matrices. */
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { PacedSubmits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import type { VectorKernels } from "./vector-kernels.ts";

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
  readonly rotations: GPUBuffer;
  readonly turnedFlags: GPUBuffer;
  readonly progress: GPUBuffer;
}

/** Sweeps over the stand-in end with a cosine of this: convergence is quadratic, and the rest is left to the matrix. */
const nearlyOrthogonal = 1e-3;
/** A sweep that met no larger cosine leaves them at rounding, also where singular values lie close together. */
const orthogonal = 3e-6;
/** Sweeps converge in six to ten; more only go on turning rows that are rounding noise. */
const mostSweeps = 24;
/** Columns of a partial Gram matrix. */
const chunkColumns = 512;

interface Plan {
  readonly blocks: number;
  readonly pairs: number;
  readonly chunks: number;
}

function planOf(rows: number, length: number, side: number): Plan {
  const half = Math.ceil(rows / side);
  const blocks = Math.max(2, 2 * half);
  return { blocks, pairs: blocks / 2, chunks: Math.ceil(length / chunkColumns) };
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
    rotations: 4 * pairs * side * side,
    turnedFlags: 4 * pairs,
    progress: 8 * mostSweeps,
  };
}

/**
 * Computes singular vectors. The rows are turned until they are orthogonal: first those of a stand-in, W·Wᵀ where W is
 * long, else W itself, which needs many sweeps but no precision; then, with the basis made orthonormal again, those of
 * basis·W, which needs one or two and has the accuracy of those alone.
 */
export class BlockJacobi {
  readonly #device: GPUDevice;
  readonly #kernels: VectorKernels;
  readonly #submits: PacedSubmits;

  constructor(device: GPUDevice, kernels: VectorKernels, submits: PacedSubmits) {
    this.#device = device;
    this.#kernels = kernels;
    this.#submits = submits;
  }

  /** @returns the sweeps of both stages, and the largest cosine of the last. */
  async run(
    batch: WideBatch,
    buffers: JacobiBuffers,
    signal: AbortSignal,
  ): Promise<{ readonly sweeps: readonly [number, number]; readonly cosine: number }> {
    const { count, rows, length } = batch;
    const long = length > 2 * rows;
    const square = { count, rows, length: rows };
    this.#setIdentity(buffers.basis, batch);
    if (long) this.#multiply(1, buffers.matrices, buffers.matrices, buffers.square, [rows, rows, length], count);
    else this.#copy(buffers.matrices, buffers.turned);
    const first = long
      ? await this.#sweeps(square, buffers.square, buffers, nearlyOrthogonal, signal)
      : await this.#sweeps(batch, buffers.turned, buffers, nearlyOrthogonal, signal);
    this.#orthonormalise(batch, buffers);
    this.#multiply(0, buffers.basis, buffers.matrices, buffers.turned, [rows, length, rows], count);
    const second = await this.#sweeps(batch, buffers.turned, buffers, orthogonal, signal);
    return { sweeps: [first.sweeps, second.sweeps], cosine: second.cosine };
  }

  async #sweeps(
    { count, rows, length }: WideBatch,
    turned: GPUBuffer,
    buffers: JacobiBuffers,
    enough: number,
    signal: AbortSignal,
  ): Promise<{ sweeps: number; cosine: number }> {
    const { gramPairs, rotatePairs, turnPairs, side } = this.#kernels;
    const { blocks, pairs, chunks } = planOf(rows, length, side);
    const bind = (kernel: typeof gramPairs, parts: readonly GPUBuffer[]): GPUBindGroup =>
      bindBuffers(
        this.#device,
        kernel,
        parts.map((buffer) => ({ buffer })),
      );
    const { grams, rotations, turnedFlags, basis, progress } = buffers;
    const gramBuffers = bind(gramPairs, [turned, grams]);
    const rotateBuffers = bind(rotatePairs, [grams, rotations, turnedFlags, progress]);
    const turnBuffers = bind(turnPairs, [turned, rotations, turnedFlags]);
    const basisBuffers = bind(turnPairs, [basis, rotations, turnedFlags]);
    this.#clear(progress);
    const rounds = blocks - 1;
    for (let sweep = 0; ; sweep++) {
      await this.#submits.run(
        rounds,
        // Entries that are read, and the cost of the rotations in entries.
        () => count * pairs * (2 * side * (length + rows) + 64 * side * side),
        (pass, round) => {
          dispatch(pass, gramPairs, gramBuffers, [rows, length, round, blocks, chunkColumns], [pairs, chunks, count]);
          dispatch(pass, rotatePairs, rotateBuffers, [chunks, sweep, mostSweeps, round, blocks], [pairs, 1, count]);
          const tiles = Math.ceil(length / side);
          dispatch(pass, turnPairs, turnBuffers, [rows, length, round, blocks], [tiles, pairs, count]);
          const basisTiles = Math.ceil(rows / side);
          dispatch(pass, turnPairs, basisBuffers, [rows, rows, round, blocks], [basisTiles, pairs, count]);
        },
        signal,
      );
      const met = new Float32Array(await readBack(this.#device, progress));
      let cosine = 0;
      for (let i = 0; i < count; i++) cosine = Math.max(cosine, met[2 * (i * mostSweeps + sweep)]!);
      if (cosine <= enough || sweep + 1 === mostSweeps) return { sweeps: sweep + 1, cosine };
    }
  }

  /** One step of Newton and Schulz: what thousands of turns took from the basis comes back. */
  #orthonormalise({ count, rows }: WideBatch, { basis, square, spare }: JacobiBuffers): void {
    this.#multiply(1, basis, basis, square, [rows, rows, rows], count);
    this.#multiply(2, square, basis, spare, [rows, rows, rows], count);
    this.#copy(spare, basis);
  }

  #multiply(
    kind: 0 | 1 | 2,
    a: GPUBuffer,
    b: GPUBuffer,
    c: GPUBuffer,
    [rows, columns, depth]: readonly [number, number, number],
    count: number,
  ): void {
    const { multiply } = this.#kernels;
    const encoder = this.#device.createCommandEncoder({ label: "multiply" });
    const pass = encoder.beginComputePass();
    const buffers = bindBuffers(this.#device, multiply, [{ buffer: a }, { buffer: b }, { buffer: c }]);
    const groups = [Math.ceil(columns / 64), Math.ceil(rows / 64), count] as const;
    dispatch(pass, multiply, buffers, [rows, columns, depth, kind], groups);
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
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

  #setIdentity(basis: GPUBuffer, { count, rows }: WideBatch): void {
    const identity = new Float32Array(rows * rows);
    for (let i = 0; i < rows; i++) identity[i * rows + i] = 1;
    for (let i = 0; i < count; i++) this.#device.queue.writeBuffer(basis, i * identity.byteLength, identity);
  }
}
