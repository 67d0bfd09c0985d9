import type { MatrixView } from "../architecture/architecture.ts";
import type { AnalysisState } from "../protocol.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import type { Pace, PacedAdapter } from "./estimate.ts";
import { GpuProcessLost, GpuUnavailable, type GpuProcess } from "./gpu-process.ts";
import type { Batch, Waiting } from "./queue.ts";

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
  readonly #pace: Pace | null;
  readonly #active: CheckpointAnalysis[] = [];
  #running: Running | null = null;
  #loop: Promise<void> | null = null;
  /** Ids of matrices that were on the GPU when its process ended, by checkpoint. */
  readonly #suspects = new Map<CheckpointAnalysis, Set<string>>();

  /** @param pace learns from every batch, and tells how long the rest takes; null where nobody asks */
  constructor(gpu: GpuProcess, log: (message: string) => void, pace: Pace | null = null) {
    this.#gpu = gpu;
    this.#log = log;
    this.#pace = pace;
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

  /** Interrupts a checkpoint's work: what is queued, and what runs, is set aside until {@link resume}. */
  pause(analysis: CheckpointAnalysis): void {
    if (!this.#active.includes(analysis)) {
      return;
    }
    analysis.queue.hold();
    this.#leave(analysis, "paused");
    if (this.#running?.analysis === analysis) {
      this.#running.keep = true;
      this.#running.abort.abort(new Error("paused"));
    }
  }

  /** Goes on with what was set aside. Resolves as {@link run}. */
  resume(analysis: CheckpointAnalysis): Promise<void> {
    analysis.queue.release();
    return this.run(analysis);
  }

  /** Stops a checkpoint's work: what is queued is dropped, what runs is aborted. Results stay. */
  cancel(analysis: CheckpointAnalysis): void {
    analysis.queue.clear();
    if (analysis.state.phase === "paused") {
      analysis.setPhase("cancelled", this.#rest(analysis, "cancelled"));
    }
    this.#leave(analysis, "cancelled");
    if (this.#running?.analysis === analysis) {
      this.#running.keep = false;
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
        this.#leave(analysis, restingPhase(analysis));
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
    const running: Running = { analysis, abort: new AbortController(), keep: false };
    const { signal } = running.abort;
    this.#running = running;
    const begin = performance.now();
    this.#estimate(analysis, { matrices: batch, vectors });
    try {
      await this.#gpu.run(
        batch.map((matrix) => analysis.source(matrix)),
        {
          signal,
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
      if (left.size === 0) {
        this.#pace?.note(adapterOf(this.#gpu), { matrices: batch, vectors }, (performance.now() - begin) / 1000);
      }
      this.#estimate(analysis);
    } catch (error) {
      if (signal.aborted) {
        if (running.keep) {
          putBack(analysis, { matrices: [...left.values()], vectors });
        }
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

  #leave(analysis: CheckpointAnalysis, phase: RestingPhase): void {
    const index = this.#active.indexOf(analysis);
    if (index >= 0) {
      this.#active.splice(index, 1);
      analysis.setPhase(phase, this.#rest(analysis, phase));
    }
    this.#suspects.delete(analysis);
  }

  /** Tells how long what is queued takes, and what is computed just now. */
  #estimate(analysis: CheckpointAnalysis, { matrices, vectors }: Batch = { matrices: [], vectors: false }): void {
    const running = matrices.map((matrix): Waiting => ({ matrix, vectors }));
    analysis.setEstimate(this.#seconds([...running, ...analysis.queue.waiting]));
  }

  #rest(analysis: CheckpointAnalysis, phase: RestingPhase): number | null {
    if (phase === "done" || phase === "unavailable") {
      return null;
    }
    const missing = analysis.missing.map((matrix): Waiting => ({ matrix, vectors: false }));
    return this.#seconds(phase === "paused" ? analysis.queue.held : missing);
  }

  #seconds(work: Iterable<Waiting>): number | null {
    return this.#gpu.status.phase === "ready" ? (this.#pace?.seconds(adapterOf(this.#gpu), work) ?? null) : null;
  }
}

/** The batch on the GPU. */
interface Running {
  readonly analysis: CheckpointAnalysis;
  readonly abort: AbortController;
  /** Whether what an abort leaves undone is wanted later. */
  keep: boolean;
}

type RestingPhase = Exclude<AnalysisState["phase"], "running">;

/** What a checkpoint is in when nothing is queued: it may have been one tensor that was asked for. */
function restingPhase(analysis: CheckpointAnalysis): RestingPhase {
  if (analysis.queue.heldSize > 0) return "paused";
  return analysis.missing.length > 0 ? "waiting" : "done";
}

/** An interrupted batch: set aside with the rest, or queued where the rest goes on already. */
function putBack({ state, queue }: CheckpointAnalysis, batch: Batch): void {
  if (state.phase === "paused") queue.hold(batch);
  else queue.add(batch.matrices, batch.vectors);
}

function adapterOf({ status }: GpuProcess): PacedAdapter {
  return { adapter: status.adapter ?? "", software: status.software };
}
