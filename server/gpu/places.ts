interface Waiting {
  readonly count: number;
  readonly enter: () => void;
}

/** A number of places that tasks take in the order in which they asked for them: a semaphore, and with one place a turn. */
export class Places {
  readonly #total: number;
  #free: number;
  readonly #waiting: Waiting[] = [];

  constructor(total: number) {
    this.#total = total;
    this.#free = total;
  }

  /**
   * Waits until it is one's turn and `count` places are free (all of them unless told), and takes them.
   * @returns what gives them back; calling it again does nothing.
   * @throws the signal's reason if it is aborted meanwhile; then nothing is taken.
   */
  async take(signal: AbortSignal, count = this.#total): Promise<() => void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        reject(signal.reason as Error);
        // Whoever stands behind may need fewer places.
        this.#admit();
      };
      const waiting: Waiting = {
        count,
        enter: () => {
          signal.removeEventListener("abort", leave);
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiting.push(waiting);
      this.#admit();
    });
    let taken = count;
    return () => {
      this.#free += taken;
      taken = 0;
      this.#admit();
    };
  }

  #admit(): void {
    for (;;) {
      const [first] = this.#waiting;
      if (first === undefined || first.count > this.#free) return;
      this.#waiting.shift();
      this.#free -= first.count;
      first.enter();
    }
  }
}
