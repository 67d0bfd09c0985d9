/**
 * Something that may happen once, for as long as a device lives, and that many wait for beside their work. `Promise.race`
 * with one lasting promise would leave something at it for each of them, with its result, until the end.
 */
export class Failure {
  #error: Error | null = null;
  readonly #waiting = new Set<(error: Error) => void>();

  /** @param reason settles with a sentence if it happens */
  constructor(reason: Promise<string>) {
    void reason.then((message) => {
      this.#error = new Error(message);
      for (const fail of this.#waiting) fail(this.#error);
      this.#waiting.clear();
    });
  }

  /** How many wait at the moment. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /**
   * What comes of some work.
   * @throws what the work throws; an Error with the reason if that comes first.
   */
  async race<T>(work: Promise<T>): Promise<T> {
    let fail: (error: Error) => void = () => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        fail = reject;
        if (this.#error === null) this.#waiting.add(fail);
        else reject(this.#error);
        work.then(resolve, reject);
      });
    } finally {
      this.#waiting.delete(fail);
    }
  }
}
