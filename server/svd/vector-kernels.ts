/** The compute kernels for singular vectors, compiled when vectors are first asked for. */
import type { Target } from "../gpu/device.ts";
import { compileKernel, type Kernel } from "../gpu/kernels.ts";
import { unroll } from "../gpu/unroll.ts";
import choleskyPanel from "../../shaders/cholesky-panel.wgsl";
import choleskyUpdate from "../../shaders/cholesky-update.wgsl";
import gramPairs from "../../shaders/gram-pairs.wgsl";
import kolmogorovSmirnov from "../../shaders/kolmogorov-smirnov.wgsl";
import kolmogorovSmirnovLong from "../../shaders/kolmogorov-smirnov-long.wgsl";
import multiply from "../../shaders/multiply.wgsl";
import normalDistribution from "../../shaders/normal-distribution.wgsl";
import normaliseRows from "../../shaders/normalise-rows.wgsl";
import pairsOfBlocks from "../../shaders/pairs-of-blocks.wgsl";
import bitonicSort from "../../shaders/bitonic-sort.wgsl";
import rowStatistics from "../../shaders/row-statistics.wgsl";
import rowLengths from "../../shaders/row-lengths.wgsl";
import rotatePairs from "../../shaders/rotate-pairs.wgsl";
import turnPairs from "../../shaders/turn-pairs.wgsl";
import { quadsOf, type QuadsSource } from "./quads-source.ts";

/** The kernels of a round of block Jacobi that read rows of the matrix. */
export interface RowKernels {
  readonly gramPairs: Kernel;
  /** Of different blocks only. */
  readonly gramCrossedPairs: Kernel;
  readonly turnPairs: Kernel;
}

export interface VectorKernels {
  readonly multiply: Kernel;
  /** Those for rows of this length. */
  rowKernels(length: number): Promise<RowKernels>;
  readonly rotatePairs: Kernel;
  readonly choleskyPanel: Kernel;
  readonly choleskyUpdate: Kernel;
  readonly normaliseRows: Kernel;
  readonly rowLengths: Kernel;
  /** For rows of this length. */
  kolmogorovSmirnov(length: number): Promise<Kernel>;
  /** Rows of a pair of blocks. */
  readonly side: number;
}

/** How a workgroup of turn-pairs.wgsl takes columns, and how many. */
const turning = { depth: 16, lanes: 32 };
export const turnColumns = 4 * turning.lanes;

export async function compileVectorKernels(device: GPUDevice, { small, fused }: Target): Promise<VectorKernels> {
  const memory = device.limits.maxComputeWorkgroupStorageSize;
  // Two matrices of 64 × 64 and a little more; a processor's barriers cost more than what larger blocks save.
  const side = memory >= 36 << 10 && !small ? 64 : 32;
  // For each table of rotate-pairs.wgsl an invocation, for each column two, and one for two pieces. A processor has no use
  // for so many.
  const tables = side / 2;
  const pieces = (tables * (tables - 1)) / 2;
  const threads = small
    ? 6 * tables
    : Math.min(5 * tables + pieces / 2, device.limits.maxComputeInvocationsPerWorkgroup);
  // What is sorted in workgroup memory: a little more than the entries, and a sum of each thread.
  const capacities = [512, 2048, 4096, 8192].filter((capacity) => 4 * (capacity / 32) * 33 + 4 * 256 + 64 <= memory);
  const sort = { threads: small ? 32 : 256 };
  const sorting = normalDistribution + bitonicSort + rowStatistics;
  const constants = (values: Readonly<Record<string, string>>): string =>
    Object.entries(values)
      .map(([name, value]) => `const ${name} = ${value};\n`)
      .join("");
  const SIDE = `${side}u`;
  const rotationLoops: readonly (readonly [string, number])[] = [
    ["TOGETHER", 4],
    ["SHARED", tables / 2],
    ["ALL_BUT_ONE", tables / 2 - 1],
    ["ALL_BUT_TWO", tables / 2 - 2],
  ];
  const rotation = { SIDE, THREADS: `${threads}u`, FUSED: String(fused) };
  // But for processors, whose compilers take minutes then and gain nothing. The numbers are those of the shaders.
  const written = (source: string, limit: string, count: number): string =>
    fused ? unroll(source, limit, count) : source;
  const compileRowKernels = async (name: string, { read, write }: QuadsSource): Promise<RowKernels> => {
    const rows = pairsOfBlocks + read;
    const [gram, crossed, turn] = await Promise.all([
      compileKernel(
        device,
        `gram-pairs${name}`,
        constants({ SIDE, CROSSED: "false" }) + rows + written(gramPairs, "ROUNDS", 16),
      ),
      compileKernel(
        device,
        `gram-pairs (crossed)${name}`,
        constants({ SIDE, CROSSED: "true" }) + rows + written(gramPairs, "ROUNDS", 4),
      ),
      compileKernel(
        device,
        `turn-pairs${name}`,
        constants({ SIDE, DEPTH: `${turning.depth}u`, LANES: `${turning.lanes}u` }) +
          pairsOfBlocks +
          write +
          written(turnPairs, "DEPTH", turning.depth),
      ),
    ]);
    return { gramPairs: gram, gramCrossedPairs: crossed, turnPairs: turn };
  };
  const rowKernels = remembered((aligned: boolean) =>
    aligned ? compileRowKernels("", quadsOf(true)) : compileRowKernels(" (any length)", quadsOf(false)),
  );
  const statisticsKernel = remembered((capacity: number | null) =>
    capacity === null
      ? compileKernel(device, "kolmogorov-smirnov-long", sorting + kolmogorovSmirnovLong, sort)
      : compileKernel(device, "kolmogorov-smirnov", sorting + kolmogorovSmirnov, { ...sort, capacity }),
  );
  const [rotate, product, panel, update, normalise, lengths] = await Promise.all([
    compileKernel(
      device,
      "rotate-pairs",
      constants(rotation) +
        pairsOfBlocks +
        rotationLoops.reduce((source, [limit, count]) => written(source, limit, count), rotatePairs),
    ),
    compileKernel(device, "multiply", multiply),
    compileKernel(device, "cholesky-panel", choleskyPanel, { threads: small ? 32 : 256 }),
    compileKernel(device, "cholesky-update", choleskyUpdate),
    compileKernel(device, "normalise-rows", normaliseRows),
    compileKernel(device, "row-lengths", rowLengths, { threads: small ? 8 : 64 }),
  ]);
  return {
    rowKernels: (length) => rowKernels(length % 4 === 0),
    rotatePairs: rotate,
    multiply: product,
    choleskyPanel: panel,
    choleskyUpdate: update,
    normaliseRows: normalise,
    rowLengths: lengths,
    kolmogorovSmirnov: (length) => statisticsKernel(capacities.find((capacity) => capacity >= length) ?? null),
    side,
  };
}

/** Calls `compile` once for each key. */
function remembered<Key, Compiled>(compile: (key: Key) => Promise<Compiled>): (key: Key) => Promise<Compiled> {
  const known = new Map<Key, Promise<Compiled>>();
  return (key) => {
    const compiled = known.get(key) ?? compile(key);
    known.set(key, compiled);
    return compiled;
  };
}
