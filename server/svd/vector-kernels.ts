/** The compute kernels for singular vectors, compiled when vectors are first asked for. */
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
import type { ProductKernels } from "./matrix-product.ts";
import choleskyPanel from "../../shaders/cholesky-panel.wgsl";
import choleskyUpdate from "../../shaders/cholesky-update.wgsl";
import gramPairs from "../../shaders/gram-pairs.wgsl";
import kolmogorovSmirnov from "../../shaders/kolmogorov-smirnov.wgsl";
import kolmogorovSmirnovLong from "../../shaders/kolmogorov-smirnov-long.wgsl";
import multiply from "../../shaders/multiply.wgsl";
import normalDistribution from "../../shaders/normal-distribution.wgsl";
import normaliseRows from "../../shaders/normalise-rows.wgsl";
import rowLengths from "../../shaders/row-lengths.wgsl";
import rotatePairs from "../../shaders/rotate-pairs.wgsl";
import turnPairs from "../../shaders/turn-pairs.wgsl";

export interface VectorKernels extends ProductKernels {
  readonly gramPairs: Kernel;
  /** Of different blocks only. */
  readonly gramCrossedPairs: Kernel;
  readonly rotatePairs: Kernel;
  readonly turnPairs: Kernel;
  readonly choleskyPanel: Kernel;
  readonly choleskyUpdate: Kernel;
  readonly normaliseRows: Kernel;
  readonly rowLengths: Kernel;
  readonly kolmogorovSmirnov: Kernel;
  readonly kolmogorovSmirnovLong: Kernel;
  /** Rows of a pair of blocks. */
  readonly side: number;
  /** The longest vector that is sorted in workgroup memory. */
  readonly sortCapacity: number;
}

/** Columns that a workgroup of turn-pairs.wgsl takes. */
export const turnColumns = 128;

export async function compileVectorKernels(device: GPUDevice, software: boolean): Promise<VectorKernels> {
  const memory = device.limits.maxComputeWorkgroupStorageSize;
  // Two matrices of 64 × 64 and a little more; a processor's barriers cost more than what larger blocks save.
  const side = memory >= 36 << 10 && !software ? 64 : 32;
  const sortCapacity = memory >= 36 << 10 ? 8192 : memory >= 20 << 10 ? 4096 : 2048;
  // Both are bound by the steps that follow one another: the more threads, the shorter each. A processor has no use for them.
  const threads = software ? 32 : Math.min(1024, device.limits.maxComputeInvocationsPerWorkgroup);
  const sort = { threads };
  const constants = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `const ${name} = ${value};\n`)
      .join("");
  const SIDE = `${side}u`;
  const rotation = { SIDE, THREADS: `${Math.min(threads, (side * side) / 4)}u`, FUSED: String(!software) };
  const [gram, crossed, rotate, turn, product, largeProduct, panel, update, normalise, lengths, short, long] =
    await Promise.all([
      compileKernel(device, "gram-pairs", constants({ SIDE, CROSSED: "false" }) + gramPairs),
      compileKernel(device, "gram-pairs (crossed)", constants({ SIDE, CROSSED: "true" }) + gramPairs),
      compileKernel(device, "rotate-pairs", constants(rotation) + rotatePairs),
      compileKernel(device, "turn-pairs", constants({ SIDE, ACROSS: `${turnColumns / 64}u` }) + turnPairs),
      compileKernel(device, "multiply", constants({ EACH: "1u" }) + multiply),
      compileKernel(device, "multiply (large)", constants({ EACH: "2u" }) + multiply),
      compileKernel(device, "cholesky-panel", choleskyPanel, { threads: software ? 32 : 256 }),
      compileKernel(device, "cholesky-update", choleskyUpdate),
      compileKernel(device, "normalise-rows", normaliseRows),
      compileKernel(device, "row-lengths", rowLengths, { threads: software ? 8 : 64 }),
      compileKernel(device, "kolmogorov-smirnov", normalDistribution + kolmogorovSmirnov, {
        ...sort,
        capacity: sortCapacity,
      }),
      compileKernel(device, "kolmogorov-smirnov-long", normalDistribution + kolmogorovSmirnovLong, sort),
    ]);
  return {
    gramPairs: gram,
    gramCrossedPairs: crossed,
    rotatePairs: rotate,
    turnPairs: turn,
    multiply: product,
    multiplyLarge: largeProduct,
    choleskyPanel: panel,
    choleskyUpdate: update,
    normaliseRows: normalise,
    rowLengths: lengths,
    kolmogorovSmirnov: short,
    kolmogorovSmirnovLong: long,
    side,
    sortCapacity,
  };
}
