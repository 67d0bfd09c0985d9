import type { FileHandle } from "node:fs/promises";

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

/** Bytes that are read at once where rows lie apart. */
const bandBytes = 1 << 20;

/**
 * Brings bytes of files to the GPU: read straight into mapped staging memory and copied from there, so that they are
 * never in the JavaScript heap. Two staging buffers take turns: one is filled while the other is copied.
 */
export class Uploader {
  readonly #device: GPUDevice;
  readonly #chunkBytes: number;
  /** Staging buffers, each when it is mapped: the GPU leaves it alone, and its memory can be written. */
  readonly #staging: Promise<GPUBuffer>[];
  /** Settles when the uploads that were asked for so far are done: they take turns. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(device: GPUDevice, chunkBytes: number) {
    this.#device = device;
    this.#chunkBytes = chunkBytes;
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    this.#staging = [1, 2].map((number) => {
      const label = `staging ${number}`;
      return Promise.resolve(device.createBuffer({ label, size: chunkBytes, usage, mappedAtCreation: true }));
    });
  }

  /**
   * Copies rows of a file, without what lies between them, to the start of `target`, and zeros after them up to a multiple
   * of 8. The copies are submitted, not awaited. Bytes may begin anywhere.
   * @throws UnreadableFile if the file ends before or reading fails.
   */
  upload(file: FileHandle, rows: FileRows, target: GPUBuffer, signal: AbortSignal): Promise<void> {
    const turn = this.#queue.then(() => this.#upload(file, rows, target, signal));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #upload(file: FileHandle, rows: FileRows, target: GPUBuffer, signal: AbortSignal): Promise<void> {
    const end = rows.rows * rows.rowBytes;
    for (let position = 0; position < end; position += this.#chunkBytes) {
      signal.throwIfAborted();
      const bytes = Math.min(this.#chunkBytes, end - position);
      const padded = Math.ceil(bytes / 8) * 8;
      const buffer = await this.#staging[0]!;
      // No more than is needed: the garbage collector counts what is mapped.
      const memory = new Uint8Array(buffer.getMappedRange(0, padded));
      try {
        await readRows(file, memory.subarray(0, bytes), rows, position);
        memory.fill(0, bytes, padded);
        buffer.unmap();
        const encoder = this.#device.createCommandEncoder({ label: "upload" });
        encoder.copyBufferToBuffer(buffer, 0, target, position, padded);
        this.#device.queue.submit([encoder.finish()]);
      } finally {
        // After a failure too: no range can be had twice of one mapping.
        buffer.unmap();
        const again = buffer.mapAsync(GPUMapMode.WRITE).then(() => buffer);
        // A device that is lost meanwhile is told of by whoever awaits results.
        again.catch(() => undefined);
        void this.#staging.shift();
        this.#staging.push(again);
      }
    }
  }
}

/** Reads what stands at `position` when the rows are pushed together. */
async function readRows(file: FileHandle, target: Uint8Array, rows: FileRows, position: number): Promise<void> {
  const { begin, rowBytes, pitchBytes } = rows;
  if (rowBytes === pitchBytes) {
    await readFully(file, target, begin + position);
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
      // The first and the last row may belong to other chunks in part.
      const start = (row + i) * rowBytes - position;
      const skip = Math.max(0, -start);
      const source = part.subarray(i * pitchBytes + skip, i * pitchBytes + Math.min(rowBytes, target.length - start));
      target.set(source, start + skip);
    }
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
      throw new UnreadableFile(new Error(`the file ends at byte ${position + done}, before the tensor does`));
    done += bytesRead;
  }
}
