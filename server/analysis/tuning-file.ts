import { join } from "node:path";
import type { TuningMemory } from "../svd/autotune.ts";
import type { Tuning } from "../svd/tuning.ts";
import { Memory } from "./memory.ts";
import { engineVersion } from "./version.ts";

/** What suits each adapter, as this engine measured it; the one that was measured last is the last. */
type Tunings = Readonly<Record<string, unknown>>;

/** So many adapters, or drivers of them, are remembered. */
const most = 16;

/** Keeps what suits each adapter in a folder. What another engine measured is forgotten. */
export class TuningFile implements TuningMemory {
  readonly #memory: Memory<{ readonly engine: string; readonly adapters: Tunings }>;

  constructor(folder: string) {
    this.#memory = new Memory(join(folder, "tuning.json"), (value) => ({
      engine: engineVersion,
      adapters: tuningsIn(value),
    }));
  }

  async read(adapter: string): Promise<unknown> {
    const { adapters } = await this.#memory.read();
    return Object.hasOwn(adapters, adapter) ? adapters[adapter] : undefined;
  }

  keep(adapter: string, tuning: Tuning): Promise<void> {
    return this.#memory.update(({ engine, adapters }) => {
      const others = Object.entries(adapters).filter(([name]) => name !== adapter);
      return { engine, adapters: Object.fromEntries([...others.slice(1 - most), [adapter, tuning]]) };
    });
  }
}

function tuningsIn(value: unknown): Tunings {
  const whole = entriesOf(value);
  return whole["engine"] === engineVersion ? entriesOf(whole["adapters"]) : {};
}

function entriesOf(value: unknown): Tunings {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
