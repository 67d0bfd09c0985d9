import { t } from "../text/l10n.ts";
import type { FileHandle } from "node:fs/promises";
import { Places } from "./places.ts";
import type { StagingPool } from "./staging-pool.ts";

/** A file ended too early or could not be read. */
export class UnreadableFile extends Error {
  override readonly name = "UnreadableFile";

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** Bytes of a file, in rows that may lie apart. */
export interface FileRows {
  /** The first byte of the first row. */
  readonly begin: number;
  readonly rows: number;
  readonly rowBytes: number;
  /** Bytes from the start of one row to that of the next, at least `rowBytes`. */
  readonly pitchBytes: number;
}

/** What of a file is to be read, in one piece or in several. */
export interface Reading {
  /** Rejects with {@link UnreadableFile} if it cannot be opened. */
  readonly file: Promise<FileHandle>;
  readonly rows: FileRows;
}

/** A piece of a reading in staging memory. */
export interface Staged {
  readonly staging: GPUBuffer;
  /** Where the piece begins when the rows are pushed together, a multiple of 256. */
  readonly position: number;
  /** Its length up to a multiple of 8; zeros after the last row. */
  readonly bytes: number;
  /** Nothing of the reading comes after it. */
  readonly last: boolean;
}

interface Piece {
  readonly index: number;
  readonly reading: Reading;
  readonly position: number;
  readonly bytes: number;
  readonly last: boolean;
}

/**
 * Pieces that are read into at a time. Node's garbage collector counts what is mapped, and holds the process up for
 * milliseconds at each piece beyond 64 MiB.
 */
const piecesAtOnce = 3;
/** Bytes of one call at most: a few threads read at a time, all of them at a small matrix too. */
const partBytes = 1 << 20;
/** Bytes that are read at once where rows lie apart, and rows that are long enough to be read each for itself. */
const bandBytes = 1 << 20;
const longRowBytes = 1 << 12;

/**
 * Reads files straight into mapped staging memory, from where the GPU copies, so that the bytes are never in the JavaScript
 * heap. Several pieces are read at a time, and ahead of their use as far as there is staging memory.
 */
export class Uploader {
  readonly #pool: StagingPool;
  readonly #reading = new Places(piecesAtOnce);

  constructor(pool: StagingPool) {
    this.#pool = pool;
  }

