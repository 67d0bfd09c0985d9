import type { WriteStream } from "node:tty";
import { printable } from "../text/format.ts";

const width = 24;
const minimumInterval = 80;

/** A progress bar on a terminal; nothing where standard error is no terminal. */
export class ProgressBar {
  readonly #stream: WriteStream;
  readonly #total: number;
  readonly #begun = Date.now();
  #first: number | null = null;
  #drawn = 0;

  constructor(stream: WriteStream, total: number) {
    this.#stream = stream;
    this.#total = total;
  }

  /** @param label what was just done, cut to fit */
  update(done: number, label: string): void {
    // What came from the cache took no time and says nothing of what is left.
    this.#first ??= done;
    const now = Date.now();
    if (!this.#stream.isTTY || (now - this.#drawn < minimumInterval && done < this.#total)) {
      return;
    }
    this.#drawn = now;
    const filled = Math.round((width * done) / Math.max(1, this.#total));
    const bar = "█".repeat(filled) + "░".repeat(width - filled);
    const line = `${bar} ${done}/${this.#total}${this.#remaining(done, now)}  ${printable(label)}`;
    this.#stream.write(`\r\u001b[K${line.slice(0, this.#stream.columns - 1)}`);
  }

  /** Wipes the bar, so that the results begin on a clean line. */
  end(): void {
    if (this.#stream.isTTY) {
      this.#stream.write("\r\u001b[K");
    }
  }

  #remaining(done: number, now: number): string {
    const computed = done - (this.#first ?? 0);
    if (computed < 3) {
      return "";
    }
    const seconds = Math.ceil((((now - this.#begun) / computed) * (this.#total - done)) / 1000);
    return seconds < 1 ? "" : ` · ${seconds < 90 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`} left`;
  }
}
