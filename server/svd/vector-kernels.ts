/** The compute kernels for singular vectors, compiled when vectors are first asked for. */
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
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

export interface VectorKernels {
  readonly gramPairs: Kernel;
  readonly rotatePairs: Kernel;
  readonly turnPairs: Kernel;
  readonly multiply: Kernel;
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

export async function compileVectorKernels(device: GPUDevice, software: boolean): Promise<VectorKernels> {
  const memory = device.limits.maxComputeWorkgroupStorageSize;
  // Two matrices of 64 × 64 and a little more; a processor's barriers cost more than what larger blocks save.
  const side = memory >= 36 << 10 && !software ? 64 : 32;
  const sortCapacity = memory >= 36 << 10 ? 8192 : memory >= 20 << 10 ? 4096 : 2048;
  // Both are bound by the steps that follow one another: the more threads, the shorter each. A processor has no use for them.
  const threads = software ? 32 : Math.min(1024, device.limits.maxComputeInvocationsPerWorkgroup);
  const rotationThreads = Math.min(threads, (side * side) / 4);
  const sort = { threads };
  const [gram, rotate, turn, product, panel, update, normalise, lengths, short, long] = await Promise.all([
    compileKernel(device, "gram-pairs", gramPairs, { side }),
    compileKernel(device, "rotate-pairs", rotatePairs, { side, threads: rotationThreads }),
    compileKernel(device, "turn-pairs", turnPairs, { side }),
    compileKernel(device, "multiply", multiply),
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
    rotatePairs: rotate,
    turnPairs: turn,
    multiply: product,
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
