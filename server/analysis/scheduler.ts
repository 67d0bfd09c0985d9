import type { MatrixView } from "../architecture/architecture.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import { estimateSeconds } from "./estimate.ts";
import { GpuProcessLost, GpuUnavailable, type GpuProcess } from "./gpu-process.ts";
import type { Batch } from "./queue.ts";

/** Matrices in one batch. A software driver gains nothing from a batch and would only answer later. */
const batchCount = { hardware: 16, software: 2 };
/** Bytes of one batch as fp32. */
const batchBytes = 1 << 30;

/**
 * Decides what runs when: one batch at a time on the one GPU process, first of a checkpoint where something on screen
 * is waiting, else of the one whose turn it is. A batch that the GPU process does not survive is tried again a matrix at
 * a time; a matrix that ends it alone is marked unsupported, so that the rest goes on.
 */
export class Scheduler {
  readonly #gpu: GpuProcess;
  readonly #log: (message: string) => void;
  readonly #active: CheckpointAnalysis[] = [];
  #running: { readonly analysis: CheckpointAnalysis; readonly abort: AbortController } | null = null;
  #loop: Promise<void> | null = null;
  /** Ids of matrices that were on the GPU when its process ended, by checkpoint. */
  readonly #suspects = new Map<CheckpointAnalysis, Set<string>>();

  constructor(gpu: GpuProcess, log: (message: string) => void) {
    this.#gpu = gpu;
    this.#log = log;
  }

  /** Begins, or goes on with, what is queued of a checkpoint. Resolves when it is done, cancelled or impossible. */
  async run(analysis: CheckpointAnalysis): Promise<void> {
    if (!this.#active.includes(analysis)) {
      this.#active.push(analysis);
    }
    analysis.setPhase("running");
    while (this.#active.includes(analysis)) {
      this.#loop ??= this.#work();
      await this.#loop;
    }
  }

  /** Stops a checkpoint's work: what is queued is dropped, what runs is aborted. Results stay. */
  cancel(analysis: CheckpointAnalysis): void {
    analysis.queue.clear();
    this.#leave(analysis, "cancelled");
    if (this.#running?.analysis === analysis) {
      this.#running.abort.abort(new Error("cancelled"));
    }
  }

  async #work(): Promise<void> {
    try {
      // The caller keeps this promise before any work is done.
      await Promise.resolve();
      await this.#empty();
    } finally {
      this.#loop = null;
    }
  }

  async #empty(): Promise<void> {
    for (;;) {
      const analysis = this.#active.find(({ queue }) => queue.hasFocused) ?? this.#active[0];
      if (analysis === undefined) {
        return;
      }
      if (analysis.queue.size === 0) {
        this.#leave(analysis, "done");
        continue;
      }
      try {
        await this.#gpu.start();
      } catch (error) {
        this.#log(error instanceof Error ? error.message : String(error));
        for (const each of [...this.#active]) {
          each.queue.clear();
          this.#leave(each, "unavailable");
        }
        return;
      }
      await this.#batch(analysis);
      // A turn each, so that a small checkpoint does not wait for a large one.
      const index = this.#active.indexOf(analysis);
      if (index >= 0) {
        this.#active.push(...this.#active.splice(index, 1));
      }
    }
  }

  async #batch(analysis: CheckpointAnalysis): Promise<void> {
    const suspects = this.#suspects.get(analysis);
    const limits = {
      count: suspects !== undefined ? 1 : this.#gpu.status.software ? batchCount.software : batchCount.hardware,
      bytes: Math.min(batchBytes, this.#gpu.maximumBytes * batchCount.hardware),
    };
    const { matrices: batch, vectors } = analysis.queue.take(limits);
    const left = new Map<number, MatrixView>(batch.entries());
    const abort = new AbortController();
    this.#running = { analysis, abort };
    try {
      await this.#gpu.run(
        batch.map((matrix) => analysis.source(matrix)),
        {
          signal: abort.signal,
          vectors,
          onResult: (index, result) => {
            left.delete(index);
            analysis.accept(batch[index]!, result);
          },
          onUnsupported: (index, message) => {
            left.delete(index);
            analysis.refuse(batch[index]!, message);
          },
        },
      );
    } catch (error) {
      if (abort.signal.aborted) {
        return;
      }
      this.#recover(analysis, { matrices: [...left.values()], vectors }, error);
    } finally {
      this.#running = null;
    }
  }

  #recover(analysis: CheckpointAnalysis, { matrices: left, vectors }: Batch, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#log(message);
    if (error instanceof GpuUnavailable) {
      // The next turn of the loop meets it again, and says so.
      analysis.queue.add(left, vectors);
    } else if (error instanceof GpuProcessLost) {
      const suspects = this.#suspects.get(analysis) ?? new Set<string>();
      this.#suspects.set(analysis, suspects);
      const again = left.filter((matrix) => {
        if (suspects.has(matrix.id) && left.length === 1) {
          analysis.refuse(matrix, `${message} while it was computed, twice`);
          return false;
        }
        suspects.add(matrix.id);
        return true;
      });
      analysis.queue.add(again, vectors);
    } else {
      for (const matrix of left) {
        analysis.refuse(matrix, message);
      }
    }
  }

  #leave(analysis: CheckpointAnalysis, phase: "done" | "cancelled" | "unavailable"): void {
    const index = this.#active.indexOf(analysis);
    if (index >= 0) {
      this.#active.splice(index, 1);
      const { missing } = analysis;
      // What was asked for is done; the rest still waits for the person.
      if (phase === "done" && missing.length > 0) {
        analysis.setPhase("waiting", estimateSeconds(missing, this.#gpu.status.software));
      } else {
        analysis.setPhase(phase);
      }
    }
    this.#suspects.delete(analysis);
  }
}
