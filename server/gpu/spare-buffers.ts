/** What a pool needs to know of a buffer. */
interface Spare {
  readonly size: number;
  destroy(): void;
}

/** Milliseconds after which memory that nobody uses goes back to the system. */
const patience = 1000;
/** Bytes that spares may take beyond what was in use at once, so that what is used by turns is kept too. */
const allowance = 256 << 20;

/**
 * Buffers that were given back, for who wants one of the same size next: to make a GiB of buffers takes a GPU's driver
 * some 20 ms, and to destroy them as long. Together with those in use they take hardly more memory than was in use at once
 * before, the oldest go first, and when none has been in use for a second all of them do.
 */
export class SpareBuffers<Buffer extends Spare> {
  /** Bytes that spares and what is in use take at most together. */
  limit = Infinity;
  /** The oldest first. */
  readonly #spares: Buffer[] = [];
  #spareBytes = 0;
  #usedBytes = 0;
  #mostBytes = 0;
  #timer: NodeJS.Timeout | null = null;

  /** Spares of these sizes, null where there is none and the caller makes one. All of them are in use from now on. */
  take(sizes: readonly number[]): (Buffer | null)[] {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const taken = sizes.map((size) => this.#find(size));
    this.#usedBytes += sizes.reduce((sum, size) => sum + size, 0);
    this.#mostBytes = Math.max(this.#mostBytes, this.#usedBytes);
    const most = Math.min(this.#mostBytes + allowance, this.limit);
    while (this.#spares.length > 0 && this.#usedBytes + this.#spareBytes > most) this.#drop();
    return taken;
  }

  give(buffers: readonly Buffer[]): void {
    for (const buffer of buffers) {
      this.#spares.push(buffer);
      this.#spareBytes += buffer.size;
    }
    this.#leave(buffers.reduce((sum, { size }) => sum + size, 0));
  }

  /** Bytes that were taken are not used, because they could not be had. */
  forgo(bytes: number): void {
    this.#leave(bytes);
  }

  /** Gives all memory back that nobody uses. */
  clear(): void {
    while (this.#spares.length > 0) this.#drop();
    this.#mostBytes = this.#usedBytes;
  }

  #leave(bytes: number): void {
    this.#usedBytes -= bytes;
    if (this.#usedBytes > 0 || this.#timer !== null) return;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.clear();
    }, patience);
    // It keeps no process alive.
    this.#timer.unref();
  }

  #find(size: number): Buffer | null {
    // The latest: its memory is the likeliest to be in a cache.
    const place = this.#spares.findLastIndex((spare) => spare.size === size);
    if (place < 0) return null;
    this.#spareBytes -= size;
    return this.#spares.splice(place, 1)[0]!;
  }

  #drop(): void {
    const oldest = this.#spares.shift()!;
    this.#spareBytes -= oldest.size;
    oldest.destroy();
  }
}
