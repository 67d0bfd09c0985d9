import { open, type FileHandle } from "node:fs/promises";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { UnreadableFile, Uploader } from "../gpu/upload.ts";
import type { Kernels } from "./kernels.ts";
import type { MatrixSource } from "./measurement.ts";
import { numberFormat } from "./number-format.ts";

/** A matrix as it lies on the GPU: the larger side down. */
export interface Shape {
  readonly rows: number;
  readonly columns: number;
  /** The file has it the other way round. */
  readonly transposed: boolean;
}

export function shapeOf({ rows, columns }: MatrixSource): Shape {
  return rows >= columns ? { rows, columns, transposed: false } : { rows: columns, columns: rows, transposed: true };
}

/** Bytes of a staging buffer, and of what one dispatch takes. A multiple of every alignment. */
const chunkBytes = 8 << 20;
/** Workgroups of a dispatch at most; they stride over the chunk. */
const workgroups = 1024;
const threads = 64;

/** Where a matrix goes: its raw bytes for the time being, the decoded batch, the batch's counters. */
export interface LoadBuffers {
  readonly raw: GPUBuffer;
  readonly matrices: GPUBuffer;
  readonly counters: GPUBuffer;
}

/** Bytes that a matrix takes on the GPU as the file has it, in whole 64-bit words. */
export function rawBytes({ rows, columns, dtype }: MatrixSource): number {
  return Math.ceil((rows * columns * dtypeBits[dtype]) / 64) * 8;
}

/** Bytes from the first entry of a matrix in its file to the last. */
export function spanBytes({ rows, columns, pitch = columns, dtype }: MatrixSource): number {
  return (((rows - 1) * pitch + columns) * dtypeBits[dtype]) / 8;
}

/** Reads matrices from files, scans their raw bytes and decodes them to scaled fp32. */
export class MatrixLoader {
  readonly #device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #uploader: Uploader;
  readonly #submits: PacedSubmits;

  constructor(device: GPUDevice, kernels: Kernels) {
    this.#device = device;
    this.#kernels = kernels;
    this.#uploader = new Uploader(device, chunkBytes);
    this.#submits = new PacedSubmits(device);
  }

  /**
   * Puts a matrix of a dtype that {@link numberFormat} knows into slot `slot` of a batch of equal-shaped ones, with what
   * shaders/scan.wgsl counts, whose counters must be zero before. `raw` takes {@link rawBytes} of the matrix on its way.
   * The larger side goes down, or `across`. Returns null, or in one sentence why the file could not be read.
   */
  async load(
    source: MatrixSource,
    slot: number,
    batch: LoadBuffers,
    signal: AbortSignal,
    larger: "down" | "across" = "down",
  ): Promise<string | null> {
    let file: FileHandle | undefined;
    try {
      file = await open(source.path).catch((cause: unknown) => {
        throw new UnreadableFile(cause);
      });
      const { begin, rows, columns, pitch = columns } = source;
      const entryBytes = dtypeBits[source.dtype] / 8;
      const inFile = { begin, rows, rowBytes: columns * entryBytes, pitchBytes: pitch * entryBytes };
      await this.#uploader.upload(file, inFile, batch.raw, signal);
      await this.#scanAndDecode(source, slot, batch, larger, signal);
      return null;
    } catch (error) {
      if (error instanceof UnreadableFile) return `${source.path} cannot be read: ${error.message}.`;
      throw error;
    } finally {
      await file?.close();
    }
  }

  /** The scan of all chunks comes before the first is decoded, because it finds the scale. */
  async #scanAndDecode(
    { rows, columns, dtype }: MatrixSource,
    slot: number,
    { raw, matrices, counters }: LoadBuffers,
    larger: "down" | "across",
    signal: AbortSignal,
  ): Promise<void> {
    const { scan, decode } = this.#kernels;
    const format = numberFormat(dtype)!;
    const chunks = Math.ceil(raw.size / chunkBytes);
    const transpose = (larger === "down" ? rows < columns : rows > columns) ? 1 : 0;
    await this.#submits.run(
      2 * chunks,
      (step) => Math.min(chunkBytes, raw.size - (step % chunks) * chunkBytes),
      (pass, step) => {
        const offset = (step % chunks) * chunkBytes;
        const chunk = { buffer: raw, offset, size: Math.min(chunkBytes, raw.size - offset) };
        const firstEntry = offset / format.bytes;
        const entries = Math.min(chunkBytes / format.bytes, rows * columns - firstEntry);
        const groups = [Math.min(workgroups, Math.ceil(entries / threads))] as const;
        if (step < chunks) {
          const buffers = bindBuffers(this.#device, scan, [chunk, { buffer: counters }]);
          const words = [chunk.size / 4, offset / 4];
          dispatch(
            pass,
            scan,
            buffers,
            [...format.code, entries, firstEntry, columns, ...words, slot, ...format.one],
            groups,
          );
        } else {
          const buffers = bindBuffers(this.#device, decode, [chunk, { buffer: counters }, { buffer: matrices }]);
          dispatch(
            pass,
            decode,
            buffers,
            [...format.code, entries, firstEntry, rows, columns, slot, transpose],
            groups,
          );
        }
      },
      signal,
    );
  }
}
