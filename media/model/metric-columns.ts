/** Metrics of all matrices: asked for once, and again while results come in. */
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import type { Host } from "../host.ts";
import { Throttle } from "../ui/throttle.ts";
import { decodeColumn, type Column } from "./across.ts";

/** While results stream in, the numbers are asked for again so often. In milliseconds. */
const refreshAfter = 1500;

export class MetricColumns {
  readonly #host: Pick<Host, "metric">;
  readonly #changed: (metric: MetricKey) => void;
  readonly #columns = new Map<MetricKey, Column>();
  readonly #failures = new Map<MetricKey, string>();
  /** Metrics that were asked for, and whether they are to be asked for again once the answer is there. */
  readonly #asked = new Map<MetricKey, { again: boolean }>();
  /** Who wants which metrics. */
  readonly #wanted = new Map<object, readonly MetricKey[]>();
  readonly #refresh = new Throttle(() => {
    const wanted = this.#allWanted();
    // What nobody looks at is forgotten rather than shown as it was.
    for (const metric of this.#columns.keys()) if (!wanted.has(metric)) this.#columns.delete(metric);
    for (const metric of wanted) void this.#ask(metric);
  }, refreshAfter);
  /** Counts checkpoints: an answer about an earlier one is stale. */
  #round = 0;
  #some = false;

  /** @param changed called when a column came, or why it did not */
  constructor(host: Pick<Host, "metric">, changed: (metric: MetricKey) => void) {
    this.#host = host;
    this.#changed = changed;
  }

  /** What is known of a metric; null until it was told. */
  get(metric: MetricKey): Column | null {
    return this.#columns.get(metric) ?? null;
  }

  /** Why a metric could not be had; null while it could. */
  failure(metric: MetricKey): string | null {
    return this.#failures.get(metric) ?? null;
  }

  /** Asks for these metrics, now and as results come, until the same owner wants others. */
  want(owner: object, metrics: readonly MetricKey[]): void {
    this.#wanted.set(owner, metrics);
    for (const metric of metrics) if (!this.#columns.has(metric)) void this.#ask(metric);
  }

  /** What an owner wanted is asked for no longer. */
  release(owner: object): void {
    this.#wanted.delete(owner);
  }

  #allWanted(): Set<MetricKey> {
    return new Set([...this.#wanted.values()].flat());
  }

  /** Another checkpoint, or the same with other files. @param some whether it has results at all */
  restart(some: boolean): void {
    this.#round += 1;
    this.#some = some;
    this.#refresh.cancel();
    this.#columns.clear();
    this.#failures.clear();
    this.#asked.clear();
    for (const metric of this.#allWanted()) void this.#ask(metric);
  }

  /** Results came. */
  refresh(): void {
    this.#some = true;
    this.#refresh.request();
  }

  async #ask(metric: MetricKey): Promise<void> {
    if (!this.#some) return;
    const pending = this.#asked.get(metric);
    if (pending !== undefined) {
      pending.again = true;
      return;
    }
    const asked = { again: false };
    this.#asked.set(metric, asked);
    const round = this.#round;
    try {
      const column = decodeColumn(await this.#host.metric(metric));
      if (round !== this.#round) return;
      this.#columns.set(metric, column);
      this.#failures.delete(metric);
    } catch (error) {
      if (round !== this.#round) return;
      this.#failures.set(metric, error instanceof Error ? error.message : String(error));
    }
    this.#asked.delete(metric);
    // The answer may be older than the results that came while it was on its way.
    if (asked.again) void this.#ask(metric);
    this.#changed(metric);
  }
}
