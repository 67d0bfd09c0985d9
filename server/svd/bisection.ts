import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import type { TwoStageKernels } from "./two-stage-kernels.ts";

/** Pairs of invocations of a workgroup of shaders/sturm-counts.wgsl. */
const seats = 32;

export interface BidiagonalBuffers {
  /** The packed bands, bidiagonal by now. */
  readonly band: GPUBuffer;
  /** Matrix by matrix: `columns` diagonal entries and `columns` superdiagonal ones, the last of them 0. */
  readonly bidiagonal: GPUBuffer;
  readonly squares: GPUBuffer;
  readonly scales: GPUBuffer;
  /** Matrix by matrix how many values are below each of the first points. */
  readonly counts: GPUBuffer;
  /** Matrix by matrix the values, descending. */
  readonly values: GPUBuffer;
}

/** Sizes in bytes for `count` matrices. */
export function bidiagonalBytes(
  count: number,
  columns: number,
): Record<Exclude<keyof BidiagonalBuffers, "band">, number> {
  return {
    bidiagonal: 8 * count * columns,
    squares: 2 * 16 * count * stepsOf(columns),
    scales: 4 * count,
    counts: 4 * count * pointsOf(columns),
    values: 4 * count * columns,
  };
}

/** Pivots that are taken from either end: half of them, in eights. */
function stepsOf(columns: number): number {
  return 8 * Math.ceil(columns / 16);
}

/** Points at which the values of a matrix are counted first: two to four for each, and no fewer than a workgroup takes. */
function pointsOf(columns: number): number {
  return Math.max(seats, 2 * 2 ** Math.ceil(Math.log2(columns)));
}

/** In units of the power of two next below the largest entry, as shaders/bisect-values.wgsl has them. */
export const intervals = {
  /** All values are below: no entry is 2, and a row of the matrix has two. */
  bound: 4,
  /** So far they are narrowed down in single precision. */
  rough: 1e-6,
  /** What counts in single precision may be wrong by: seven times what the worst of many were, with quotients 2.5 ulp off. */
  margin: 3e-6,
  /** So far they are narrowed down in the end. */
  fine: 6e-8,
} as const;

/** Steps that narrow an interval down to a part of it, if each leaves one in `lanes` + 1. */
function stepsTo(part: number, lanes: number): number {
  return Math.max(0, Math.ceil(-Math.log(part) / Math.log(lanes + 1)));
}

/** Finds the singular values of the bidiagonal matrices; shaders/bisect-values.wgsl explains how. */
export async function bisectValues(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: Submits,
  count: number,
  columns: number,
  { band, bidiagonal, squares, scales, counts, values }: BidiagonalBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { unpackBidiagonal: unpack, countValues, bisectValues: bisect, blocks } = kernels;
  const unpackBuffers = bindBuffers(device, unpack, [band, bidiagonal, squares, scales]);
  const countBuffers = bindBuffers(device, countValues, [squares, counts]);
  const bisectBuffers = bindBuffers(device, bisect, [squares, counts, scales, values]);
  const { bound, rough, margin, fine } = intervals;
  const steps = stepsOf(columns);
  const points = pointsOf(columns);
  // Few values have many invocations each, two for every point.
  const lanes = [16, 8, 4, 2].find((lanes) => 2 * count * columns * lanes <= blocks.bisecting) ?? 1;
  const firstRounds = stepsTo((rough * points) / bound, lanes);
  const rounds = stepsTo(fine / (rough + 2 * margin), lanes);
  // 1 in single precision.
  const shape = [columns, steps, 0x3f800000, points, lanes, firstRounds, rounds];
  await submits.run(
    1,
    () => 1,
    (pass) => {
      dispatch(pass, unpack, unpackBuffers, shape.slice(0, 3), [1, 1, count]);
      dispatch(pass, countValues, countBuffers, shape, [points / seats, 1, count]);
      dispatch(pass, bisect, bisectBuffers, shape, [Math.ceil((columns * lanes) / seats), 1, count]);
    },
    signal,
  );
}
