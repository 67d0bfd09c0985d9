import { t } from "../text/l10n.ts";
import { open, type FileHandle } from "node:fs/promises";
import { dtypeBits } from "../checkpoint/dtype.ts";
import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import { StagingPool } from "../gpu/staging-pool.ts";
import { UnreadableFile, Uploader, type FileRows, type Reading, type Staged } from "../gpu/upload.ts";
import { groupBy } from "../collections/group-by.ts";
import type { QuantisedSource } from "../checkpoint/quantisation.ts";
import { bytesKey, encodeDequantisation, pieceLayout, schemeParameters, schemeWordCount } from "./dequantiser.ts";
import { equallySpaced, fileSpans, type FileSpan } from "./file-spans.ts";
import type { Kernels } from "./kernels.ts";
import type { MatrixSource } from "./measurement.ts";
import { spanBytes } from "./matrix-part.ts";
import { rawBytes, RawEntries, type EntryTargets, type RawBytes, type Target } from "./raw-entries.ts";

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

/** How the larger side of a matrix is to lie. */
type Direction = "down" | "across";

/** A quantised matrix with its place in a batch. */
interface QuantisedMember {
  readonly source: MatrixSource;
  readonly quantised: QuantisedSource;
  readonly slot: number;
}

/** A run of entries of a quantised matrix. */
interface Run {
  readonly first: number;
  readonly count: number;
}

/**
 * Sizes, by whether a processor emulates the GPU. `staging`: bytes of a staging buffer, a multiple of every alignment, and
 * how many there are: a piece waits for the work that was submitted before it, so that a GPU needs some. `submit`: raw bytes
 * that one submit decodes. `span`: bytes that are read together at most.
 */
const sizes = {
  hardware: { staging: 8 << 20, buffers: 16, submit: 64 << 20, span: 256 << 20 },
  software: { staging: 8 << 20, buffers: 2, submit: 8 << 20, span: 64 << 20 },
};
/** Reads matrices from files, scans their raw bytes and decodes them to scaled fp32. */
export class MatrixLoader {
  readonly #device: GPUDevice;
  readonly #kernels: Kernels;
  readonly #raw: RawEntries;
  readonly #staging: StagingPool;
  readonly #uploader: Uploader;
  readonly #software: boolean;
  readonly #sizes: (typeof sizes)["hardware"];

  constructor(device: GPUDevice, kernels: Kernels, software: boolean) {
    this.#device = device;
    this.#kernels = kernels;
    this.#raw = new RawEntries(device, kernels, software);
    this.#software = software;
    this.#sizes = sizes[software ? "software" : "hardware"];
    this.#staging = new StagingPool(device, this.#sizes.staging, this.#sizes.buffers);
    this.#uploader = new Uploader(this.#staging);
  }

