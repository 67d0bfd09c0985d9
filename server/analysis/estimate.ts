import type { MatrixView } from "../architecture/architecture.ts";
import type { Batch, Waiting } from "./queue.ts";

/** Floating-point operations a second that the engine reaches at least, all stages counted. */
const leastRate = { software: 1.2e9, hardware: 4e11 };

/** Singular vectors take this many times as long as the values alone, until it is measured. */
const vectorsFactor = 6;

/** An adapter, as far as its speed goes. */
export interface PacedAdapter {
  readonly adapter: string;
  readonly software: boolean;
}

/** What was computed, and how long it took. */
interface Work {
  readonly operations: number;
  readonly seconds: number;
}

/** What was measured: by adapter, then by the kind of work: the size class of the matrices, and a `v` with their vectors. */
export type Measured = Readonly<Record<string, Readonly<Record<string, Work>>>>;

/** Older measurements count half once there are as many seconds as this: drivers and machines change. */
const memory = 120;

/**
 * How long matrices take, learned from how long those before took. The cost of a matrix is that of its bidiagonalisation,
 * 4mn·min(m, n); adapters reach very different rates with small and large matrices, so each size class, the binary
 * logarithm of the smaller side, has a rate of its own.
 */
export class Pace {
  #measured: Measured = {};

  /** For keeping. */
  get measured(): Measured {
    return this.#measured;
  }

  /** Takes over what was measured earlier, where nothing was since. */
  adopt(measured: Measured): void {
    this.#measured = { ...measured, ...this.#measured };
  }

  /** Notes that an adapter computed matrices of one shape in so many seconds. */
  note({ adapter }: PacedAdapter, { matrices, vectors }: Batch, seconds: number): void {
    const [first] = matrices;
    if (first === undefined || !(seconds > 0)) return;
    const kind = `${sizeClass(first)}${vectors ? "v" : ""}`;
    const kinds = this.#measured[adapter] ?? {};
    const before = kinds[kind] ?? { operations: 0, seconds: 0 };
    const weight = before.seconds > memory ? 0.5 : 1;
    const work = {
      operations: weight * before.operations + operationsOf(matrices),
      seconds: weight * before.seconds + seconds,
    };
    this.#measured = { ...this.#measured, [adapter]: { ...kinds, [kind]: work } };
  }

  /** About how long an adapter takes for these matrices, in seconds. */
  seconds(on: PacedAdapter, work: Iterable<Waiting>): number {
    const rates = new Map<string, number>();
    let seconds = 0;
    for (const { matrix, vectors } of work) {
      const size = sizeClass(matrix);
      const kind = `${size}${vectors ? "v" : ""}`;
      let rate = rates.get(kind);
      if (rate === undefined) {
        rate = this.#rate(on, size, vectors);
        rates.set(kind, rate);
      }
      seconds += operations(matrix) / rate;
    }
    return seconds;
  }

  /**
   * Operations a second: measured for the nearest size. Small matrices say little of much larger ones, which keep an
   * adapter busier.
   */
  #rate({ adapter, software }: PacedAdapter, size: number, vectors: boolean): number {
    const least = (software ? leastRate.software : leastRate.hardware) / (vectors ? vectorsFactor : 1);
    const [nearest] = Object.entries(this.#measured[adapter] ?? {})
      .filter(([kind]) => kind.endsWith("v") === vectors)
      .map(([kind, work]) => ({ distance: size - Number.parseInt(kind, 10), rate: work.operations / work.seconds }))
      .sort((a, b) => Math.abs(a.distance) - Math.abs(b.distance));
    if (nearest === undefined) return least;
    return nearest.distance > 1 ? Math.max(least, nearest.rate) : nearest.rate;
  }
}

/** What was measured, out of a file that may hold anything: what is not understood is left out. */
export function readMeasured(value: unknown): Measured {
  const measured: Record<string, Record<string, Work>> = {};
  for (const [adapter, kinds] of entries(value)) {
    for (const [kind, work] of entries(kinds)) {
      const { operations: done, seconds } = Object.fromEntries(entries(work));
      if (!/^\d{1,2}v?$/.test(kind) || !isPositive(done) || !isPositive(seconds)) continue;
      measured[adapter] = { ...measured[adapter], [kind]: { operations: done, seconds } };
    }
  }
  return measured;
}

function operations({ rows, columns }: MatrixView): number {
  return 4 * rows * columns * Math.min(rows, columns);
}

function operationsOf(matrices: readonly MatrixView[]): number {
  return matrices.reduce((sum, matrix) => sum + operations(matrix), 0);
}

function sizeClass({ rows, columns }: MatrixView): number {
  return Math.floor(Math.log2(Math.max(1, Math.min(rows, columns))));
}

function entries(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

function isPositive(value: unknown): value is number {
  return typeof value === "number" && value > 0 && Number.isFinite(value);
}
