import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import type { Batch } from "./bidiagonalisation.ts";
import { updateTile, type Blocks, type MatrixPasses, type TwoStageKernels } from "./two-stage-kernels.ts";

/** What the delayed updates are made of, see shaders/delayed.wgsl. */
export interface DelayedBuffers {
  /** V of the panel at work, row by row. */
  readonly panels: GPUBuffer;
  /** V, X, Y, U. */
  readonly factors: GPUBuffer;
  /** T of the panel at work. */
  readonly triangleFactors: GPUBuffer;
  /** Its products with the matrix and the factors. */
  readonly products: GPUBuffer;
  /** The panel to come, row by row, and what its rows have in common. */
  readonly coming: GPUBuffer;
  /** The band: two triangles to a block of rows. */
  readonly corners: GPUBuffer;
}

/** Sizes in bytes of {@link DelayedBuffers}, the corners apart, for `count` matrices. */
export function delayedBytes(
  { band, depth }: Blocks,
  count: number,
  rows: number,
): Record<Exclude<keyof DelayedBuffers, "corners">, number> {
  const pitch = pitchOf(rows);
  return {
    panels: 4 * count * pitch * band,
    factors: 4 * count * 4 * depth * pitch,
    triangleFactors: 4 * count * band * band,
    products: 4 * count * mostParts * (pitch + 2 * depth) * band,
    coming: 4 * count * (pitch * band + (pitch / comingRows) * ((band * (band + 1)) / 2)),
  };
}

/** Triangles of a band, two to a block of rows. */
export function cornersOf(columns: number, band: number): number {
  return 2 * Math.ceil(columns / band);
}

/** Rows of the factors: whole tiles of shaders/delayed-update.wgsl. */
function pitchOf(rows: number): number {
  return Math.ceil(rows / updateTile.rows) * updateTile.rows;
}

/** Columns of A that a workgroup of shaders/delayed-left-products.wgsl takes. */
const leftColumns = 64;
/** Rows of A, or columns of the factors, that a workgroup of delayed-*-products.wgsl multiplies along their length. */
const dotRows = 32;
/**
 * A product is a sum of at most so many parts, each of at least so many entries, in whole `steps` of a workgroup's, made by
 * different workgroups.
 */
const mostParts = 4;
const leastPart = 128;
const partStep = 64;
/** Rows that a workgroup of shaders/delayed-factors.wgsl takes, and in which it hands over the panel to come. */
const comingRows = 32;
/** Workgroups that keep a GPU busy. */
const plenty = 2048;

/**
 * Encodes one update A ← A − V·Yᵀ − X·Uᵀ of whole matrices by factors that are complete, as {@link reduceDelayed} does now
 * and then.
 */
export function updateWhole(
  device: GPUDevice,
  { update }: MatrixPasses,
  pass: GPUComputePassEncoder,
  { count, rows, columns, matrices }: Batch,
  { panels, factors, triangleFactors, products, corners, coming }: DelayedBuffers,
): void {
  const buffers = bindBuffers(device, update, [matrices, panels, factors, products, triangleFactors, corners, coming]);
  const parameters = new Uint32Array(16);
  parameters.set([rows, columns, rows * columns, pitchOf(rows)]);
  dispatch(pass, update, buffers, parameters, tilesOf(count, rows, columns));
}

/** Workgroups of an update. */
function tilesOf(count: number, rows: number, columns: number): readonly [number, number, number] {
  return [Math.ceil(columns / updateTile.columns), Math.ceil(rows / updateTile.rows), count];
}

/** Immediate data of the kernels, in the order of shaders/delayed.wgsl. */
interface Half {
  readonly side: 0 | 1;
  readonly first: number;
  readonly rest: number;
  readonly next: number;
  readonly left: number;
  readonly right: number;
  readonly fresh: number;
  readonly corner: number;
  readonly begin: boolean;
}

/**
 * Reduces every matrix of the batch to an upper band of `blocks.band` superdiagonals: panels of columns are factored and
 * applied from the left, panels of rows from the right, in turn. The band goes to `corners`; what becomes of the matrices
 * is undefined.
 */
export async function reduceDelayed(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: Submits,
  { count, rows, columns, matrices }: Batch,
  entriesOfMatrix: number,
  { panels, factors, triangleFactors, products, corners, coming }: DelayedBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { band, depth, panelRows } = kernels.blocks;
  const { delayedPanel, delayedFactors } = kernels;
  const { leftProducts, rightProducts, update } = await kernels.passesOver(columns);
  const all = [matrices, panels, factors, products, triangleFactors, corners, coming];
  const buffers = bindBuffers(device, delayedFactors, all);
  const read = bindBuffers(device, leftProducts, [matrices, panels, factors, products]);
  const pitch = pitchOf(rows);
  const cornersEach = cornersOf(columns, band);

  const run = (pass: GPUComputePassEncoder, half: Half, last: boolean): void => {
    const { side, first, rest, next, left, right, fresh } = half;
    const length = (side === 0 ? rows : columns) - first;
    const wanted = (side === 0 ? columns : rows) - rest;
    const groups = Math.ceil(wanted / (side === 0 ? leftColumns : dotRows)) + Math.ceil((left + right) / dotRows);
    const parts = Math.max(
      1,
      Math.min(mostParts, Math.ceil(plenty / (groups * count)), Math.floor(length / leastPart)),
    );
    const part = Math.ceil(length / parts / partStep) * partStep;
    const used = Math.ceil(length / part);
    // prettier-ignore
    const parameters = Uint32Array.of(rows, columns, entriesOfMatrix, pitch, side, first, rest, next, left, right, fresh,
      used, part, half.corner, cornersEach, Number(half.begin));
    if (!half.begin) {
      // One more makes T.
      dispatch(pass, delayedPanel, buffers, parameters, [Math.ceil(length / panelRows) + 1, 1, count]);
      if (last) return;
      dispatch(pass, side === 0 ? leftProducts : rightProducts, read, parameters, [groups, used, count]);
    }
    dispatch(pass, delayedFactors, buffers, parameters, [Math.ceil(wanted / comingRows), 1, count]);
    if (side === 1 && fresh + band === depth) {
      dispatch(pass, update, buffers, parameters, tilesOf(count, rows - rest, columns - rest));
    }
  };

  // Products are made of four entries at a time, and of eight rows: what lies beyond a matrix's edge meets zeros.
  if ((rows | columns) % band !== 0) {
    const encoder = device.createCommandEncoder();
    encoder.clearBuffer(panels);
    encoder.clearBuffer(factors);
    device.queue.submit([encoder.finish()]);
  }
  const steps = Math.ceil(columns / band);
  await submits.run(
    steps,
    // Bytes that are read, and the dispatches in such bytes.
    (step) => 10 * count * (rows - step * band) * (columns - step * band) + 1.2e8,
    (pass, step) => {
      const k = step * band;
      const rest = k + band;
      const fresh = k % depth;
      const none = { left: 0, right: 0, fresh: 0, corner: 0 };
      if (step === 0) run(pass, { ...none, side: 1, first: 0, rest: 0, next: 0, begin: true }, false);
      const corner = 2 * step;
      const left = {
        side: 0,
        first: k,
        rest,
        next: k,
        left: fresh,
        right: fresh,
        fresh,
        corner,
        begin: false,
      } as const;
      run(pass, left, rest >= columns);
      if (rest >= columns) return;
      run(pass, { ...left, side: 1, first: rest, next: rest, left: rest - k + fresh, corner: corner + 1 }, false);
    },
    signal,
  );
}
