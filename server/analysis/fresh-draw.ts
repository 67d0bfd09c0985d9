import type { ConfigInitialiser } from "../architecture/config-initialiser.ts";
import type { Role } from "../architecture/role.ts";
import { isFloatDtype } from "../checkpoint/encode.ts";
import type { DrawnSpectrum, MatrixDetail } from "../protocol.ts";
import { freshInitialiser } from "../spectrum/fresh-initialiser.ts";
import type { GpuProcess } from "./gpu-process.ts";

/** The projections whose results are added to the residual stream. */
const residualRoles: readonly Role[] = ["output", "down"];

/**
 * Draws a matrix as one of a checkpoint probably began, rounds it to the same dtype, and computes its spectrum; null where
 * no fresh matrix compares with it (entries that are not finite, or all zero).
 * @throws the signal's reason when it is aborted; an Error in one sentence if it cannot be computed.
 */
export async function drawFresh(
  gpu: Pick<GpuProcess, "draw">,
  detail: MatrixDetail,
  configInitialiser: ConfigInitialiser | null,
  { seed, signal }: { readonly seed: number; readonly signal: AbortSignal },
): Promise<DrawnSpectrum | null> {
  const { rows, columns, entries, metrics, role } = detail;
  if (entries === null) return null;
  const values = Float64Array.from(detail.singularValues, (value) => value ?? NaN);
  const initialiser = freshInitialiser(entries, detail, values, {
    configInitialiser,
    intoResidual: residualRoles.includes(role),
    sigmaBulk: metrics.sigmaBulk,
  });
  if (initialiser === null) return null;
  const { distribution, sigma } = initialiser;
  // Scales would make the entries of a quantised weight finer than those of its codes.
  const dtype = isFloatDtype(detail.dtype) && detail.format === undefined ? detail.dtype : "F32";
  const drawn = await gpu.draw({ distribution, sigma, seed, rows, columns, dtype }, signal);
  return { initialiser, seed, dtype, singularValues: [...drawn.measurement.singularValues], metrics: drawn.metrics };
}
