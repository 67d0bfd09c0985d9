import { t } from "../text/l10n.ts";
import { OutOfMemory } from "./buffers.ts";

/**
 * Staging buffers of one size: memory that the processor writes while it is mapped, and that the GPU copies from when it
 * is not. They are made when they are first needed and kept, because fresh memory takes long: 4 ms for 16 MiB.
 */
export class StagingPool {
  readonly bufferBytes: number;
  readonly #device: GPUDevice;
  /** Buffers at most. */
  #most: number;
  #made = 0;
  /** Mapped, and used by nobody. */
  readonly #free: GPUBuffer[] = [];
  readonly #waiting: ((buffer: GPUBuffer) => void)[] = [];

  constructor(device: GPUDevice, bufferBytes: number, most: number) {
    this.#device = device;
    this.bufferBytes = bufferBytes;
    this.#most = most;
  }

  get most(): number {
    return this.#most;
  }

  /** Makes all of them, or as many as there is memory for. */
  prepare(): void {
    try {
      for (let buffer = this.#make(); buffer !== null; buffer = this.#make()) this.#free.push(buffer);
    } catch (error) {
      // Told of when one is needed.
      if (!(error instanceof OutOfMemory)) throw error;
    }
  }

  /**
   * A mapped buffer, in the order of asking. Never settles once the device is lost.
   * @throws OutOfMemory if there is no memory for a single one; the signal's reason.
   */
  async take(signal: AbortSignal): Promise<GPUBuffer> {
    signal.throwIfAborted();
    const free = this.#free.pop() ?? this.#make();
    if (free !== null) return free;
    return new Promise<GPUBuffer>((resolve, reject) => {
      const enter = (buffer: GPUBuffer): void => {
        signal.removeEventListener("abort", leave);
        resolve(buffer);
      };
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(enter), 1);
        reject(signal.reason as Error);
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(enter);
    });
  }

  /** Gives a buffer back, whose copies, if any, were submitted. It is free again when the GPU is done with them. */
  giveBack(buffer: GPUBuffer): void {
    buffer.unmap();
    buffer.mapAsync(GPUMapMode.WRITE).then(
      () => {
        const next = this.#waiting.shift();
        if (next === undefined) this.#free.push(buffer);
        else next(buffer);
      },
      // A device that is lost meanwhile is told of by whoever awaits results.
      () => undefined,
    );
  }

  #make(): GPUBuffer | null {
    if (this.#made >= this.#most) return null;
    const usage = GPUBufferUsage.MAP_WRITE | GPUBufferUsage.COPY_SRC;
    const label = `staging ${this.#made + 1}`;
    try {
      const buffer = this.#device.createBuffer({ label, size: this.bufferBytes, usage, mappedAtCreation: true });
      this.#made += 1;
      return buffer;
    } catch (error) {
      // createBuffer throws where the memory to be mapped cannot be had. One buffer does, if more slowly.
      if (this.#made === 0) {
        const megabytes = Math.ceil(this.bufferBytes / 2 ** 20);
        throw new OutOfMemory(t("{0} MiB of staging memory could not be had", megabytes), { cause: error });
      }
      this.#most = this.#made;
      return null;
    }
  }
}
