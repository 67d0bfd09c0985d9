import { t } from "../text/l10n.ts";
import { open, type FileHandle } from "node:fs/promises";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { createBuffers, destroyAll } from "../gpu/buffers.ts";
import { bindBuffers, dispatch } from "../gpu/kernels.ts";
import { StagingPool } from "../gpu/staging-pool.ts";
import { UnreadableFile, Uploader, type FileRows, type Reading, type Staged } from "../gpu/upload.ts";
import { fileSpans, type FileSpan } from "./file-spans.ts";
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

/** Where matrices go: the decoded batch, and the batch's counters, which are zero before. */
export interface LoadBuffers {
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

/**
 * Sizes, by whether a processor emulates the GPU. `staging`: bytes of a staging buffer, a multiple of every alignment, and
 * how many there are: a piece waits for the work that was submitted before it, so that a GPU needs some. `submit`: raw bytes
 * that one submit decodes. `span`: bytes that are read together at most.
 */
const sizes = {
  hardware: { staging: 16 << 20, buffers: 8, submit: 64 << 20, span: 256 << 20 },
  software: { staging: 8 << 20, buffers: 2, submit: 8 << 20, span: 64 << 20 },
};
/** Workgroups of a dispatch at most; they stride over the piece. */
const workgroups = 1024;
const threads = 64;

/** Reads matrices from files, scans their raw bytes and decodes them to scaled fp32. */
export class MatrixLoader {
  readonly #device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #uploader: Uploader;
  readonly #software: boolean;
  readonly #sizes: (typeof sizes)["hardware"];

  constructor(device: GPUDevice, kernels: Kernels, software: boolean) {
    this.#device = device;
    this.#kernels = kernels;
    this.#software = software;
    this.#sizes = sizes[software ? "software" : "hardware"];
    this.#uploader = new Uploader(new StagingPool(device, this.#sizes.staging, this.#sizes.buffers));
  }

