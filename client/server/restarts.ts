/** When a server that ended by itself is started again. */

const window = 3 * 60_000;
const firstDelay = 500;
/** This many ends within the window, and it is not started again. */
const limit = 5;

/** Counts the ends of a server and says how long to wait before the next start, twice as long each time. */
export class Restarts {
  #ends: number[] = [];

  /**
   * Notes that the server ended.
   * @param now in milliseconds.
   * @returns milliseconds to wait before it is started again; null when it has ended too often of late.
   */
  ended(now: number): number | null {
    this.#ends = [...this.#ends.filter((end) => now - end < window), now];
    return this.#ends.length < limit ? firstDelay * 2 ** (this.#ends.length - 1) : null;
  }

  /** How often it ended of late. */
  get count(): number {
    return this.#ends.length;
  }

  /** The person asked for a new start: what was is forgotten. */
  forget(): void {
    this.#ends = [];
  }
}
