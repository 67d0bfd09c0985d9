/** The compute kernels of the engine, compiled together when it opens. */
import type { Target } from "../gpu/device.ts";
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
import bidiagonaliseColumns from "../../shaders/bidiagonalise-columns.wgsl";
import bidiagonaliseRows from "../../shaders/bidiagonalise-rows.wgsl";
import reflection from "../../shaders/reflection.wgsl";
import columnNorms from "../../shaders/column-norms.wgsl";
import decode from "../../shaders/decode.wgsl";
import dequantise from "../../shaders/dequantise.wgsl";
import dequantiseBlocks from "../../shaders/dequantise-blocks.wgsl";
import dequantiseGroups from "../../shaders/dequantise-groups.wgsl";
import dequantiseTable from "../../shaders/dequantise-table.wgsl";
import gatherRows from "../../shaders/gather-rows.wgsl";
import number from "../../shaders/number.wgsl";
import rowMoments from "../../shaders/row-moments.wgsl";
import scan from "../../shaders/scan.wgsl";
import window from "../../shaders/window.wgsl";

export interface Kernels {
  readonly gatherRows: Kernel;
  readonly scan: Kernel;
  readonly decode: Kernel;
  readonly dequantiseBlocks: Kernel;
  readonly dequantiseGroups: Kernel;
  readonly dequantiseTable: Kernel;
  readonly rowMoments: Kernel;
  readonly columnNorms: Kernel;
  readonly bidiagonaliseColumns: Kernel;
  readonly bidiagonaliseRows: Kernel;
}

/** Columns that a workgroup of bidiagonalise-columns.wgsl and of column-norms.wgsl takes. */
export const columnLanes = 16;
/** Rows that a workgroup of bidiagonalise-rows.wgsl takes. */
export const rowsPerWorkgroup = 8;

export async function compileKernels(device: GPUDevice, { small, fused }: Target): Promise<Kernels> {
  const strips = small ? 4 : 16;
  const threads = small ? 8 : 64;
  const reflections = `const FUSED = ${String(fused)};\n${reflection}`;
  const dequantisation = (source: string): string => number + dequantise + source + window;
  const [gathered, scanned, decoded, blocks, groups, table, moments, norms, columns, rows] = await Promise.all([
    compileKernel(device, "gather-rows", gatherRows),
    compileKernel(device, "scan", number + scan),
    compileKernel(device, "decode", number + decode),
    compileKernel(device, "dequantise-blocks", dequantisation(dequantiseBlocks)),
    compileKernel(device, "dequantise-groups", dequantisation(dequantiseGroups)),
    compileKernel(device, "dequantise-table", dequantisation(dequantiseTable)),
    compileKernel(device, "row-moments", rowMoments, { threads }),
    compileKernel(device, "column-norms", columnNorms, { lanes: columnLanes, strips }),
    compileKernel(device, "bidiagonalise-columns", reflections + bidiagonaliseColumns, { lanes: columnLanes, strips }),
    compileKernel(device, "bidiagonalise-rows", reflections + bidiagonaliseRows, { threads }),
  ]);
  return {
    gatherRows: gathered,
    scan: scanned,
    decode: decoded,
    dequantiseBlocks: blocks,
    dequantiseGroups: groups,
    dequantiseTable: table,
    rowMoments: moments,
    columnNorms: norms,
    bidiagonaliseColumns: columns,
    bidiagonaliseRows: rows,
  };
}
