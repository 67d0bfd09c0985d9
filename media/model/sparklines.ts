/** Small pictures of spectra for the lines of the tree: asked for as lines come into view, a screenful at a time. */
import type { MatrixSpectrum } from "../../server/protocol.ts";
import { quantile } from "../../server/statistics/marchenko-pastur.ts";
import type { Host } from "../host.ts";
import { decodeFloats } from "./across.ts";

/** Values of each spectrum, and how many spectra are kept. */
const points = 28;
const most = 4000;
const pause = 60;

/** Heights from 0 to 1, from the strongest direction to the weakest. */
export interface Sparkline {
  readonly values: readonly number[];
  /** What noise of the same shape would give; null where the bulk has no size. */
  readonly noise: readonly number[] | null;
}

export class Sparklines {
  readonly #host: Pick<Host, "spectra">;
  readonly #changed: (ids: ReadonlySet<string>) => void;
  readonly #known = new Map<string, Sparkline | null>();
  readonly #waiting = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round = 0;

  /** @param changed called with the matrices whose pictures came */
  constructor(host: Pick<Host, "spectra">, changed: (ids: ReadonlySet<string>) => void) {
    this.#host = host;
    this.#changed = changed;
  }

  /** The picture of a matrix; null where it has none; undefined while it is not known: then it is asked for. */
  get(id: string): Sparkline | null | undefined {
    const known = this.#known.get(id);
    if (known !== undefined || this.#known.has(id)) return known ?? null;
    this.#waiting.add(id);
    this.#timer ??= setTimeout(() => void this.#ask(), pause);
    return undefined;
  }

  /** There are new results of these matrices. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) this.#known.delete(id);
  }

  clear(): void {
    this.#round += 1;
    this.#known.clear();
    this.#waiting.clear();
  }

  async #ask(): Promise<void> {
    const round = this.#round;
    // Of a long way through the tree only where it ended.
    const ids = [...this.#waiting].slice(-128);
    this.#waiting.clear();
    try {
      const spectra = await this.#host.spectra(ids, points);
      if (round !== this.#round) return;
      if (this.#known.size > most) this.#known.clear();
      for (const id of ids) this.#known.set(id, null);
      for (const spectrum of spectra) this.#known.set(spectrum.id, sparklineOf(spectrum));
      this.#changed(new Set(ids));
    } catch {
      // A row without its picture has everything else; the next look asks again.
    } finally {
      this.#timer = undefined;
      if (this.#waiting.size > 0) this.#timer = setTimeout(() => void this.#ask(), pause);
    }
  }
}

/** Null where there is nothing to draw: no values, or none above zero. */
export function sparklineOf({ rows, columns, metrics, ...spectrum }: MatrixSpectrum): Sparkline | null {
  const values = [...decodeFloats(spectrum.values)];
  const largest = values[0] ?? NaN;
  if (!(largest > 0) || values.length < 2 || values.some((value) => !Number.isFinite(value))) return null;
  const unit = (metrics.sigmaBulk ?? 0) * Math.sqrt(Math.max(rows, columns));
  const shape = Math.min(rows, columns) / Math.max(rows, columns);
  return {
    values: values.map((value) => value / largest),
    noise: unit > 0 ? noiseShape(shape, values.length).map((value) => Math.min(1, (unit * value) / largest)) : null,
  };
}

const shapes = new Map<string, readonly number[]>();

/** Marchenko–Pastur quantiles from the largest to the smallest, kept for each shape: there are few in a model. */
function noiseShape(shape: number, count: number): readonly number[] {
  const key = `${shape} ${count}`;
  let values = shapes.get(key);
  if (values === undefined) {
    values = Array.from({ length: count }, (_, index) => quantile(1 - (index + 0.5) / count, shape));
    shapes.set(key, values);
  }
  return values;
}