  /**
   * Reads all readings and hands their pieces over in order. `onPiece` submits the copies from `staging`; the next piece
   * comes when what it returns settles. A reading that fails is told to `onUnreadable`, and the rest of it left out.
   * @throws what the callbacks throw; OutOfMemory; the signal's reason.
   */
  async upload(
    readings: readonly Reading[],
    signal: AbortSignal,
    onPiece: (index: number, piece: Staged) => void | Promise<void>,
    onUnreadable: (index: number, error: UnreadableFile) => void,
  ): Promise<void> {
    const unreadable = new Set<number>();
    const ahead: { readonly piece: Piece; readonly staged: Promise<Staged | UnreadableFile> }[] = [];
    const pieces = piecesOf(readings, this.#pool.bufferBytes, unreadable);
    const begin = (): void => {
      const next = pieces.next();
      if (next.done === true) return;
      const staged = this.#read(next.value, signal);
      staged.catch(() => undefined);
      ahead.push({ piece: next.value, staged });
    };
    try {
      for (let i = 0; i < this.#pool.most; i++) begin();
      for (let next = ahead.shift(); next !== undefined; next = ahead.shift()) {
        const { index } = next.piece;
        const staged = await next.staged;
        if (staged instanceof UnreadableFile) {
          if (!unreadable.has(index)) onUnreadable(index, staged);
          unreadable.add(index);
        } else {
          try {
            signal.throwIfAborted();
            if (!unreadable.has(index)) await onPiece(index, staged);
          } finally {
            this.#pool.giveBack(staged.staging);
          }
        }
        begin();
      }
    } finally {
      // After a failure: what was read for nothing.
      for (const { staged } of ahead) {
        staged.then(
          (piece) => {
            if (!(piece instanceof UnreadableFile)) this.#pool.giveBack(piece.staging);
          },
          () => undefined,
        );
      }
    }
  }

  async #read({ reading, position, bytes, last }: Piece, signal: AbortSignal): Promise<Staged | UnreadableFile> {
    const staging = await this.#pool.take(signal);
    let leave: () => void = () => undefined;
    try {
      leave = await this.#reading.take(signal, 1);
      const file = await reading.file;
      const padded = Math.ceil(bytes / 8) * 8;
      const memory = new Uint8Array(staging.getMappedRange(0, padded));
      await readRows(file, memory.subarray(0, bytes), reading.rows, position);
      memory.fill(0, bytes, padded);
      staging.unmap();
      return { staging, position, bytes: padded, last };
    } catch (error) {
      this.#pool.giveBack(staging);
      if (error instanceof UnreadableFile) return error;
      throw error;
    } finally {
      leave();
    }
  }
}

function* piecesOf(
  readings: readonly Reading[],
  pieceBytes: number,
  unreadable: ReadonlySet<number>,
): Generator<Piece, undefined> {
  for (const [index, reading] of readings.entries()) {
    const end = reading.rows.rows * reading.rows.rowBytes;
    for (let position = 0; position < end && !unreadable.has(index); position += pieceBytes) {
      const bytes = Math.min(pieceBytes, end - position);
      yield { index, reading, position, bytes, last: position + bytes === end };
    }
  }
}

/** Reads what stands at `position` when the rows are pushed together. */
async function readRows(file: FileHandle, target: Uint8Array, rows: FileRows, position: number): Promise<void> {
  const { begin, rowBytes, pitchBytes } = rows;
  if (rowBytes === pitchBytes) {
    await readParts(file, target, begin + position);
    return;
  }
  if (rowBytes >= longRowBytes && pitchBytes >= 2 * rowBytes) {
    for (let done = 0; done < target.length;) {
      const row = Math.floor((position + done) / rowBytes);
      const skip = position + done - row * rowBytes;
      const bytes = Math.min(rowBytes - skip, target.length - done);
      await readFully(file, target.subarray(done, done + bytes), begin + row * pitchBytes + skip);
      done += bytes;
    }
    return;
  }
  // A band of whole rows at a time: much fewer calls than rows, and the space between them is usually in the way of none.
  const rowsAtOnce = Math.max(1, Math.floor(bandBytes / pitchBytes));
  const band = new Uint8Array((rowsAtOnce - 1) * pitchBytes + rowBytes);
  const last = Math.floor((position + target.length - 1) / rowBytes);
  for (let row = Math.floor(position / rowBytes); row <= last; row += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, last + 1 - row);
    const part = band.subarray(0, (count - 1) * pitchBytes + rowBytes);
    await readFully(file, part, begin + row * pitchBytes);
    for (let i = 0; i < count; i++) {
      // The first and the last row may belong to other pieces in part.
      const start = (row + i) * rowBytes - position;
      const skip = Math.max(0, -start);
      const source = part.subarray(i * pitchBytes + skip, i * pitchBytes + Math.min(rowBytes, target.length - start));
      target.set(source, start + skip);
    }
  }
}

/** Reads parts at a time. It ends when all have ended, whatever comes of them: `target` is not written afterwards. */
async function readParts(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  const parts: Promise<void>[] = [];
  for (let begin = 0; begin < target.length; begin += partBytes) {
    parts.push(readFully(file, target.subarray(begin, begin + partBytes), position + begin));
  }
  for (const result of await Promise.allSettled(parts)) {
    if (result.status === "rejected") throw result.reason;
  }
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length;) {
    const { bytesRead } = await file
      .read(target, done, target.length - done, position + done)
      .catch((cause: unknown) => {
        throw new UnreadableFile(cause);
      });
    if (bytesRead === 0)
      throw new UnreadableFile(new Error(t("the file ends at byte {0}, before the tensor does", position + done)));
    done += bytesRead;
  }
}
