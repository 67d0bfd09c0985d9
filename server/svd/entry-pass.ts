import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { momentsPerRow } from "./entry-statistics.ts";
import { columnLanes, type Kernels } from "./kernels.ts";

/** Rows that a workgroup of column-norms.wgsl adds up, and bands of so many at most, which is what a dispatch takes. */
const bandRows = 512;
const mostBands = 65535;

/** What is known of the entries of equal-shaped matrices, or of some of their rows. */
export interface EntryBuffers {
  /** See shaders/row-moments.wgsl. */
  readonly moments: GPUBuffer;
  /** See shaders/column-norms.wgsl. */
  readonly columnNorms: GPUBuffer;
}

function bandsOf(rows: number): { readonly band: number; readonly bands: number } {
  const band = Math.max(bandRows, Math.ceil(rows / mostBands));
  return { band, bands: Math.ceil(rows / band) };
}

/** Sizes in bytes of {@link EntryBuffers} for one matrix. */
export function entryBytes(rows: number, columns: number): Record<keyof EntryBuffers, number> {
  return { moments: 4 * momentsPerRow * rows, columnNorms: 8 * bandsOf(rows).bands * columns };
}

/** Submits the statistics of `count` matrices of `rows × columns` decoded entries, the first of which is entry `first`. */
export function submitEntryPass(
  device: GPUDevice,
  { rowMoments, columnNorms: normsKernel }: Kernels,
  matrices: GPUBuffer,
  { count, rows, columns, first }: Readonly<Record<"count" | "rows" | "columns" | "first", number>>,
  { moments, columnNorms }: EntryBuffers,
): void {
  const { band, bands } = bandsOf(rows);
  const encoder = device.createCommandEncoder({ label: "statistics" });
  const pass = encoder.beginComputePass();
  const rowBuffers = bindBuffers(device, rowMoments, [{ buffer: matrices }, { buffer: moments }]);
  dispatch(pass, rowMoments, rowBuffers, [rows, columns, first], [Math.min(rows, 65535), 1, count]);
  const columnBuffers = bindBuffers(device, normsKernel, [{ buffer: matrices }, { buffer: columnNorms }]);
  const groups = [Math.ceil(columns / columnLanes), bands, count] as const;
  dispatch(pass, normsKernel, columnBuffers, [rows, columns, band, first], groups);
  pass.end();
  device.queue.submit([encoder.finish()]);
}