  /** Makes what takes a while when it is first needed. */
  prepare(): void {
    this.#staging.prepare();
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
    batch: EntryTargets,
    signal: AbortSignal,
    larger: Direction = "down",
  ): Promise<Map<number, string>> {
    const quantised = sources.flatMap((source, slot): QuantisedMember[] =>
      source.quantised === undefined ? [] : [{ source, quantised: source.quantised, slot }],
    );
    if (quantised.length > 0) {
      if (quantised.length < sources.length) throw new RangeError("a batch has quantised matrices among others");
      return this.#loadQuantised(quantised, batch, signal, larger);
    }
    const { maxStorageBufferBindingSize } = this.#device.limits;
    const spans = fileSpans(sources, Math.min(maxStorageBufferBindingSize, this.#sizes.span));
    const unreadable = new Map<number, string>();
    const shared = spans.filter(({ members }) => members.length > 1);
    const together = shared.reduce((most, { begin, end }) => Math.max(most, end - begin), 0);
    const each = rawBytes(sources[0]!);
    // Matrices of a span that one submit decodes.
    const atOnce = Math.max(1, Math.floor(this.#sizes.submit / each));
    const apart = shared.filter((span) => !liesReady(span, sources));
    const gathered = apart.reduce((most, { members }) => Math.max(most, members.length), 0);
    const buffers = await createBuffers(this.#device, {
      raw: Math.max(Math.ceil(together / 8) * 8, shared.length < spans.length ? each : 0),
      packed: Math.max(8, each * Math.min(atOnce, gathered)),
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
          const span = spans[index]!;
          const [slot] = span.members;
          if (span.members.length > 1) {
            await this.#takeApart(span, sources, atOnce, piece, buffers, batch, larger, signal);
          } else {
            await this.#useWhole(sources[slot!]!, slot!, piece, buffers.raw, batch, larger, signal);
          }
        },
        (index, { message }) => {
          const { path, members } = spans[index]!;
          for (const member of members) unreadable.set(member, t("{0} cannot be read: {1}.", path, message));
        },
      );
      return unreadable;
    } finally {
      files.close();
      releaseBuffers(buffers);
    }
  }

  /**
   * Counts what shaders/scan.wgsl finds in a matrix of any size, without keeping it.
   * @returns null, or in one sentence why it could not be read.
   * @throws OutOfMemory; the signal's reason.
   */
  async scan(source: MatrixSource, counters: GPUBuffer, signal: AbortSignal): Promise<string | null> {
    const { quantised } = source;
    if (quantised !== undefined) {
      return this.#withPieces(quantised, signal, async (raw) => {
        await this.#dequantise({ source, quantised, slot: 0 }, raw, signal, (pass, values) => {
          this.#raw.scan(pass, asFloats(source), values, 0, counters);
        });
      });
    }
    return this.#stream(source, signal, (pass, raw) => {
      this.#raw.scan(pass, source, raw, 0, counters);
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
    batch: EntryTargets,
    { first, transposed }: { readonly first: number; readonly transposed: boolean },
    turn: Promise<unknown>,
    signal: AbortSignal,
  ): Promise<string | null> {
    const target = { slot: 0, first, transposed };
    const { quantised } = part;
    if (quantised !== undefined) {
      return this.#withPieces(quantised, signal, async (raw) => {
        await turn;
        await this.#dequantise({ source: part, quantised, slot: 0 }, raw, signal, (pass, values) => {
          this.#raw.decode(pass, asFloats(part), values, target, batch);
        });
      });
    }
    return this.#stream(
      part,
      signal,
      (pass, raw) => {
        this.#raw.decode(pass, part, raw, target, batch);
      },
      turn,
    );
  }

  /** {@link load} of quantised matrices: those of one weight, such as its heads, share its bytes. */
  async #loadQuantised(
    members: readonly QuantisedMember[],
    batch: EntryTargets,
    signal: AbortSignal,
    larger: Direction,
  ): Promise<Map<number, string>> {
    const unreadable = new Map<number, string>();
    for (const sharing of groupBy(members, ({ quantised }) => bytesKey(quantised.pieces)).values()) {
      const message = await this.#withPieces(sharing[0]!.quantised, signal, async (raw) => {
        for (const member of sharing) await this.#loadFrom(raw, member, batch, signal, larger);
      });
      if (message !== null) for (const { slot } of sharing) unreadable.set(slot, message);
    }
    return unreadable;
  }

  /** Computes a quantised matrix twice where it is long: its scale is known only when all of it was scanned. */
  async #loadFrom(
    raw: GPUBuffer,
    member: QuantisedMember,
    batch: EntryTargets,
    signal: AbortSignal,
    larger: Direction,
  ): Promise<void> {
    const { source, slot } = member;
    const target = targetOf(source, slot, larger);
    const floats = asFloats(source);
    const isShort = this.#runs(source).length === 1;
    await this.#dequantise(member, raw, signal, (pass, values) => {
      this.#raw.scan(pass, floats, values, slot, batch.counters);
      if (isShort) this.#raw.decode(pass, floats, values, target, batch);
    });
    if (isShort) return;
    await this.#dequantise(member, raw, signal, (pass, values) => {
      this.#raw.decode(pass, floats, values, target, batch);
    });
  }

  /**
   * Brings the pieces of a quantised weight over and lets `use` read them.
   * @returns null, or in one sentence why one could not be read.
   */
  async #withPieces(
    { pieces }: QuantisedSource,
    signal: AbortSignal,
    use: (raw: GPUBuffer) => Promise<void>,
  ): Promise<string | null> {
    const { places, bytes } = pieceLayout(pieces);
    const { raw } = await createBuffers(this.#device, { raw: bytes });
    const files = new Files();
    const unreadable: string[] = [];
    try {
      await this.#uploader.upload(
        places.map(({ piece: { path, begin, end } }) =>
          files.read(path, { begin, rows: 1, rowBytes: end - begin, pitchBytes: end - begin }),
        ),
        signal,
        (index, { staging, position, bytes: size }) => {
          this.#submit((encoder) => {
            encoder.copyBufferToBuffer(staging, 0, raw, places[index]!.offset + position, size);
          });
        },
        (index, { message }) => {
          unreadable.push(t("{0} cannot be read: {1}.", places[index]!.piece.path, message));
        },
      );
      if (unreadable.length === 0) await use(raw);
      return unreadable[0] ?? null;
    } finally {
      files.close();
      releaseBuffers({ raw });
    }
  }

  /** Computes the entries of a quantised matrix run by run, each of which `encode` uses before the next takes its place. */
  async #dequantise(
    { source, quantised }: QuantisedMember,
    raw: GPUBuffer,
    signal: AbortSignal,
    encode: (pass: GPUComputePassEncoder, values: RawBytes) => void,
  ): Promise<void> {
    const runs = this.#runs(source);
    const buffers = await createBuffers(this.#device, {
      // Whole 64-bit words, of which the last is zero where it is not used.
      values: 8 * Math.ceil(runs[0]!.count / 2),
      scheme: 4 * schemeWordCount,
    });
    try {
      this.#device.queue.writeBuffer(buffers.scheme, 0, schemeParameters(quantised, source.columns));
      for (const run of runs) {
        signal.throwIfAborted();
        this.#submit((encoder) => {
          const pass = encoder.beginComputePass();
          const { kind } = quantised.scheme;
          encodeDequantisation(this.#device, this.#kernels, pass, kind, { raw, ...buffers }, run.first, run.count);
          encode(pass, rawBytesOf(buffers.values, run));
          pass.end();
        });
        await this.#rest();
      }
    } finally {
      releaseBuffers(buffers);
    }
  }

  /** Runs of as many entries as one submit decodes. */
  #runs({ rows, columns }: MatrixSource): Run[] {
    const entries = rows * columns;
    const most = this.#sizes.submit / 4;
    return Array.from({ length: Math.ceil(entries / most) }, (_, index) => ({
      first: index * most,
      count: Math.min(most, entries - index * most),
    }));
  }

  /** Brings a matrix over piece by piece, each of which `encode` uses before the next takes its place. */
  async #stream(
    source: MatrixSource,
    signal: AbortSignal,
    encode: (pass: GPUComputePassEncoder, raw: RawBytes) => void,
    turn: Promise<unknown> = Promise.resolve(),
  ): Promise<string | null> {
    const buffers = await createBuffers(this.#device, { raw: Math.min(this.#sizes.staging, rawBytes(source)) });
    const files = new Files();
    let unreadable: string | null = null;
    try {
      await this.#uploader.upload(
        [files.read(source.path, fileRowsOf(source))],
        signal,
        async (_, { staging, position, bytes }) => {
          await turn;
          signal.throwIfAborted();
          this.#submit((encoder) => {
            encoder.copyBufferToBuffer(staging, 0, buffers.raw, 0, bytes);
            const pass = encoder.beginComputePass();
            encode(pass, { buffer: buffers.raw, offset: 0, bytes, position, count: 1, distance: 0 });
            pass.end();
          });
        },
        (_, { message }) => {
          unreadable = t("{0} cannot be read: {1}.", source.path, message);
        },
      );
      return unreadable;
    } finally {
      files.close();
      releaseBuffers(buffers);
    }
  }

  /** Scans a piece of a matrix, and after the last one decodes the matrix: only the scan of all of it tells the scale. */
  async #useWhole(
    source: MatrixSource,
    slot: number,
    { staging, position, bytes, last }: Staged,
    raw: GPUBuffer,
    batch: EntryTargets,
    larger: Direction,
    signal: AbortSignal,
  ): Promise<void> {
    const { submit } = this.#sizes;
    const end = rawBytes(source);
    const target = targetOf(source, slot, larger);
    const part = (begin: number, size: number): RawBytes => {
      return { buffer: raw, offset: begin, bytes: size, position: begin, count: 1, distance: 0 };
    };
    // A processor is asked to stop between the two.
    const atOnce = last && end <= submit && !this.#software;
    this.#submit((encoder) => {
      encoder.copyBufferToBuffer(staging, 0, raw, position, bytes);
      const pass = encoder.beginComputePass();
      this.#raw.scan(pass, source, part(position, bytes), slot, batch.counters);
      if (atOnce) this.#raw.decode(pass, source, part(0, end), target, batch);
      pass.end();
    });
    if (!last || atOnce) return;
    for (let begin = 0; begin < end; begin += submit) {
      signal.throwIfAborted();
      this.#submit((encoder) => {
        const pass = encoder.beginComputePass();
        this.#raw.decode(pass, source, part(begin, Math.min(submit, end - begin)), target, batch);
        pass.end();
      });
      await this.#rest();
    }
  }

  /** Scans and decodes the matrices of a span that came whole with a piece of it, `atOnce` of them in one submit. */
  async #takeApart(
    span: FileSpan,
    sources: readonly MatrixSource[],
    atOnce: number,
    { staging, position, bytes, last }: Staged,
    { raw, packed }: { readonly raw: GPUBuffer; readonly packed: GPUBuffer },
    batch: EntryTargets,
    larger: Direction,
    signal: AbortSignal,
  ): Promise<void> {
    this.#submit((encoder) => {
      encoder.copyBufferToBuffer(staging, 0, raw, position, bytes);
    });
    const ready = liesReady(span, sources);
    const arrived = span.members.filter((member) => {
      const end = sources[member]!.end - span.begin;
      return end > position && (end <= position + bytes || last);
    });
    for (const { first, count, distance } of equallySpaced(arrived, sources, atOnce)) {
      signal.throwIfAborted();
      const source = sources[first]!;
      const begin = source.begin - span.begin;
      this.#submit((encoder) => {
        const pass = encoder.beginComputePass();
        const lying: RawBytes = ready
          ? { buffer: raw, offset: begin, bytes: rawBytes(source), position: 0, count, distance }
          : this.#raw.gather(pass, source, { raw, begin, count, distance }, packed);
        this.#raw.scan(pass, source, lying, first, batch.counters);
        this.#raw.decode(pass, source, lying, targetOf(source, first, larger), batch);
        pass.end();
      });
      await this.#rest();
    }
  }

  /** A processor is busy for long enough to be asked to stop meanwhile. */
  async #rest(): Promise<void> {
    if (this.#software) await this.#device.queue.onSubmittedWorkDone();
  }

  #submit(encode: (encoder: GPUCommandEncoder) => void): void {
    const encoder = this.#device.createCommandEncoder({ label: "load" });
    encode(encoder);
    this.#device.queue.submit([encoder.finish()]);
  }
}

/** Whether the matrices of a span lie in it as they are needed: rows without gaps, from places that can be bound. */
function liesReady({ begin, members }: FileSpan, sources: readonly MatrixSource[]): boolean {
  return members.every((member) => {
    const { columns, pitch = columns, ...source } = sources[member]!;
    const bytes = spanBytes({ columns, ...source });
    return (pitch === columns || source.rows === 1) && (source.begin - begin) % 256 === 0 && bytes % 8 === 0;
  });
}

/** A quantised matrix as what is computed of it. */
function asFloats({ rows, columns, path, begin, end }: MatrixSource): MatrixSource {
  return { path, begin, end, dtype: "F32", rows, columns };
}

/** A run of entries, computed into a buffer of its own. */
function rawBytesOf(buffer: GPUBuffer, { first, count }: Run): RawBytes {
  return { buffer, offset: 0, bytes: 4 * count, position: 4 * first, count: 1, distance: 0 };
}

function targetOf(source: MatrixSource, slot: number, larger: Direction): Target {
  const { rows, columns } = source;
  const transposed = larger === "down" ? rows < columns : rows > columns;
  return { slot, first: slot * rows * columns, transposed };
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