  /**
   * Puts matrices of one shape and of a dtype that {@link numberFormat} knows into the slots of a batch, in their order,
   * with what shaders/scan.wgsl counts. Their larger side goes down, or `across`. Matrices that lie in one another in the
   * file are read once. Returns when all is submitted.
   * @returns by index, in one sentence, why a matrix could not be read.
   * @throws OutOfMemory; the signal's reason.
   */
  async load(
    sources: readonly MatrixSource[],
    batch: LoadBuffers,
    signal: AbortSignal,
    larger: "down" | "across" = "down",
  ): Promise<Map<number, string>> {
    const { maxStorageBufferBindingSize } = this.#device.limits;
    const spans = fileSpans(sources, Math.min(maxStorageBufferBindingSize, this.#sizes.span));
    const unreadable = new Map<number, string>();
    const shared = spans.filter(({ members }) => members.length > 1);
    const together = shared.reduce((most, { begin, end }) => Math.max(most, end - begin), 0);
    const alone = spans.length > shared.length;
    const each = rawBytes(sources[0]!);
    const buffers = await createBuffers(this.#device, {
      raw: Math.max(Math.ceil(together / 8) * 8, alone ? each : 0),
      packed: shared.length > 0 ? each : 8,
    });
    const files = new Files();
    try {
      await this.#uploader.upload(
        spans.map(({ path, begin, end, members }) => {
          const rows =
            members.length === 1
              ? fileRowsOf(sources[members[0]!]!)
              : { begin, rows: 1, rowBytes: end - begin, pitchBytes: end - begin };
          return files.read(path, rows);
        }),
        signal,
        async (index, piece) => {
          const { members, begin } = spans[index]!;
          const first = sources[members[0]!]!;
          const whole = members.length === 1;
          this.#submit((encoder) => {
            encoder.copyBufferToBuffer(piece.staging, 0, buffers.raw, piece.position, piece.bytes);
            if (whole) this.#scan(encoder, first, members[0]!, buffers.raw, batch, piece);
          });
          if (!piece.last) return;
          if (whole) await this.#decode(first, members[0]!, buffers.raw, batch, larger, signal);
          else await this.#takeApart(spans[index]!, sources, begin, buffers, batch, larger, signal);
        },
        (index, { message }) => {
          const { path, members } = spans[index]!;
          for (const member of members) unreadable.set(member, t("{0} cannot be read: {1}.", path, message));
        },
      );
      return unreadable;
    } finally {
      files.close();
      destroyAll(buffers);
    }
  }

  /**
   * Counts what shaders/scan.wgsl finds in a matrix of any size, without keeping it.
   * @returns null, or in one sentence why it could not be read.
   * @throws OutOfMemory; the signal's reason.
   */
  async scan(source: MatrixSource, counters: GPUBuffer, signal: AbortSignal): Promise<string | null> {
    return this.#stream(source, fileRowsOf(source), signal, (encoder, raw, piece) => {
      this.#scan(encoder, source, 0, raw, { counters }, { ...piece, offset: 0 });
    });
  }

  /**
   * Decodes a part of a matrix that {@link scan} has counted before, of any size, larger side down, from entry `first` of
   * `matrices` on. The part is described as a matrix of its own.
   * @param turn settles when `matrices` may be written: reading does not wait for it.
   * @returns null, or in one sentence why it could not be read.
   * @throws OutOfMemory; the signal's reason.
   */
  async decodePart(
    part: MatrixSource,
    { matrices, counters }: LoadBuffers,
    { first, transposed }: { readonly first: number; readonly transposed: boolean },
    turn: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<string | null> {
    return this.#stream(
      part,
      fileRowsOf(part),
      signal,
      (encoder, raw, { position, bytes }) => {
        const pass = encoder.beginComputePass();
        const chunk = { buffer: raw, offset: 0, size: bytes };
        this.#dispatchDecode(pass, part, chunk, position, { matrices, counters }, [0, first, transposed ? 1 : 0]);
        pass.end();
      },
      turn,
    );
  }

  /** Brings a matrix over piece by piece, each of which `encode` uses before the next takes its place. */
  async #stream(
    source: MatrixSource,
    rows: FileRows,
    signal: AbortSignal,
    encode: (encoder: GPUCommandEncoder, raw: GPUBuffer, piece: Staged) => void,
    turn: Promise<unknown> = Promise.resolve(),
  ): Promise<string | null> {
    const buffers = await createBuffers(this.#device, { raw: Math.min(this.#sizes.staging, rawBytes(source)) });
    const files = new Files();
    let unreadable: string | null = null;
    try {
      await this.#uploader.upload(
        [files.read(source.path, rows)],
        signal,
        async (_, piece) => {
          await turn;
          this.#submit((encoder) => {
            encoder.copyBufferToBuffer(piece.staging, 0, buffers.raw, 0, piece.bytes);
            encode(encoder, buffers.raw, piece);
          });
        },
        (_, { message }) => {
          unreadable = t("{0} cannot be read: {1}.", source.path, message);
        },
      );
      return unreadable;
    } finally {
      files.close();
      destroyAll(buffers);
    }
  }

  /** Scans and decodes the matrices in a span that was read at once. */
  async #takeApart(
    span: FileSpan,
    sources: readonly MatrixSource[],
    begin: number,
    { raw, packed }: { readonly raw: GPUBuffer; readonly packed: GPUBuffer },
    batch: LoadBuffers,
    larger: "down" | "across",
    signal: AbortSignal,
  ): Promise<void> {
    const { gatherRows } = this.#kernels;
    const buffers = bindBuffers(this.#device, gatherRows, [{ buffer: raw }, { buffer: packed }]);
    for (const member of span.members) {
      const source = sources[member]!;
      const { rows, rowBytes, pitchBytes, begin: own } = fileRowsOf(source);
      this.#submit((encoder) => {
        const bytes = rows * rowBytes;
        // What the matrix before left behind its own last bytes.
        encoder.clearBuffer(packed);
        const pass = encoder.beginComputePass();
        const groups = Math.min(workgroups, Math.ceil(bytes / 4 / threads));
        dispatch(pass, gatherRows, buffers, [own - begin, rowBytes, pitchBytes, bytes], [groups]);
        pass.end();
        this.#scan(encoder, source, member, packed, batch, { position: 0, bytes: packed.size });
      });
      await this.#decode(source, member, packed, batch, larger, signal);
    }
  }

  #scan(
    encoder: GPUCommandEncoder,
    { rows, columns, dtype }: MatrixSource,
    slot: number,
    raw: GPUBuffer,
    { counters }: Pick<LoadBuffers, "counters">,
    { position, bytes, offset = position }: Pick<Staged, "position" | "bytes"> & { readonly offset?: number },
  ): void {
    const { scan } = this.#kernels;
    const format = numberFormat(dtype)!;
    const firstEntry = position / format.bytes;
    const entries = Math.min(bytes / format.bytes, rows * columns - firstEntry);
    const chunk = { buffer: raw, offset, size: bytes };
    const buffers = bindBuffers(this.#device, scan, [chunk, { buffer: counters }]);
    const pass = encoder.beginComputePass();
    const groups = [Math.min(workgroups, Math.ceil(entries / threads))] as const;
    const words = [bytes / 4, position / 4];
    dispatch(
      pass,
      scan,
      buffers,
      [...format.code, entries, firstEntry, columns, ...words, slot, ...format.one],
      groups,
    );
    pass.end();
  }

  /** After all of it was scanned, because that finds the scale. */
  async #decode(
    source: MatrixSource,
    slot: number,
    raw: GPUBuffer,
    batch: LoadBuffers,
    larger: "down" | "across",
    signal: AbortSignal,
  ): Promise<void> {
    const { rows, columns } = source;
    const { submit } = this.#sizes;
    const transpose = (larger === "down" ? rows < columns : rows > columns) ? 1 : 0;
    const end = rawBytes(source);
    for (let position = 0; position < end; position += submit) {
      signal.throwIfAborted();
      this.#submit((encoder) => {
        const pass = encoder.beginComputePass();
        const chunk = { buffer: raw, offset: position, size: Math.min(submit, end - position) };
        this.#dispatchDecode(pass, source, chunk, position, batch, [slot, slot * rows * columns, transpose]);
        pass.end();
      });
      // A processor is busy with it for long enough to be asked to stop meanwhile.
      if (this.#software) await this.#device.queue.onSubmittedWorkDone();
    }
  }

  #dispatchDecode(
    pass: GPUComputePassEncoder,
    { rows, columns, dtype }: MatrixSource,
    chunk: Required<GPUBufferBinding>,
    position: number,
    { matrices, counters }: LoadBuffers,
    target: readonly [slot: number, first: number, transpose: 0 | 1],
  ): void {
    const { decode } = this.#kernels;
    const format = numberFormat(dtype)!;
    const firstEntry = position / format.bytes;
    const entries = Math.min(chunk.size / format.bytes, rows * columns - firstEntry);
    const buffers = bindBuffers(this.#device, decode, [chunk, { buffer: counters }, { buffer: matrices }]);
    const groups = [Math.min(workgroups, Math.ceil(entries / threads))] as const;
    dispatch(pass, decode, buffers, [...format.code, entries, firstEntry, rows, columns, ...target], groups);
  }

  #submit(encode: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.#device.createCommandEncoder({ label: "load" });
    encode(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }
}

function fileRowsOf({ begin, rows, columns, pitch = columns, dtype }: MatrixSource): FileRows {
  const entryBytes = dtypeBits[dtype] / 8;
  return { begin, rows, rowBytes: columns * entryBytes, pitchBytes: pitch * entryBytes };
}

/** Files that are open for one load. */
class Files {
  readonly #opened = new Map<string, Promise<FileHandle>>();

  read(path: string, rows: FileRows): Reading {
    const file =
      this.#opened.get(path) ??
      open(path).catch((cause: unknown) => {
        throw new UnreadableFile(cause);
      });
    // Told of where it is read.
    file.catch(() => undefined);
    this.#opened.set(path, file);
    return { file, rows };
  }

  /** Without waiting: what is still being read for nothing may take a while. */
  close(): void {
    for (const file of this.#opened.values()) {
      file.then((handle) => handle.close()).catch(() => undefined);
    }
  }
}
