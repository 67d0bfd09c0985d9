import type { MatrixView } from "../architecture/architecture.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import type { Batch } from "./queue.ts";

/**
 * The matrices for which the GPU had no room, though it is large enough for them. What fills it may be another program's,
 * or the batch beside: each is tried once more when everything else of its checkpoint is done.
 */
export class MemoryShortage {
  readonly #shortages = new Map<CheckpointAnalysis, Shortage>();

  /** @returns whether it is to be tried again later */
  meet(analysis: CheckpointAnalysis, matrix: MatrixView, vectors: boolean): boolean {
    const shortage = this.#shortages.get(analysis) ?? { waiting: [], tried: new Set(), refused: 0 };
    this.#shortages.set(analysis, shortage);
    if (shortage.tried.has(matrix.id)) {
      shortage.refused += 1;
      return false;
    }
    shortage.waiting.push({ matrices: [matrix], vectors });
    return true;
  }

  /** What is to be tried again, which is not said twice. */
  take(analysis: CheckpointAnalysis): readonly Batch[] {
    const shortage = this.#shortages.get(analysis);
    const again = shortage?.waiting.splice(0) ?? [];
    for (const { matrices } of again) for (const { id } of matrices) shortage?.tried.add(id);
    return again;
  }

  /** Forgets a checkpoint. @returns how many of its matrices there was no room for, the second time either */
  end(analysis: CheckpointAnalysis): number {
    const refused = this.#shortages.get(analysis)?.refused ?? 0;
    this.#shortages.delete(analysis);
    return refused;
  }
}

interface Shortage {
  readonly waiting: Batch[];
  /** By their ids. */
  readonly tried: Set<string>;
  refused: number;
}
