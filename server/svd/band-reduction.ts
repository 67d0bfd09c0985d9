import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { PacedSubmits } from "../gpu/paced-submits.ts";
import type { Batch } from "./bidiagonalisation.ts";
import type { Blocks, TwoStageKernels } from "./two-stage-kernels.ts";

/** What the panels leave, see shaders/panel-factor.wgsl. */
export interface PanelBuffers {
  /** The reflections of the panel at work: those of even levels of its tree and those of odd ones. */
  readonly evenVectors: GPUBuffer;
  readonly evenFactors: GPUBuffer;
  readonly oddVectors: GPUBuffer;
  readonly oddFactors: GPUBuffer;
  readonly triangles: GPUBuffer;
  /** The band: two triangles to a block of rows. */
  readonly corners: GPUBuffer;
}

/** Sizes in bytes of {@link PanelBuffers} for `count` matrices. */
export function panelBytes(
  { band, rows: nodeRows }: Blocks,
  count: number,
  rows: number,
  columns: number,
): Record<keyof PanelBuffers, number> {
  const nodes = count * totalNodes(treeOf(rows, band, nodeRows));
  const vectors = 4 * nodes * nodeRows * band;
  const square = 4 * band * band;
  return {
    evenVectors: vectors,
    evenFactors: nodes * square,
    oddVectors: vectors,
    oddFactors: nodes * square,
    triangles: nodes * square,
    corners: count * cornersOf(columns, band) * square,
  };
}

/** Triangles of a band, two to a block of rows. */
export function cornersOf(columns: number, band: number): number {
  return 2 * Math.ceil(columns / band);
}

/** A level of a panel's tree. */
interface Level {
  readonly nodes: number;
  readonly children: number;
  readonly stride: number;
  readonly nodesBefore: number;
}

function treeOf(length: number, band: number, nodeRows: number): Level[] {
  const levels: Level[] = [];
  let children = Math.ceil(length / band);
  let stride = band;
  let nodesBefore = 0;
  for (;;) {
    const nodes = Math.ceil((children * band) / nodeRows);
    levels.push({ nodes, children, stride, nodesBefore });
    if (nodes === 1) return levels;
    nodesBefore += nodes;
    children = nodes;
    stride *= nodeRows / band;
  }
}

function totalNodes(levels: readonly Level[]): number {
  return levels.reduce((sum, { nodes }) => sum + nodes, 0);
}

/** Columns, or rows, that a workgroup of panel-apply-*.wgsl takes. */
const tileVectors = 64;

/**
 * From this ratio of rows to columns on a QR factorisation comes first, which leaves a square matrix (T. F. Chan, "An
 * improved algorithm for computing the singular value decomposition", ACM TOMS 8, 1982).
 */
const tall = 5 / 3;

type Half = (pass: GPUComputePassEncoder, rows: number, side: 0 | 1, k: number) => void;

/** Factors a panel of the first `rows` rows and applies it to the columns (side 1: rows) from its end on. */
function panelsOf(
  device: GPUDevice,
  kernels: TwoStageKernels,
  { count, rows: allRows, columns, matrices }: Batch,
  panels: PanelBuffers,
): Half {
  const { band, rows: nodeRows } = kernels.blocks;
  const { triangles, corners } = panels;
  const even = [panels.evenVectors, panels.evenFactors];
  const odd = [panels.oddVectors, panels.oddFactors];
  const leafBuffers = bindBuffers(device, kernels.factorLeaves, [matrices, triangles, ...even, corners]);
  const apply = [kernels.applyLeft, kernels.applyRight].map((kernel) => ({
    kernel,
    // By whether the level is odd: its own buffers, and those of the level above.
    buffers: [
      bindBuffers(device, kernel, [matrices, ...even, triangles, ...odd, corners]),
      bindBuffers(device, kernel, [matrices, ...odd, triangles, ...even, corners]),
    ],
  }));
  const nodes = totalNodes(treeOf(allRows, band, nodeRows));
  const matrix = allRows * columns;
  return (pass, rows, side, k) => {
    const first = side === 0 ? k : k + band;
    const shortEnd = Math.min(k + band, columns);
    const rest = k + band;
    const tiles = Math.max(0, Math.ceil(((side === 0 ? columns : rows) - rest) / tileVectors));
    const panel = [rows, columns, matrix, side, first, k, shortEnd, rest];
    const levels = treeOf((side === 0 ? rows : columns) - first, band, nodeRows);
    for (const [level, { nodes: own, children, stride, nodesBefore }] of levels.entries()) {
      const above = levels.length - level - 1;
      const corner = (2 * k) / band + side;
      const parameters = [...panel, stride, children, nodesBefore, nodes, above, corner, cornersOf(columns, band)];
      if (level === 0) dispatch(pass, kernels.factorLeaves, leafBuffers, parameters, [own, 1, count]);
      if (tiles === 0 && above === 0) continue;
      const { kernel, buffers } = apply[side]!;
      dispatch(pass, kernel, buffers[level % 2]!, parameters, [1 + tiles, own, count]);
    }
  };
}

/** Bytes that half a step reads and writes, and its dispatches in such bytes. */
function workOf(band: number, { count, columns }: Batch, rows: number, step: number): number {
  return 8 * count * Math.max(0, rows - step * band) * (columns - step * band) + 5e7;
}

/**
 * Factors every matrix of the batch, rows ≥ columns, into Q·R: the first `columns` rows become R, with zeros below its
 * diagonal; what becomes of the others, and of `panels`, is undefined. `batch.matrices` may be larger than the batch.
 */
export async function reduceToTriangle(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: PacedSubmits,
  batch: Batch,
  panels: PanelBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { count, rows, columns, matrices } = batch;
  const { band } = kernels.blocks;
  const half = panelsOf(device, kernels, batch, panels);
  const steps = Math.ceil(columns / band);
  const triangleBuffers = bindBuffers(device, kernels.keepTriangle, [matrices, panels.corners]);
  await submits.run(
    steps,
    (step) => workOf(band, batch, rows, step),
    (pass, step) => {
      half(pass, rows, 0, step * band);
      if (step + 1 < steps) return;
      const groups = [Math.ceil(columns / 64), Math.min(columns, 65535), count] as const;
      dispatch(
        pass,
        kernels.keepTriangle,
        triangleBuffers,
        [columns, rows * columns, cornersOf(columns, band)],
        groups,
      );
    },
    signal,
  );
}

/**
 * Reduces every matrix of the batch to an upper band of `blocks.band` superdiagonals: a panel of columns is factored and
 * applied from the left, then one of rows from the right (Grösser and Lang, "Efficient parallel reduction to bidiagonal
 * form", Parallel Computing 25, 1999). Tall ones become square by a QR factorisation before. The band goes to `corners`; what becomes of the matrices is undefined.
 */
export async function reduceToBand(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: PacedSubmits,
  batch: Batch,
  panels: PanelBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { rows, columns } = batch;
  const { band } = kernels.blocks;
  const first = rows >= tall * columns;
  if (first) await reduceToTriangle(device, kernels, submits, batch, panels, signal);
  const height = first ? columns : rows;
  const half = panelsOf(device, kernels, batch, panels);
  await submits.run(
    Math.ceil(columns / band),
    (step) => 2 * workOf(band, batch, height, step),
    (pass, step) => {
      half(pass, height, 0, step * band);
      if ((step + 1) * band < columns) half(pass, height, 1, step * band);
    },
    signal,
  );
}
