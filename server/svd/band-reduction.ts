import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
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
  /** R: its triangles on the diagonal, the first of two to a panel. */
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

/** Bytes of the largest of {@link PanelBuffers} to a row, for all that there are many of: each level has fewer nodes. */
export function panelBytesOfRow({ band, rows: nodeRows }: Blocks): number {
  return (4 * band) / (1 - (2 * band) / nodeRows);
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

/** Columns that a workgroup of panel-apply-left.wgsl takes. */
const tileVectors = 64;

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
 * diagonal; what becomes of the others, and of `panels`, is undefined. `batch.matrices` may be larger than the batch.
 */
export async function reduceToTriangle(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: Submits,
  { count, rows, columns, matrices }: Batch,
  panels: PanelBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { band, rows: nodeRows } = kernels.blocks;
  const { triangles, corners } = panels;
  const even = [panels.evenVectors, panels.evenFactors];
  const odd = [panels.oddVectors, panels.oddFactors];
  const leafBuffers = bindBuffers(device, kernels.factorLeaves, [matrices, triangles, ...even, corners]);
  // By whether the level is odd: its own buffers, and those of the level above.
  const applyBuffers = [
    bindBuffers(device, kernels.applyLeft, [matrices, ...even, triangles, ...odd, corners]),
    bindBuffers(device, kernels.applyLeft, [matrices, ...odd, triangles, ...even, corners]),
  ];
  const triangleBuffers = bindBuffers(device, kernels.keepTriangle, [matrices, corners]);
  const nodes = totalNodes(treeOf(rows, band, nodeRows));
  const matrix = rows * columns;
  const cornersEach = cornersOf(columns, band);

  /** Factors a panel and applies it to the columns after it. */
  const panel = (pass: GPUComputePassEncoder, k: number): void => {
    const shortEnd = Math.min(k + band, columns);
    const rest = k + band;
    const tiles = Math.max(0, Math.ceil((columns - rest) / tileVectors));
    const place = [rows, columns, matrix, 0, k, k, shortEnd, rest];
    const levels = treeOf(rows - k, band, nodeRows);
    for (const [level, { nodes: own, children, stride, nodesBefore }] of levels.entries()) {
      const above = levels.length - level - 1;
      const parameters = [...place, stride, children, nodesBefore, nodes, above, (2 * k) / band, cornersEach];
      if (level === 0) dispatch(pass, kernels.factorLeaves, leafBuffers, parameters, [own, 1, count]);
      if (tiles === 0 && above === 0) continue;
      dispatch(pass, kernels.applyLeft, applyBuffers[level % 2]!, parameters, [1 + tiles, own, count]);
    }
  };
  const steps = Math.ceil(columns / band);
  await submits.run(
    steps,
    // Bytes that are read and written, and the dispatches in such bytes.
    (step) => 8 * count * Math.max(0, rows - step * band) * (columns - step * band) + 5e7,
    (pass, step) => {
      panel(pass, step * band);
      if (step + 1 < steps) return;
      const groups = [Math.ceil(columns / 64), Math.min(columns, 65535), count] as const;
      dispatch(pass, kernels.keepTriangle, triangleBuffers, [columns, matrix, cornersEach], groups);
    },
    signal,
  );
}
