import type { FileHandle } from "node:fs/promises";

/**
 * Brings bytes of files to the GPU: read straight into mapped staging memory and copied from there, so that they are
 * never in the JavaScript heap. Two staging buffers take turns: one is filled while the other is copied.
 */
export class Uploader {
  readonly #device: GPUDevice;
  readonly #chunkBytes: number;
  readonly #mapped: Promise<GPUBuffer>[];
  /** Settles when the uploads that were asked for so far are done: they take turns. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(device: GPUDevice, chunkBytes: number) {
    this.#device = device;
    this.#chunkBytes = chunkBytes;
    this.#mapped = [0, 1].map((number) =>
      Promise.resolve(
        device.createBuffer({
          label: `staging ${number}`,
          size: chunkBytes,
          usage: GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC,
          mappedAtCreation: true,
        }),
      ),
    );
  }

  /**
   * Copies the file's bytes [begin, end) to the start of `target`, and zeros after them up to a multiple of 8. The copies
   * are submitted, not awaited. Bytes may begin anywhere.
   * @throws Error if the file ends before.
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
      const staging = await this.#mapped.shift()!;
      try {
        const memory = new Uint8Array(staging.getMappedRange(0, padded));
        await readFully(file, memory.subarray(0, bytes), position);
        memory.fill(0, bytes);
      } catch (error) {
        this.#mapped.push(Promise.resolve(staging));
        throw error;
      }
      staging.unmap();
      const encoder = this.#device.createCommandEncoder({ label: "upload" });
      encoder.copyBufferToBuffer(staging, 0, target, position - begin, padded);
      this.#device.queue.submit([encoder.finish()]);
      const mapped = staging.mapAsync(GPUMapMode.WRITE).then(() => staging);
      // A device that is lost meanwhile is told of by whoever awaits results.
      mapped.catch(() => undefined);
      this.#mapped.push(mapped);
    }
  }
}

async function readFully(file: FileHandle, target: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < target.length; ) {
    const { bytesRead } = await file.read(target, done, target.length - done, position + done);
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position + done}, before the tensor does`);
    done += bytesRead;
  }
}
