/** Runs something a while after it was first asked for, once, however often it is asked for until then. */
export class Throttle {
  readonly #run: () => void;
  readonly #after: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param after in milliseconds */
  constructor(run: () => void, after: number) {
    this.#run = run;
    this.#after = after;
  }

  request(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#run();
    }, this.#after);
  }

  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
