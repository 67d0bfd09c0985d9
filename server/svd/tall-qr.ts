import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import type { Batch } from "./bidiagonalisation.ts";
import { blockColumns, tileColumns, type TallKernels, type TileRows } from "./tall-kernels.ts";
import { band } from "./panel-source.ts";

/** What a tall matrix is factored with, see shaders/tall.wgsl. */
export interface TallBuffers {
  /** The block at work, row by row: its V where that is known. */
  readonly block: GPUBuffer;
  /** V column by column. */
  readonly transposed: GPUBuffer;
  /** The products of a panel's columns in parts, and its first rows: of the panel at work and of the next. */
  readonly sums: GPUBuffer;
  /** How far each matrix is, before and after a dispatch. */
  readonly progresses: GPUBuffer;
  /** VᵀV of the block. */
  readonly squares: GPUBuffer;
  /** VᵀA in parts. */
  readonly blockProducts: GPUBuffer;
  /** Tᵀ·(VᵀA). */
  readonly weights: GPUBuffer;
}

/** Rows of a tile of shaders/tile-product.wgsl, and columns of shaders/tall-weights.wgsl. */
const tile = 64;
const weightColumns = 16;
/** Rows in all parts of the products of a panel, each of which a workgroup adds up; more, and a part has several tiles. */
const mostTiledRows = 16_384;
/** Workgroups that take a block's rows at once: if they are more, they take more rows each. */
const mostWorkgroups = 132;
/** Panels of a block that may end early before the matrix is told to need as many as it has columns. */
const sparePanels = 2;
/** Rows in a part of the products of a block: few enough for sums that rounding leaves alone, if workgroups are many. */
const mostPart = 1024;
const leastPart = 256;
/** Workgroups that keep a GPU busy. */
const plenty = 512;
/** Workgroups of a dispatch in one dimension. */
const mostGroups = 65_535;

/** Sizes in bytes of {@link TallBuffers} for `count` matrices. */
export function tallBytes(count: number, rows: number, columns: number): Record<keyof TallBuffers, number> {
  const width = widthOf(columns);
  const height = heightOf(rows);
  const pitch = pitchOf(columns);
  let products = 4;
  for (let first = 0; first < columns - blockColumns; first += blockColumns) {
    products = Math.max(products, mostPartsOf(rows, columns, first, count) * blockColumns * pitch);
  }
  const several = columns > blockColumns;
  return {
    block: 4 * count * height * width,
    transposed: several ? 4 * count * height * blockColumns : 16,
    sums: 4 * count * 2 * roomOf(count, rows) * band * width,
    progresses: count * 2 * progressBytes,
    squares: 4 * count * blockColumns ** 2,
    blockProducts: 4 * count * products,
    weights: several ? 4 * count * blockColumns * pitch : 16,
  };
}

const progressBytes = 8;

/** Bytes of the largest of {@link TallBuffers} to a row, for all that there are many of. */
export function tallBytesOfRow(columns: number): number {
  return 4 * widthOf(columns);
}

function roundUp(value: number, unit: number): number {
  return Math.ceil(value / unit) * unit;
}

function widthOf(columns: number): number {
  return Math.min(blockColumns, roundUp(columns, band));
}

/** Rows of the block's buffer: whole tiles from any block's first row on. */
function heightOf(rows: number): number {
  return roundUp(rows, blockColumns) + 256 - blockColumns;
}

/** Columns of the products and weights: whole tiles from any block's last column on. */
function pitchOf(columns: number): number {
  return roundUp(columns, blockColumns) + tileColumns - blockColumns;
}

/** Rows that a workgroup of shaders/tall-rows.wgsl takes at once. */
function tileRowsOf(count: number, rows: number): TileRows {
  return count * Math.min(mostTiledRows, rows) <= mostWorkgroups * 128 ? 128 : 256;
}

/** Tiles of rows that a workgroup takes, so that there are not too many parts. */
function tilesOfChunk(length: number): number {
  return Math.ceil(length / mostTiledRows);
}

/** Parts of a panel's products at most, and its first rows. */
function roomOf(count: number, rows: number): number {
  return Math.ceil(Math.min(mostTiledRows, rows) / tileRowsOf(count, rows)) + 1;
}

/** In how many parts the products of the block at `first` are made at most. */
function mostPartsOf(rows: number, columns: number, first: number, count: number): number {
  const length = rows - first;
  const groups = count * Math.ceil((columns - first - blockColumns) / tileColumns);
  return Math.max(Math.ceil(length / mostPart), Math.min(Math.ceil(length / leastPart), Math.ceil(plenty / groups)));
}

/** In how many parts of how many rows they are made. */
function partsOf(...[rows, columns, first, count]: Parameters<typeof mostPartsOf>): {
  readonly parts: number;
  readonly part: number;
} {
  const length = rows - first;
  const part = roundUp(Math.ceil(length / mostPartsOf(rows, columns, first, count)), tile);
  return { part, parts: Math.ceil(length / part) };
}

