/**
 * Lets through what arrives once a check that began after its arrival has passed. After one that failed nothing passes any
 * more. A check that runs serves all that arrived before it.
 */
export class Gate {
  readonly #check: () => Promise<boolean>;
  readonly #onClosed: () => void;
  #arrived: (() => void)[] = [];
  #closed = false;
  #checking: Promise<void> | null = null;

  /** @param onClosed called once, when a check has failed */
  constructor(check: () => Promise<boolean>, onClosed: () => void) {
    this.#check = check;
    this.#onClosed = onClosed;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** @param deliver is called if the next check passes */
  arrive(deliver: () => void): void {
    this.#arrived.push(deliver);
    this.#checking ??= this.#work();
  }

  /** Resolves when everything that arrived has passed, or never will. */
  async settled(): Promise<void> {
    await this.#checking;
  }

  async #work(): Promise<void> {
    while (this.#arrived.length > 0 && !this.#closed) {
      const those = this.#arrived.splice(0);
      if (await this.#check()) {
        for (const deliver of those) deliver();
      } else {
        this.#closed = true;
        this.#onClosed();
      }
    }
    this.#checking = null;
  }
}
