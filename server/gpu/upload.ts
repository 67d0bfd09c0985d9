import type { FileHandle } from "node:fs/promises";

/** A file ended too early or could not be read. */
export class UnreadableFile extends Error {
  override readonly name = "UnreadableFile";

  constructor(cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
  }
}

/** A staging buffer that is mapped: the GPU leaves it alone, and its memory can be written. */
interface Mapped {
  readonly buffer: GPUBuffer;
  readonly memory: Uint8Array;
}

/**
 * Brings bytes of files to the GPU: read straight into mapped staging memory and copied from there, so that they are
 * never in the JavaScript heap. Two staging buffers take turns: one is filled while the other is copied.
 */
export class Uploader {
  readonly #device: GPUDevice;
  readonly #chunkBytes: number;
  readonly #staging: Promise<Mapped>[];
  /** Settles when the uploads that were asked for so far are done: they take turns. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(device: GPUDevice, chunkBytes: number) {
    this.#device = device;
    this.#chunkBytes = chunkBytes;
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    this.#staging = [1, 2].map((number) => {
      const label = `staging ${number}`;
      return Promise.resolve(mapped(device.createBuffer({ label, size: chunkBytes, usage, mappedAtCreation: true })));
    });
  }

  /**
   * Copies the file's bytes [begin, end) to the start of `target`, and zeros after them up to a multiple of 8. The copies
   * are submitted, not awaited. Bytes may begin anywhere.
   * @throws UnreadableFile if the file ends before or reading fails.
   */
  upload(file: FileHandle, begin: number, end: number, target: GPUBuffer, signal: AbortSignal): Promise<void> {
    const turn = this.#queue.then(() => this.#upload(file, begin, end, target, signal));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #upload(file: FileHandle, begin: number, end: number, target: GPUBuffer, signal: AbortSignal): Promise<void> {
    for (let position = begin; position < end; position += this.#chunkBytes) {
      signal.throwIfAborted();
      const bytes = Math.min(this.#chunkBytes, end - position);
      const padded = Math.ceil(bytes / 8) * 8;
      const { buffer, memory } = await this.#staging[0]!;
      await readFully(file, memory.subarray(0, bytes), position);
      memory.fill(0, bytes, padded);
      buffer.unmap();
      const encoder = this.#device.createCommandEncoder({ label: "upload" });
      encoder.copyBufferToBuffer(buffer, 0, target, position - begin, padded);
      this.#device.queue.submit([encoder.finish()]);
      const again = buffer.mapAsync(GPUMapMode.WRITE).then(() => mapped(buffer));
      // A device that is lost meanwhile is told of by whoever awaits results.
      again.catch(() => undefined);
      void this.#staging.shift();
      this.#staging.push(again);
    }
  }
}

function mapped(buffer: GPUBuffer): Mapped {
  return { buffer, memory: new Uint8Array(buffer.getMappedRange()) };
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