/**
 * From this ratio of rows to columns on a QR factorisation comes first, which leaves a square matrix (T. F. Chan, "An
 * improved algorithm for computing the singular value decomposition", ACM TOMS 8, 1982).
 */
const tall = 5 / 3;

/** Whether a QR factorisation comes first. */
export function isTall(rows: number, columns: number): boolean {
  return rows >= tall * columns;
}

/**
 * Factors every matrix of the batch, rows ≥ columns, into Q·R: the first `columns` rows become R, with zeros below its
 * diagonal; what becomes of the others is undefined. `batch.matrices` may be larger than the batch, and so may the others.
 */
export async function reduceToTriangle(
  device: GPUDevice,
  kernels: TallKernels,
  submits: Submits,
  { count, rows, columns, matrices }: Batch,
  { block, transposed, sums, progresses, squares, blockProducts, weights }: TallBuffers,
  signal: AbortSignal,
): Promise<void> {
  const tileRows = tileRowsOf(count, rows);
  const { load, panel, products, weights: weigh, update } = await kernels.open(columns, tileRows);
  const resources = [matrices, block, transposed, sums, progresses, squares, blockProducts, weights];
  const buffers = bindBuffers(device, load, resources);
  const height = heightOf(rows);
  const width = widthOf(columns);
  const pitch = pitchOf(columns);
  const room = roomOf(count, rows);
  let turn = 0;

  /** The next panel of the block at `first`, with what comes before the first and after the last of them. */
  const encode = (pass: GPUComputePassEncoder, { first, begins, ends }: Step): void => {
    const length = rows - first;
    const tiles = tilesOfChunk(length);
    const chunks = Math.ceil(length / (tiles * tileRows));
    const across = columns - first - blockColumns;
    const { part, parts } = across > 0 ? partsOf(rows, columns, first, count) : { part: 0, parts: 0 };
    // prettier-ignore
    const parametersAt = (turn: number): Uint32Array<ArrayBuffer> => Uint32Array.of(rows, columns, rows * columns, count,
      height, width, pitch, first, turn, tiles, chunks, room, parts, part);
    const parameters = parametersAt(turn);
    if (begins) dispatch(pass, load, buffers, parameters, [chunks, 1, count]);
    dispatch(pass, panel, buffers, parameters, [chunks + 1, 1, count]);
    turn = 1 - turn;
    if (!ends || across <= 0) return;
    const after = parametersAt(turn);
    dispatch(pass, products, buffers, after, [Math.ceil(across / tileColumns), 1, parts * count]);
    dispatch(pass, weigh, buffers, after, [Math.ceil(across / weightColumns), 1, count]);
    const down = Math.min(mostGroups, Math.ceil(length / tile));
    dispatch(pass, update, buffers, after, [Math.ceil(across / tileColumns), down, count]);
  };

  device.queue.writeBuffer(progresses, 0, new Uint8Array(count * 2 * progressBytes));
  let first = 0;
  for (const all of [false, true]) {
    const steps = stepsFrom(first, columns, all);
    await submits.run(
      steps.length,
      // Bytes that are read and written, and the dispatches and products in such bytes.
      (step) => {
        const { first, ends } = steps[step]!;
        const length = count * (rows - first);
        return 8 * length * width + (ends ? 40 * length * Math.max(0, columns - first) : 0) + 5e7;
      },
      (pass, step) => {
        encode(pass, steps[step]!);
      },
      signal,
    );
    // A matrix that is not done has been left alone from the block on that needed more panels than there were.
    const range = { offset: turn * count * progressBytes, bytes: count * progressBytes };
    const found = new Uint32Array(await readBack(device, progresses, [range]));
    const done = found.reduce((least, value, i) => (i % 2 === 0 ? Math.min(least, value) : least), columns);
    if (done === columns) return;
    first = Math.floor(done / blockColumns) * blockColumns;
  }
}

/** A panel of the block at column `first`. */
interface Step {
  readonly first: number;
  /** Whether it is the first of the block, or the last. */
  readonly begins: boolean;
  readonly ends: boolean;
}

/**
 * The panels of the blocks from the one at `first` on: as many as there are if none ends early, and a few to spare, or as
 * many as are enough for `all` matrices.
 */
function stepsFrom(first: number, columns: number, all: boolean): Step[] {
  const steps: Step[] = [];
  for (; first < columns; first += blockColumns) {
    const width = Math.min(blockColumns, columns - first);
    const panels = all ? width : Math.min(width, Math.ceil(width / band) + sparePanels);
    for (let i = 0; i < panels; i++) steps.push({ first, begins: i === 0, ends: i === panels - 1 });
  }
  return steps;
}
