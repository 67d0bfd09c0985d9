import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import type { Batch } from "./bidiagonalisation.ts";
import type { TallKernels } from "./tall-kernels.ts";
import { band } from "./panel-source.ts";

/** What a tall matrix is factored with, see shaders/tall.wgsl. */
export interface TallBuffers {
  /** The block at work, row by row: its V where that is known. */
  readonly block: GPUBuffer;
  /** V column by column. */
  readonly transposed: GPUBuffer;
  /** The triangles of a panel's leaves, and then what makes V of theirs. */
  readonly stack: GPUBuffer;
  readonly leafFactors: GPUBuffer;
  /** T of the block, and the first rows of a panel's V. */
  readonly blockFactors: GPUBuffer;
  /** VᵀA in parts. */
  readonly blockProducts: GPUBuffer;
  /** Tᵀ·(VᵀA). */
  readonly weights: GPUBuffer;
}

/** Columns of a block, and rows that a workgroup of shaders/tall-*.wgsl takes at once. */
const blockColumns = 64;
const tileRows = 256;
/** Rows and columns of a tile of shaders/tile-product.wgsl, and columns of shaders/tall-weights.wgsl. */
const tile = 64;
const weightColumns = 16;
/** Parts of the products of a panel at most, which each workgroup that applies it adds up. */
const mostChunks = 64;
/** Rows in a part of the products of a block: few enough for sums that rounding leaves alone, if workgroups are many. */
const mostPart = 1024;
const leastPart = 256;
/** Workgroups that keep a GPU busy. */
const plenty = 2048;
/** Workgroups of a dispatch in one dimension. */
const mostGroups = 65_535;

/** Sizes in bytes of {@link TallBuffers} for `count` matrices. */
export function tallBytes(
  leafRows: number,
  count: number,
  rows: number,
  columns: number,
): Record<keyof TallBuffers, number> {
  const width = widthOf(columns);
  const height = roundUp(rows, tile);
  const pitch = roundUp(columns, tile);
  const leaves = Math.ceil(rows / leafRows);
  let products = Math.min(mostChunks, Math.ceil(rows / tileRows)) * band * width;
  for (let first = 0; first < columns - blockColumns; first += blockColumns) {
    products = Math.max(products, mostPartsOf(rows, columns, first, count) * blockColumns * pitch);
  }
  const several = columns > blockColumns;
  return {
    block: 4 * count * height * width,
    transposed: several ? 4 * count * height * blockColumns : 16,
    stack: 4 * count * leaves * band ** 2,
    leafFactors: 4 * count * leaves * band ** 2,
    blockFactors: 4 * count * (blockColumns ** 2 + band ** 2),
    blockProducts: 4 * count * products,
    weights: several ? 4 * count * blockColumns * pitch : 16,
  };
}

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

/** Tiles of rows that a workgroup of shaders/tall-vectors.wgsl takes, so that there are not too many parts. */
function tilesOfChunk(length: number): number {
  return Math.ceil(length / (mostChunks * tileRows));
}

/** In how many parts the products of the block at `first` are made at most. */
function mostPartsOf(rows: number, columns: number, first: number, count: number): number {
  const length = rows - first;
  const groups = count * Math.ceil((columns - first - blockColumns) / tile);
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
  { block, transposed, stack, leafFactors, blockFactors, blockProducts, weights }: TallBuffers,
  signal: AbortSignal,
): Promise<void> {
  const {
    leaves: leaf,
    roots,
    vectors,
    columns: rest,
    load,
    products,
    weights: weigh,
    update,
  } = await kernels.open(columns);
  const { leafRows } = kernels;
  const resources = [matrices, block, transposed, stack, leafFactors, blockFactors, blockProducts, weights];
  const buffers = bindBuffers(device, load, resources);
  const height = roundUp(rows, tile);
  const width = widthOf(columns);
  const pitch = roundUp(columns, tile);
  const panelsOfBlock = blockColumns / band;

  /** Factors the panel at `offset` of the block at `first` and applies it to the block. */
  const panel = (pass: GPUComputePassEncoder, first: number, offset: number): void => {
    const length = rows - first - offset;
    const leaves = Math.ceil(length / leafRows);
    const tiles = tilesOfChunk(length);
    const chunks = Math.ceil(length / (tiles * tileRows));
    const last = first + offset + band >= columns;
    const { part, parts } = last ? { part: 0, parts: 0 } : partsOf(rows, columns, first, count);
    // prettier-ignore
    const parameters = Uint32Array.of(rows, columns, rows * columns, height, width, pitch, first, offset, leaves, tiles,
      chunks, parts, part);
    if (offset === 0) {
      dispatch(pass, load, buffers, parameters, [Math.ceil((height - first) / tileRows), 1, count]);
    }
    dispatch(pass, leaf, buffers, parameters, [leaves, 1, count]);
    const { kernel: root } = roots.find(({ most }) => leaves * band <= most) ?? roots.at(-1)!;
    dispatch(pass, root, buffers, parameters, [1, 1, count]);
    dispatch(pass, vectors, buffers, parameters, [chunks, 1, count]);
    if (last) return;
    const blockEnds = offset + band === blockColumns;
    dispatch(pass, rest, buffers, parameters, [1 + (blockEnds ? 0 : Math.ceil(length / tileRows)), 1, count]);
    if (!blockEnds) return;
    const across = columns - first - blockColumns;
    dispatch(pass, products, buffers, parameters, [Math.ceil(across / tile), 1, parts * count]);
    dispatch(pass, weigh, buffers, parameters, [Math.ceil(across / weightColumns), 1, count]);
    const down = Math.min(mostGroups, Math.ceil((rows - first) / tile));
    dispatch(pass, update, buffers, parameters, [Math.ceil(across / tile), down, count]);
  };

  await submits.run(
    Math.ceil(columns / band),
    // Bytes that are read and written, and the dispatches and products in such bytes.
    (step) => {
      const first = step * band;
      const length = count * (rows - first);
      const applied = step % panelsOfBlock === panelsOfBlock - 1 ? 40 * length * Math.max(0, columns - first) : 0;
      return 8 * length * width + applied + 1e8;
    },
    (pass, step) => {
      const offset = (step % panelsOfBlock) * band;
      panel(pass, step * band - offset, offset);
    },
    signal,
  );
}
