import { dtypeBits } from "../checkpoint/dtype.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { pieceLayout } from "./dequantiser.ts";
import type { Kernels } from "./kernels.ts";
import type { MatrixSource } from "./measurement.ts";
import { numberFormat } from "./number-format.ts";

/** Bytes of matrices, as the file has them, on the GPU: a part of one matrix, or several that lie at equal distances. */
export interface RawBytes {
  readonly buffer: GPUBuffer;
  /** Where they begin, a multiple of 256. */
  readonly offset: number;
  /** Bytes of each matrix, a multiple of 8, zeros after its last entry, and how many of it come before. */
  readonly bytes: number;
  readonly position: number;
  readonly count: number;
  /** From one matrix to the next, a multiple of 8. */
  readonly distance: number;
}

/** Where the decoded entries of the first matrix go; those of the others follow. */
export interface Target {
  /** Its place in the batch, for its counters. */
  readonly slot: number;
  /** Where its first entry goes in `matrices`. */
  readonly first: number;
  readonly transposed: boolean;
}

/** The decoded batch, and what was counted of it. */
export interface EntryTargets {
  readonly matrices: GPUBuffer;
  readonly counters: GPUBuffer;
}

/** Bytes that a matrix takes on the GPU as the files have it, in whole 64-bit words; of a quantised one, those of the weight. */
export function rawBytes({ rows, columns, dtype, quantised }: MatrixSource): number {
  return quantised === undefined
    ? Math.ceil((rows * columns * dtypeBits[dtype]) / 64) * 8
    : pieceLayout(quantised.pieces).bytes;
}

/**
 * Workgroups of a dispatch at most for a matrix; they stride over it. A software driver has a few threads, and what a
 * workgroup adds up at its end costs it more than an entry.
 */
const workgroups = { hardware: 1024, software: 64 };
const threads = 64;

/** Encodes what is done with raw bytes: shaders/gather-rows.wgsl, scan.wgsl and decode.wgsl. */
export class RawEntries {
  readonly #device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #workgroups: number;

  constructor(device: GPUDevice, kernels: Kernels, software: boolean) {
    this.#device = device;
    this.#kernels = kernels;
    this.#workgroups = workgroups[software ? "software" : "hardware"];
  }

  /**
   * Pushes the rows of `count` matrices together, which begin at byte `begin` of `raw`, and every `distance` bytes.
   * @returns where they are in `packed`.
   */
  gather(
    pass: GPUComputePassEncoder,
    { rows, columns, pitch = columns, dtype }: MatrixSource,
    {
      raw,
      begin,
      count,
      distance,
    }: Readonly<Record<"begin" | "count" | "distance", number>> & {
      readonly raw: GPUBuffer;
    },
    packed: GPUBuffer,
  ): RawBytes {
    const { gatherRows } = this.#kernels;
    const entry = dtypeBits[dtype] / 8;
    const bytes = rows * columns * entry;
    const each = Math.ceil(bytes / 8) * 8;
    const buffers = bindBuffers(this.#device, gatherRows, [{ buffer: raw }, { buffer: packed }]);
    const parameters = [begin, columns * entry, pitch * entry, bytes, distance, each / 4];
    dispatch(pass, gatherRows, buffers, parameters, [this.#groupsOf(bytes / 4), 1, count]);
    return { buffer: packed, offset: 0, bytes: each, position: 0, count, distance: each };
  }

  /** Adds what is found to the counters of the matrices from `slot` on. */
  scan(pass: GPUComputePassEncoder, source: MatrixSource, raw: RawBytes, slot: number, counters: GPUBuffer): void {
    const { scan } = this.#kernels;
    const { code, one } = numberFormat(source.dtype)!;
    const { entries, firstEntry, chunk } = within(source, raw);
    const buffers = bindBuffers(this.#device, scan, [chunk, { buffer: counters }]);
    const words = [raw.bytes / 4, raw.position / 4];
    const parameters = [...code, entries, firstEntry, source.columns, ...words, slot, raw.distance / 4, ...one];
    dispatch(pass, scan, buffers, parameters, [this.#groupsOf(entries), 1, raw.count]);
  }

  /** After all of each matrix was scanned, because that finds its scale. */
  decode(
    pass: GPUComputePassEncoder,
    source: MatrixSource,
    raw: RawBytes,
    { slot, first, transposed }: Target,
    { matrices, counters }: EntryTargets,
  ): void {
    const { decode } = this.#kernels;
    const { rows, columns, dtype } = source;
    const { code } = numberFormat(dtype)!;
    const { entries, firstEntry, chunk } = within(source, raw);
    const buffers = bindBuffers(this.#device, decode, [chunk, { buffer: counters }, { buffer: matrices }]);
    const place = [slot, first, raw.distance / 4, transposed ? 1 : 0];
    const parameters = [...code, entries, firstEntry, rows, columns, ...place];
    dispatch(pass, decode, buffers, parameters, [this.#groupsOf(entries), 1, raw.count]);
  }

  #groupsOf(items: number): number {
    return Math.min(this.#workgroups, Math.ceil(items / threads));
  }
}

/** The entries that lie in a part of a matrix. */
function within(
  { rows, columns, dtype }: MatrixSource,
  { buffer, offset, bytes, position, count, distance }: RawBytes,
): { readonly entries: number; readonly firstEntry: number; readonly chunk: GPUBufferBinding } {
  const entry = dtypeBits[dtype] / 8;
  const firstEntry = position / entry;
  return {
    firstEntry,
    entries: Math.min(bytes / entry, rows * columns - firstEntry),
    chunk: { buffer, offset, size: bytes + (count - 1) * distance },
  };
}
