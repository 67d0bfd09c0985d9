import type { MatrixView } from "../architecture/architecture.ts";

/** How much one batch may hold. */
export interface BatchLimits {
  /** Matrices. */
  readonly count: number;
  /** Bytes as fp32, which is how the GPU holds them. */
  readonly bytes: number;
}

/** Matrices of one shape and dtype, all packed or none, that are computed together. */
export interface Batch {
  readonly matrices: readonly MatrixView[];
  /** Whether their singular vectors are wanted too. */
  readonly vectors: boolean;
}

/** A matrix that is still to be computed. */
export interface Waiting {
  readonly matrix: MatrixView;
  readonly vectors: boolean;
}

/**
 * The matrices of one checkpoint that are still to be computed: what the person looks at first, then file order.
 * Matrices of one shape and dtype leave together, because the GPU computes eight of them in little more time than one.
 */
export class MatrixQueue {
  /** Insertion order is file order. */
  readonly #waiting = new Map<string, Waiting>();
  /** Set aside until they are released. */
  readonly #held = new Map<string, Waiting>();
  /** Computed by another process, whose results come by themselves. */
  readonly #elsewhere = new Map<string, Waiting>();
  #focus: readonly string[] = [];
  /** Called when there is more to compute, or something else comes first. */
  onChange: () => void = () => undefined;

  get size(): number {
    return this.#waiting.size;
  }

  /** What waits, in file order. */
  get waiting(): Iterable<Waiting> {
    return this.#waiting.values();
  }

  /** What is set aside. */
  get held(): Iterable<Waiting> {
    return this.#held.values();
  }

  get heldSize(): number {
    return this.#held.size;
  }

  /** What another process computes. */
  get elsewhere(): Iterable<Waiting> {
    return this.#elsewhere.values();
  }

  get elsewhereSize(): number {
    return this.#elsewhere.size;
  }

  /** @param vectors whether their singular vectors are wanted too; what waits for its vectors goes on waiting for them */
  add(matrices: Iterable<MatrixView>, vectors = false): void {
    for (const matrix of matrices) {
      const before = this.#waiting.get(matrix.id);
      this.#waiting.set(matrix.id, { matrix, vectors: vectors || before?.vectors === true });
    }
    this.onChange();
  }

  /** Adds what was taken and not computed, before everything else that waits. */
  putBack({ matrices, vectors }: Batch): void {
    const waiting = [...matrices.map((matrix): Waiting => ({ matrix, vectors })), ...this.#waiting.values()];
    this.#waiting.clear();
    for (const each of waiting) this.add([each.matrix], each.vectors);
  }

  /** Adds what another process was given and did not compute either, before everything else that waits. */
  takeBack(matrices: readonly Waiting[]): void {
    for (const { matrix } of matrices) this.#elsewhere.delete(matrix.id);
    for (const { matrix, vectors } of matrices) this.putBack({ matrices: [matrix], vectors });
  }

  /** Leaves matrices to another process. */
  leave({ matrices, vectors }: Batch): void {
    for (const matrix of matrices) this.#elsewhere.set(matrix.id, { matrix, vectors });
  }

  /** A result came, with vectors or without: who wants vectors goes on waiting for them. */
  settle(id: string, vectors: boolean): void {
    for (const waiting of [this.#waiting, this.#held, this.#elsewhere]) {
      if (vectors || waiting.get(id)?.vectors !== true) waiting.delete(id);
    }
  }

  delete(id: string): void {
    this.settle(id, true);
  }

  clear(): void {
    this.#waiting.clear();
    this.#held.clear();
    this.#elsewhere.clear();
  }

  /** Sets everything that waits aside, and an interrupted batch before it. */
  hold({ matrices, vectors }: Batch = { matrices: [], vectors: false }): void {
    const before = [...this.#held.values()];
    this.#held.clear();
    const interrupted = matrices.map((matrix): Waiting => ({ matrix, vectors }));
    const rest = [...this.#elsewhere.values(), ...this.#waiting.values()];
    for (const each of [...interrupted, ...before, ...rest]) this.#held.set(each.matrix.id, each);
    this.#elsewhere.clear();
    this.#waiting.clear();
  }

  /** What was set aside waits again, in front. */
  release(): void {
    const waiting = [...this.#held.values(), ...this.#waiting.values()];
    this.#held.clear();
    this.#waiting.clear();
    for (const { matrix, vectors } of waiting) this.add([matrix], vectors);
  }

  /** These are computed next, in this order. Ids that are not waiting are remembered for when they are. */
  focus(ids: readonly string[]): void {
    this.#focus = ids;
    this.onChange();
  }

  /** Whether something that the person looks at is waiting. */
  get hasFocused(): boolean {
    return this.#focus.some((id) => this.#waiting.has(id));
  }

  /**
   * Takes the next batch out of the queue; empty when nothing waits. It keeps to one of the limits. A matrix beyond them
   * all travels alone.
   */
  take(...limits: readonly BatchLimits[]): Batch {
    const next = this.#ordered().next().value;
    if (next === undefined) {
      return { matrices: [], vectors: false };
    }
    const { matrix: first, vectors } = next;
    const batch: MatrixView[] = [];
    const bytesEach = first.rows * first.columns * 4;
    const count = Math.max(1, ...limits.map((each) => Math.min(each.count, Math.floor(each.bytes / bytesEach))));
    for (const { matrix, vectors: wanted } of this.#ordered()) {
      if (batch.length === count) {
        break;
      }
      if (
        wanted === vectors &&
        matrix.rows === first.rows &&
        matrix.columns === first.columns &&
        matrix.tensor.dtype === first.tensor.dtype &&
        (matrix.quantisation === undefined) === (first.quantisation === undefined)
      ) {
        batch.push(matrix);
      }
    }
    for (const { id } of batch) {
      this.#waiting.delete(id);
    }
    return { matrices: batch, vectors };
  }

  *#ordered(): Generator<Waiting, undefined> {
    const seen = new Set<string>();
    for (const id of this.#focus) {
      const waiting = this.#waiting.get(id);
      if (waiting !== undefined && !seen.has(id)) {
        seen.add(id);
        yield waiting;
      }
    }
    for (const waiting of this.#waiting.values()) {
      if (!seen.has(waiting.matrix.id)) {
        yield waiting;
      }
    }
  }
}
