import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * A small JSON file of things worth knowing next time. It is a convenience: one that cannot be read is empty, and one
 * that cannot be written is forgotten.
 */
export class Memory<Value> {
  readonly #path: string;
  readonly #parse: (value: unknown) => Value;
  #value: Promise<Value> | null = null;
  /** Writes follow each other. */
  #writing: Promise<void> = Promise.resolve();

  /** @param parse takes whatever the file holds, null where there is none, and never throws */
  constructor(path: string, parse: (value: unknown) => Value) {
    this.#path = path;
    this.#parse = parse;
  }

  /** What was kept last. */
  read(): Promise<Value> {
    this.#value ??= readFile(this.#path, "utf8").then(
      (text) => this.#parse(parseJson(text)),
      () => this.#parse(null),
    );
    return this.#value;
  }

  /** Keeps another value, made of the one before; resolves when it is on disk, or cannot be. */
  update(change: (before: Value) => Value): Promise<void> {
    const next = this.read().then(change);
    this.#value = next;
    this.#writing = this.#writing.then(async () => {
      const value = await next;
      // Whole or not at all: another server may read it at the same time.
      const draft = `${this.#path}.${process.pid}`;
      try {
        await mkdir(dirname(this.#path), { recursive: true });
        await writeFile(draft, JSON.stringify(value));
        await rename(draft, this.#path);
      } catch {
        // A convenience only.
      }
    });
    return this.#writing;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
