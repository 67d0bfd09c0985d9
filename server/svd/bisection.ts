import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import type { Submits } from "../gpu/paced-submits.ts";
import type { TwoStageKernels } from "./two-stage-kernels.ts";

export interface BidiagonalBuffers {
  /** The packed bands, bidiagonal by now. */
  readonly band: GPUBuffer;
  /** Matrix by matrix: `columns` diagonal entries and `columns` superdiagonal ones, the last of them 0. */
  readonly bidiagonal: GPUBuffer;
  readonly squares: GPUBuffer;
  readonly scales: GPUBuffer;
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
    squares: 16 * count * columns,
    scales: 4 * count,
    values: 4 * count * columns,
  };
}

/** Finds the singular values of the bidiagonal matrices; shaders/bisect-values.wgsl explains how. */
export async function bisectValues(
  device: GPUDevice,
  kernels: TwoStageKernels,
  submits: Submits,
  count: number,
  columns: number,
  { band, bidiagonal, squares, scales, values }: BidiagonalBuffers,
  signal: AbortSignal,
): Promise<void> {
  const { unpackBidiagonal: unpack, bisect, blocks } = kernels;
  const { lanes, kernel } = bisect.find(({ lanes }) => count * columns * lanes <= blocks.bisecting) ?? bisect.at(-1)!;
  const resources = [band, bidiagonal, squares, scales].map((buffer) => ({ buffer }));
  const unpackBuffers = bindBuffers(device, unpack, resources);
  const bisectBuffers = bindBuffers(device, kernel, [{ buffer: squares }, { buffer: scales }, { buffer: values }]);
  await submits.run(
    1,
    () => 1,
    (pass) => {
      dispatch(pass, unpack, unpackBuffers, [columns, 0], [1, 1, count]);
      dispatch(pass, kernel, bisectBuffers, [columns, 0], [Math.ceil(columns / (64 / lanes)), 1, count]);
    },
    signal,
  );
}
