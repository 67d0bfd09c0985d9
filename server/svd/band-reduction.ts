import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { PacedSubmits } from "../gpu/paced-submits.ts";
import type { Batch } from "./bidiagonalisation.ts";
import type { Blocks, TwoStageKernels } from "./two-stage-kernels.ts";

/** Where the reflections of the panel at work are kept, see shaders/panel-factor.wgsl. */
export interface PanelBuffers {
  readonly vectors: GPUBuffer;
  readonly factors: GPUBuffer;
}

/** Sizes in bytes of {@link PanelBuffers} for `count` matrices of `rows` rows. */
export function panelBytes(
  { band, rows: nodeRows }: Blocks,
  count: number,
  rows: number,
): Record<keyof PanelBuffers, number> {
  const nodes = count * totalNodes(treeOf(rows, band, nodeRows));
  return { vectors: 4 * nodes * nodeRows * band, factors: 4 * nodes * band * band };
}

/** Columns, or rows, that a workgroup of panel-apply-*.wgsl takes. */
const tileVectors = 64;

/** A level of a panel's tree. */
interface Level {
  readonly nodes: number;
  readonly stride: number;
  readonly nodesBefore: number;
}

function treeOf(length: number, band: number, nodeRows: number): Level[] {
  const levels: Level[] = [];
  let nodes = Math.ceil(length / nodeRows);
  let stride = band;
  let nodesBefore = 0;
  for (;;) {
    levels.push({ nodes, stride, nodesBefore });
    if (nodes <= 1) return levels;
    nodesBefore += nodes;
    nodes = Math.ceil((nodes * band) / nodeRows);
    stride *= nodeRows / band;
  }
}

function totalNodes(levels: readonly Level[]): number {
  return levels.reduce((sum, { nodes }) => sum + nodes, 0);
}

/**
 * Reduces every matrix of the batch to an upper band of `blocks.band` superdiagonals in place: a panel of columns is
 * factored and applied from the left, then one of rows from the right (Grösser and Lang, "Efficient parallel reduction to
 * bidiagonal form", Parallel Computing 25, 1999). What lies outside the band is left undefined.
 */
export async function reduceToBand(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: PacedSubmits,
  { count, rows, columns, matrices }: Batch,
  { vectors, factors }: PanelBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { band, rows: nodeRows } = kernels.blocks;
  const [factorBuffers, leftBuffers, rightBuffers] = [kernels.factor, kernels.applyLeft, kernels.applyRight].map(
    (kernel) => bindBuffers(device, kernel, [{ buffer: matrices }, { buffer: vectors }, { buffer: factors }]),
  );
  const capacity = totalNodes(treeOf(rows, band, nodeRows));

  /** Factors a panel and applies it to the rows (columns) from `rest` on. */
  const half = (pass: GPUComputePassEncoder, side: 0 | 1, k: number): void => {
    const first = side === 0 ? k : k + band;
    const end = side === 0 ? rows : columns;
    const shortEnd = Math.min(k + band, columns);
    const rest = k + band;
    const tiles = Math.ceil(((side === 0 ? columns : rows) - rest) / tileVectors);
    for (const { nodes, stride, nodesBefore } of treeOf(end - first, band, nodeRows)) {
      const parameters = [rows, columns, side, first, k, shortEnd, stride, nodesBefore, capacity, rest];
      dispatch(pass, kernels.factor, factorBuffers!, parameters, [nodes, 1, count]);
      if (tiles <= 0) continue;
      if (side === 0) dispatch(pass, kernels.applyLeft, leftBuffers!, parameters, [tiles, nodes, count]);
      else dispatch(pass, kernels.applyRight, rightBuffers!, parameters, [tiles, nodes, count]);
    }
  };
  await submits.run(
    Math.ceil(columns / band),
    // Bytes that are read and written, and a step's dispatches in such bytes.
    (step) => 16 * count * (rows - step * band) * (columns - step * band) + 1e8,
    (pass, step) => {
      const k = step * band;
      half(pass, 0, k);
      if (k + band < columns) half(pass, 1, k);
    },
    signal,
  );
}
