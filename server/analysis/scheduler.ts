import type { MatrixView } from "../architecture/architecture.ts";
import type { AnalysisState } from "../protocol.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import type { Pace, PacedAdapter } from "./estimate.ts";
import { GpuProcessLost, GpuUnavailable, type GpuProcess } from "./gpu-process.ts";
import type { Batch, Waiting } from "./queue.ts";

/**
 * One batch: matrices, and their bytes as fp32. A software driver gains nothing from a batch and would only answer later;
 * a GPU takes many small matrices, such as heads, in the time of a few.
 */
const batchLimits = { hardware: { count: 512, bytes: 1 << 30 }, software: { count: 2, bytes: 1 << 30 } };
/** Bytes of a batch on a GPU that does a usual one in so many seconds: more at a time are quicker each. */
const quick = { bytes: 15 * 2 ** 27, seconds: 0.7 };
/**
 * Batches at the GPU process: while one is computed, the next is read. A software driver computes on the processors that
 * would read.
 */
const batchesAhead = { hardware: 2, software: 1 };

/**
 * Decides what runs when: a batch at a time on the one GPU process, and the next one on its way, first of a checkpoint where
 * something on screen is waiting, else of the one whose turn it is. What comes to be on screen overtakes the batch that is
 * on its way. A batch that the GPU process does not survive is tried again a matrix at a time; a matrix that ends it alone
 * is marked unsupported, so that the rest goes on.
 */
export class Scheduler {
  readonly #gpu: GpuProcess;
  readonly #log: (message: string) => void;
  readonly #pace: Pace | null;
  readonly #active: CheckpointAnalysis[] = [];
  /** In the order in which they were sent; the first is the one being computed. */
  readonly #flights: Flight[] = [];
  #loop: Promise<void> | null = null;
  /** Ends the loop's waiting. */
  #wake: () => void = () => undefined;
  /** When the last batch came back. */
  #landed = 0;
  /** The GPU was quick with a batch that was as large as may be. */
  #isQuick = false;
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
    analysis.queue.onChange = () => {
      this.#wake();
    };
    this.#wake();
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
    this.#callBack("paused", (flight) => flight.analysis === analysis);
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
    this.#callBack("cancelled", (flight) => flight.analysis === analysis);
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
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      for (const analysis of [...this.#active]) {
        if (analysis.queue.size === 0 && !this.#flights.some((flight) => flight.analysis === analysis)) {
          this.#leave(analysis, restingPhase(analysis));
        }
      }
      const waiting = this.#active.filter(({ queue }) => queue.size > 0);
      const analysis = waiting.find(({ queue }) => queue.hasFocused) ?? waiting[0];
      if (analysis === undefined) {
        if (this.#flights.length === 0) {
          return;
        }
      } else {
        if (this.#flights.length === 0 && !(await this.#started())) {
          return;
        }
        if (analysis.queue.hasFocused) {
          // What is looked at does not wait for what is not being computed yet.
          this.#callBack("overtaken", (flight, place) => place > 0 && !flight.focused);
        }
        if (this.#flights.length < this.#most()) {
          this.#send(analysis);
          continue;
        }
      }
      await changed;
    }
  }

  /** Where there is no GPU, all work ends. */
  async #started(): Promise<boolean> {
    try {
      await this.#gpu.start();
      return true;
    } catch (error) {
      this.#log(error instanceof Error ? error.message : String(error));
      for (const each of [...this.#active]) {
        each.queue.clear();
        this.#leave(each, "unavailable");
      }
      return false;
    }
  }

  /** Batches that the GPU process may have. Alone, so that it is known which one ends it, if one may. */
  #most(): number {
    return this.#suspects.size > 0 ? 1 : batchesAhead[this.#gpu.status.software ? "software" : "hardware"];
  }

  /** Aborts batches; what they leave undone is kept, unless it is not wanted any more. */
  #callBack(why: "overtaken" | "paused" | "cancelled", which: (flight: Flight, place: number) => boolean): void {
    for (const flight of this.#flights.filter(which)) {
      flight.keep = why !== "cancelled";
      flight.abort.abort(new Error(why));
    }
  }

  #send(analysis: CheckpointAnalysis): void {
    // A turn each, so that a small checkpoint does not wait for a large one.
    this.#active.push(...this.#active.splice(this.#active.indexOf(analysis), 1));
    const usual = batchLimits[this.#gpu.status.software ? "software" : "hardware"];
    const limits = this.#isQuick ? { ...usual, bytes: quick.bytes } : usual;
    const focused = analysis.queue.hasFocused;
    const batch = analysis.queue.take({ ...limits, ...(this.#suspects.has(analysis) ? { count: 1 } : {}) });
    const flight: Flight = { analysis, batch, focused, abort: new AbortController(), keep: false };
    this.#flights.push(flight);
    this.#estimate(analysis);
    void this.#fly(flight).finally(() => {
      this.#flights.splice(this.#flights.indexOf(flight), 1);
      this.#landed = performance.now();
      this.#estimate(analysis);
      this.#wake();
    });
  }

  async #fly(flight: Flight): Promise<void> {
    const { analysis, batch } = flight;
    const { matrices, vectors } = batch;
    const { signal } = flight.abort;
    const left = new Map<number, MatrixView>(matrices.entries());
    const sent = performance.now();
    try {
      await this.#gpu.run(
        matrices.map((matrix) => analysis.source(matrix)),
        {
          signal,
          vectors,
          onResult: (index, result) => {
            left.delete(index);
            analysis.accept(matrices[index]!, result);
          },
          onUnsupported: (index, message) => {
            left.delete(index);
            analysis.refuse(matrices[index]!, message);
          },
        },
      );
      if (left.size === 0) {
        // It waited for the one before.
        const seconds = (performance.now() - Math.max(sent, this.#landed)) / 1000;
        this.#pace?.note(adapterOf(this.#gpu), batch, seconds);
        const bytes = matrices.reduce((sum, { rows, columns }) => sum + 4 * rows * columns, 0);
        this.#isQuick ||= bytes > batchLimits.hardware.bytes / 2 && seconds < quick.seconds && !vectors;
      }
    } catch (error) {
      const rest = { matrices: [...left.values()], vectors };
      if (!signal.aborted) {
        this.#recover(analysis, rest, error);
      } else if (flight.keep) {
        putBack(analysis, rest);
      }
    }
  }

  #recover(analysis: CheckpointAnalysis, { matrices: left, vectors }: Batch, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#log(message);
    if (error instanceof GpuUnavailable) {
      // The next turn of the loop meets it again, and says so.
      analysis.queue.putBack({ matrices: left, vectors });
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
      analysis.queue.putBack({ matrices: again, vectors });
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

  /** Tells how long what is queued takes, and what is at the GPU process; of what is paused, all that was set aside. */
  #estimate(analysis: CheckpointAnalysis): void {
    const { phase } = analysis.state;
    if (phase === "paused") {
      analysis.setPhase(phase, this.#rest(analysis, phase));
    }
    if (phase !== "running") {
      return;
    }
    const running = this.#flights
      .filter((flight) => flight.analysis === analysis)
      .flatMap(({ batch: { matrices, vectors } }) => matrices.map((matrix): Waiting => ({ matrix, vectors })));
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

/** A batch at the GPU process. */
interface Flight {
  readonly analysis: CheckpointAnalysis;
  readonly batch: Batch;
  /** Something in it was looked at. */
  readonly focused: boolean;
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
  else queue.putBack(batch);
}

function adapterOf({ status }: GpuProcess): PacedAdapter {
  return { adapter: status.adapter ?? "", software: status.software };
}
