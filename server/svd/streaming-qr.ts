/** Matrices that are too large to lie on the GPU at once, reduced to a triangle a chunk of rows at a time. */
import { createBuffers, releaseBuffers } from "../gpu/buffers.ts";
import { PacedSubmits } from "../gpu/paced-submits.ts";
import { readBack } from "../gpu/readback.ts";
import { entryBytes, submitEntryPass } from "./entry-pass.ts";
import { countersPerMatrix, EntryStatisticsBuilder, momentsPerRow } from "./entry-statistics.ts";
import type { Kernels } from "./kernels.ts";
import { shapeOf, type MatrixLoader, type Shape } from "./matrix-loader.ts";
import { partOfMatrix } from "./matrix-part.ts";
import type { MatrixSource } from "./measurement.ts";
import type { TallKernels } from "./tall-kernels.ts";
import { reduceToTriangle, tallBytes, tallBytesOfRow } from "./tall-qr.ts";

/** Rows of a panel that one dispatch takes at most, with a margin. */
const mostRows = 8 << 20;
/** New rows in a chunk at least, as a part of the triangle's: fewer would do the triangle's work too often. */
const fewestRows = 1 / 8;

/** Bytes of the buffer without which a matrix cannot be streamed. */
export function streamingBytes({ columns }: Pick<Shape, "columns">): number {
  return bytesOf(columns + Math.max(1, Math.ceil(columns * fewestRows)), columns);
}

/** Bytes of the largest buffer that `rows` rows take. */
export function bytesOf(rows: number, columns: number): number {
  return 4 * rows * Math.max(columns, momentsPerRow);
}

/** What is left of a matrix, for {@link StreamingQr.run}'s caller to use before it goes. */
export interface Streamed {
  /** On the GPU, columns × columns: its singular values are those of the matrix. Undefined where an entry is not finite. */
  readonly triangle: GPUBuffer;
  /** See shaders/scan.wgsl. */
  readonly counters: Uint32Array;
  readonly entries: EntryStatisticsBuilder;
}

/** When a matrix may use what is shared with others; each is called once. */
export interface StreamingTurns {
  /** Waits until the GPU may be kept busy. */
  readonly compute: () => Promise<void>;
  /** Everything is read. */
  readonly read: () => void;
}

/**
 * Streaming QR. The rows that fit are factored, R stays, as many new rows as fit are put below it, they are factored
 * together, and so on: each step is a QR factorisation by Householder reflections of [R; new rows], so that the whole is
 * one, a flat tree (Demmel, Grigori, Hoemmen and Langou 2012). The file is read twice, the first time for the largest
 * exponent, by which all entries are scaled.
 */
export class StreamingQr {
  readonly #device: GPUDevice;
  readonly #loader: MatrixLoader;
  readonly #kernels: Kernels;
  readonly #tallKernels: TallKernels;
  readonly #submits: PacedSubmits;

  constructor(device: GPUDevice, loader: MatrixLoader, kernels: Kernels, tallKernels: TallKernels) {
    this.#device = device;
    this.#loader = loader;
    this.#kernels = kernels;
    this.#tallKernels = tallKernels;
    this.#submits = new PacedSubmits(device, 5);
  }

  /**
   * Reduces a matrix by means of a buffer of `allowed` bytes, at least {@link streamingBytes}, and lets `use` take what is
   * left before the buffer goes.
   * @returns what `use` returns, or in one sentence why the file could not be read.
   * @throws OutOfMemory; the signal's reason.
   */
  async run<Result>(
    source: MatrixSource,
    allowed: number,
    turns: StreamingTurns,
    signal: AbortSignal,
    use: (streamed: Streamed) => Promise<Result>,
  ): Promise<Result | string> {
    const { rows, columns, transposed } = shapeOf(source);
    const bytesOfRow = Math.max(bytesOf(1, columns), tallBytesOfRow(columns));
    const height = Math.min(rows, mostRows, Math.floor(allowed / bytesOfRow));
    const buffers = await createBuffers(this.#device, {
      ...tallBytes(1, height, columns),
      ...entryBytes(height, columns),
      matrices: 4 * height * columns,
      counters: 4 * countersPerMatrix,
    });
    const ended = new AbortController();
    const untilEnd = AbortSignal.any([signal, ended.signal]);
    try {
      const unreadable = await this.#loader.scan(source, buffers.counters, signal);
      if (unreadable !== null) return unreadable;
      const counters = new Uint32Array(await readBack(this.#device, buffers.counters));
      const entries = new EntryStatisticsBuilder(columns);
      await turns.compute();
      const chunks = chunksOf(rows, columns, height);
      const read = (chunk: Chunk, turn: Promise<unknown>): Promise<string | null> => {
        const decoded = { first: chunk.below * columns, transposed };
        const reading = this.#loader.decodePart(partOf(source, chunk), buffers, decoded, turn, untilEnd);
        reading.catch(() => undefined);
        return reading;
      };
      let reading = read(chunks[0]!, Promise.resolve());
      for (const [index, chunk] of chunks.entries()) {
        const message = await reading;
        if (message !== null) return message;
        const next = chunks[index + 1];
        let begin: () => void = () => undefined;
        // The next rows are read meanwhile, and decoded when these are not needed any more.
        if (next === undefined) turns.read();
        else reading = read(next, new Promise<void>((resolve) => (begin = resolve)));
        try {
          const found = this.#statistics(buffers, chunk, columns);
          found.catch(() => undefined);
          if (counters[0] === 0) {
            const batch = { count: 1, rows: chunk.below + chunk.rows, columns, matrices: buffers.matrices };
            await reduceToTriangle(this.#device, this.#tallKernels, this.#submits, batch, buffers, signal);
          }
          const [moments, norms] = await found;
          entries.addRows(moments, norms);
        } finally {
          begin();
        }
      }
      return await use({ triangle: buffers.matrices, counters, entries });
    } finally {
      ended.abort();
      releaseBuffers(buffers);
    }
  }

  async #statistics(
    buffers: Readonly<Record<"matrices" | "moments" | "columnNorms", GPUBuffer>>,
    { below, rows }: Chunk,
    columns: number,
  ): Promise<[moments: Float32Array, columnNorms: Float32Array]> {
    const shape = { count: 1, rows, columns, first: below * columns };
    submitEntryPass(this.#device, this.#kernels, buffers.matrices, shape, buffers);
    const bytes = entryBytes(rows, columns);
    const [moments, norms] = await Promise.all([
      readBack(this.#device, buffers.moments, [{ offset: 0, bytes: bytes.moments }]),
      readBack(this.#device, buffers.columnNorms, [{ offset: 0, bytes: bytes.columnNorms }]),
    ]);
    return [new Float32Array(moments), new Float32Array(norms)];
  }
}

/** Rows of a matrix whose larger side lies down, from `begin` on, and how many of R lie above them. */
interface Chunk {
  readonly begin: number;
  readonly rows: number;
  readonly below: number;
}

function chunksOf(rows: number, columns: number, height: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let begin = 0; begin < rows;) {
    const below = begin === 0 ? 0 : columns;
    const own = Math.min(rows - begin, height - below);
    chunks.push({ begin, rows: own, below });
    begin += own;
  }
  return chunks;
}

/** Rows `begin` … of the larger side as a matrix of its own. */
function partOf(source: MatrixSource, { begin, rows }: Pick<Chunk, "begin" | "rows">): MatrixSource {
  return source.rows < source.columns
    ? partOfMatrix(source, { column: begin, columns: rows })
    : partOfMatrix(source, { row: begin, rows });
}
