/** Keeps what stands in Problems up to date with what is found. */
import { createHash } from "node:crypto";
import type { Diagnostic } from "vscode-languageserver";
import { inSlices, type Sliced } from "../collections/sliced.ts";

/** While results come, the findings are gathered again at most so often: of 100 000 matrices that takes a while. */
const interval = 1000;

/** Gathers the diagnostics of a checkpoint, by URI. */
export type Gather = () => Sliced<ReadonlyMap<string, Diagnostic[]>>;

/** Pushes the findings of one checkpoint onto its files: a round at a time, in slices, and what is gone is cleared. */
export class Publisher {
  readonly #send: (uri: string, diagnostics: Diagnostic[]) => void;
  /**
   * A digest of what a round pushed last, by URI: the same is not pushed again. Findings outlive the view, and so does
   * this.
   */
  #published: ReadonlyMap<string, string> = new Map();
  #wanted: Gather | null = null;
  #running = false;
  #last = -Infinity;
  #timer: NodeJS.Timeout | null = null;

  constructor(send: (uri: string, diagnostics: Diagnostic[]) => void) {
    this.#send = send;
  }

  /** Something changed: gathers and pushes soon, with what else changes until then. */
  request(gather: Gather): void {
    this.#wanted = gather;
    if (this.#running || this.#timer !== null) return;
    const wait = Math.max(0, this.#last + interval - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#round();
    }, wait);
  }

  async #round(): Promise<void> {
    const gather = this.#wanted;
    if (gather === null) return;
    this.#running = true;
    this.#wanted = null;
    try {
      this.#push(await inSlices(gather()));
    } finally {
      this.#running = false;
      this.#last = performance.now();
      // What was wanted meanwhile.
      const next = this.#meanwhile();
      if (next !== null) this.request(next);
    }
  }

  // A method, because what an `await` lets happen is unknown to control flow analysis.
  #meanwhile(): Gather | null {
    return this.#wanted;
  }

  #push(byUri: ReadonlyMap<string, Diagnostic[]>): void {
    const published = new Map<string, string>();
    for (const [uri, diagnostics] of byUri) {
      const digest = createHash("sha256").update(JSON.stringify(diagnostics)).digest("base64");
      published.set(uri, digest);
      if (this.#published.get(uri) !== digest) this.#send(uri, diagnostics);
    }
    for (const uri of this.#published.keys()) {
      if (!published.has(uri)) this.#send(uri, []);
    }
    this.#published = published;
  }
}
