import type { MatrixView } from "../architecture/architecture.ts";

/** How much one batch may hold. */
export interface BatchLimits {
  /** Matrices. */
  readonly count: number;
  /** Bytes as fp32, which is how the GPU holds them. */
  readonly bytes: number;
}

/**
 * The matrices of one checkpoint that are still to be computed: what the person looks at first, then file order.
 * Matrices of one shape and dtype leave together, because the GPU computes eight of them in little more time than one.
 */
export class MatrixQueue {
  /** Insertion order is file order. */
  readonly #waiting = new Map<string, MatrixView>();
  #focus: readonly string[] = [];

  get size(): number {
    return this.#waiting.size;
  }

  add(matrices: Iterable<MatrixView>): void {
    for (const matrix of matrices) {
      this.#waiting.set(matrix.id, matrix);
    }
  }

  delete(id: string): void {
    this.#waiting.delete(id);
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** These are computed next, in this order. Ids that are not waiting are remembered for when they are. */
  focus(ids: readonly string[]): void {
    this.#focus = ids;
  }

  /** Whether something that the person looks at is waiting. */
  get hasFocused(): boolean {
    return this.#focus.some((id) => this.#waiting.has(id));
  }

  /** Takes the next batch out of the queue; empty when nothing waits. A matrix beyond the byte limit travels alone. */
  take(limits: BatchLimits): MatrixView[] {
    const first = this.#ordered().next().value;
    if (first === undefined) {
      return [];
    }
    const batch: MatrixView[] = [];
    const bytesEach = first.rows * first.columns * 4;
    const count = Math.max(1, Math.min(limits.count, Math.floor(limits.bytes / bytesEach)));
    for (const matrix of this.#ordered()) {
      if (batch.length === count) {
        break;
      }
      if (
        matrix.rows === first.rows &&
        matrix.columns === first.columns &&
        matrix.tensor.dtype === first.tensor.dtype
      ) {
        batch.push(matrix);
      }
    }
    for (const { id } of batch) {
      this.#waiting.delete(id);
    }
    return batch;
  }

  *#ordered(): Generator<MatrixView, undefined> {
    const seen = new Set<string>();
    for (const id of this.#focus) {
      const matrix = this.#waiting.get(id);
      if (matrix !== undefined && !seen.has(id)) {
        seen.add(id);
        yield matrix;
      }
    }
    for (const matrix of this.#waiting.values()) {
      if (!seen.has(matrix.id)) {
        yield matrix;
      }
    }
  }
}
