/** The compute kernels for singular vectors, compiled when vectors are first asked for. */
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
import gramPairs from "../../shaders/gram-pairs.wgsl";
import kolmogorovSmirnov from "../../shaders/kolmogorov-smirnov.wgsl";
import kolmogorovSmirnovLong from "../../shaders/kolmogorov-smirnov-long.wgsl";
import multiply from "../../shaders/multiply.wgsl";
import normalDistribution from "../../shaders/normal-distribution.wgsl";
import rotatePairs from "../../shaders/rotate-pairs.wgsl";
import turnPairs from "../../shaders/turn-pairs.wgsl";

export interface VectorKernels {
  readonly gramPairs: Kernel;
  readonly rotatePairs: Kernel;
  readonly turnPairs: Kernel;
  readonly multiply: Kernel;
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
  const threads = software ? 32 : 256;
  const sort = { threads };
  const [gram, rotate, turn, product, short, long] = await Promise.all([
    compileKernel(device, "gram-pairs", gramPairs, { side }),
    compileKernel(device, "rotate-pairs", rotatePairs, { side, threads: software ? 32 : 256 }),
    compileKernel(device, "turn-pairs", turnPairs, { side }),
    compileKernel(device, "multiply", multiply),
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
    kolmogorovSmirnov: short,
    kolmogorovSmirnovLong: long,
    side,
    sortCapacity,
  };
}
