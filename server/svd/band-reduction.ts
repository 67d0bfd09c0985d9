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
 * Reduces every matrix of the batch to an upper band of `blocks.band` superdiagonals: a panel of columns is factored and
 * applied from the left, then one of rows from the right (Grösser and Lang, "Efficient parallel reduction to bidiagonal
 * form", Parallel Computing 25, 1999). The band goes to `corners`; what becomes of the matrices is undefined.
 */
export async function reduceToBand(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: PacedSubmits,
  { count, rows, columns, matrices }: Batch,
  panels: PanelBuffers,
  signal: AbortSignal,
): Promise<void> {
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
  const nodes = totalNodes(treeOf(rows, band, nodeRows));

  /** Factors a panel and applies it to the columns (side 1: rows) from `rest` on. */
  const half = (pass: GPUComputePassEncoder, side: 0 | 1, k: number): void => {
    const first = side === 0 ? k : k + band;
    const shortEnd = Math.min(k + band, columns);
    const rest = k + band;
    const tiles = Math.max(0, Math.ceil(((side === 0 ? columns : rows) - rest) / tileVectors));
    const panel = [rows, columns, rows * columns, side, first, k, shortEnd, rest];
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
