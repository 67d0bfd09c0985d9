import { plural, said, t, type Said } from "../text/l10n.ts";
import { basename } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { MatrixView } from "../architecture/architecture.ts";
import type { AnalysisState } from "../protocol.ts";
import type { CheckpointAnalysis } from "./checkpoint-analysis.ts";
import type { Pace, PacedAdapter } from "./estimate.ts";
import { Gate } from "./gate.ts";
import { GpuProcessLost, GpuUnavailable, type GpuProcess } from "./gpu-process.ts";
import { MemoryShortage } from "./memory-shortage.ts";
import type { Batch, BatchLimits, Waiting } from "./queue.ts";

/**
 * One batch: matrices, and their bytes as fp32, whichever of the limits allows more. A GPU takes many small matrices, such
 * as heads, in the time of a few. A software driver gains nothing from a batch of matrices that take it a while each, and
 * would only answer later; but what a batch costs besides (its claim, its messages, its submits) is most of the time of
 * small ones.
 */
const batchLimits: Readonly<Record<"hardware" | "software", readonly BatchLimits[]>> = {
  hardware: [{ count: 512, bytes: 1 << 30 }],
  software: [
    { count: 2, bytes: 1 << 30 },
    { count: 64, bytes: 1 << 19 },
  ],
};
/** Of a batch on a GPU that does one of more bytes than `large` in so many seconds: more at a time are quicker each. */
const quick = { large: 1 << 29, seconds: 0.7, limits: [{ count: 512, bytes: 15 * 2 ** 27 }] };
/** Of a checkpoint where something ends the GPU process. */
const alone: readonly BatchLimits[] = [{ count: 1, bytes: Infinity }];
/**
 * Batches at the GPU process: while one is computed, the next is read. A software driver computes on the processors that
 * would read.
 */
const batchesAhead = { hardware: 2, software: 1 };
/** How often what other processes compute is looked at while it is waited for, in milliseconds. */
const followInterval = 300;
/** How long so many matrices or more take is added up at most so often, in milliseconds. */
const longQueue = 2000;
const estimateInterval = 1000;
/** An end of the GPU process counts 2 against the matrix on it, one that may have come from outside 1; this is too much. */
const mostStrikes = 4;
/** So many times the GPU process may end without a single result in between: then it is the process, not the matrices. */
const mostLosses = 6;

/**
 * Decides what runs when: a batch at a time on the one GPU process, and the next one on its way, first of a checkpoint where
 * something on screen is waiting, else of the one whose turn it is. What comes to be on screen overtakes the batch that is
 * on its way. What another process computes already is left to it. A batch that the GPU process does not survive is tried
 * again a matrix at a time; a matrix that ends it alone is marked unsupported, so that the rest goes on. Results count only
 * if the file they came from is, after them, still the one that was opened.
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
  /** When it was last added up how long the rest takes. */
  readonly #estimated = new WeakMap<CheckpointAnalysis, number>();
  /** Matrices that were on the GPU when its process ended, with how much that counts, by checkpoint and id. */
  readonly #suspects = new Map<CheckpointAnalysis, Map<string, number>>();
  /** Why matrices were given up since the last result: the GPU process may be broken instead. */
  #condemned: { readonly analysis: CheckpointAnalysis; readonly matrix: MatrixView; readonly reason: Said }[] = [];
  readonly #shortage = new MemoryShortage();
  /** Ends of the GPU process since the last result. */
  #losses = 0;
  /** Batches are claimed, and sent, in their order. */
  #claiming: Promise<Batch | null> = Promise.resolve(null);

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
    for (const batch of this.#shortage.take(analysis)) analysis.queue.putBack(batch);
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
        if (isEmpty(analysis) && !this.#flights.some((flight) => flight.analysis === analysis)) {
          const again = this.#shortage.take(analysis);
          for (const { matrices, vectors } of again) analysis.queue.add(matrices, vectors);
          if (again.length > 0) continue;
          this.#condemn(({ analysis: of }) => of === analysis);
          this.#leave(analysis, restingPhase(analysis));
        }
      }
      const waiting = this.#active.filter(({ queue }) => queue.size > 0);
      const analysis = waiting.find(({ queue }) => queue.hasFocused) ?? waiting[0];
      if (analysis === undefined) {
        if (this.#active.length === 0 && this.#flights.length === 0) {
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
      await this.#changedHereOrElsewhere(changed);
    }
  }

  async #changedHereOrElsewhere(changed: Promise<void>): Promise<void> {
    const followers = this.#active.filter(({ queue }) => queue.elsewhereSize > 0);
    if (followers.length === 0) {
      await changed;
      return;
    }
    const pause = new AbortController();
    await Promise.race([changed, setTimeout(followInterval, null, pause).catch(() => null)]);
    pause.abort();
    for (const analysis of followers) await analysis.follow();
  }

  /** Where there is no GPU, all work ends. */
  async #started(): Promise<boolean> {
    try {
      await this.#gpu.start();
      return true;
    } catch (error) {
      this.#log(error instanceof Error ? error.message : String(error));
      this.#stop();
      return false;
    }
  }

  /** Batches that the GPU process may have. Alone, so that it is known which one ends it, if one may. */
  #most(): number {
    return this.#suspects.size > 0 ? 1 : batchesAhead[this.#gpu.status.software ? "software" : "hardware"];
  }

  /** Aborts batches; what they leave undone is kept, unless it is not wanted any more. */
  #callBack(
    why: "overtaken" | "paused" | "cancelled" | "changed",
    which: (flight: Flight, place: number) => boolean,
  ): void {
    for (const flight of this.#flights.filter(which)) {
      flight.keep = why === "overtaken" || why === "paused";
      flight.abort.abort(new Error(why));
    }
  }

  #send(analysis: CheckpointAnalysis): void {
    // A turn each, so that a small checkpoint does not wait for a large one.
    this.#active.push(...this.#active.splice(this.#active.indexOf(analysis), 1));
    const usual = this.#isQuick ? quick.limits : batchLimits[this.#gpu.status.software ? "software" : "hardware"];
    const limits = this.#suspects.has(analysis) ? alone : usual;
    const focused = analysis.queue.hasFocused;
    const batch = analysis.queue.take(...limits);
    const taken = analysis.arrivals;
    const flight: Flight = { analysis, batch, taken, focused, abort: new AbortController(), keep: false };
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
    const { analysis } = flight;
    const { signal } = flight.abort;
    const claiming = this.#claiming.then(() => this.#claim(flight));
    this.#claiming = claiming;
    const batch = await claiming;
    if (batch === null) {
      this.#abandon(analysis);
      return;
    }
    const { matrices, vectors } = batch;
    if (matrices.length === 0) {
      return;
    }
    const left = new Map<number, MatrixView>(matrices.entries());
    // What comes of a file that has changed meanwhile is of neither state of it.
    const gate = new Gate(
      () => analysis.isUnchanged(matrices),
      () => {
        this.#callBack("changed", (each) => each.analysis === analysis);
      },
    );
    const sent = performance.now();
    try {
      await this.#gpu.run(
        matrices.map((matrix) => analysis.source(matrix)),
        {
          signal,
          vectors,
          onResult: (index, result) => {
            gate.arrive(() => {
              left.delete(index);
              analysis.accept(matrices[index]!, result);
              this.#works();
            });
          },
          onUnsupported: (index, message, shortOfMemory) => {
            const reason = said(message);
            gate.arrive(() => {
              const matrix = matrices[index]!;
              left.delete(index);
              analysis.release({ matrices: [matrix], vectors });
              if (!shortOfMemory || !this.#shortage.meet(analysis, matrix, vectors)) analysis.refuse(matrix, reason);
            });
          },
        },
      );
      await gate.settled();
      if (left.size === 0) {
        // It waited for the one before.
        const seconds = (performance.now() - Math.max(sent, this.#landed)) / 1000;
        this.#pace?.note(adapterOf(this.#gpu), batch, seconds);
        const bytes = matrices.reduce((sum, { rows, columns }) => sum + 4 * rows * columns, 0);
        this.#isQuick ||= bytes > quick.large && seconds < quick.seconds && !vectors;
      }
    } catch (error) {
      await gate.settled();
      const rest = { matrices: [...left.values()], vectors };
      analysis.release(rest);
      if (!signal.aborted) {
        this.#recover(analysis, rest, error);
      } else if (flight.keep) {
        putBack(analysis, rest);
      }
    }
    if (gate.isClosed) {
      this.#abandon(analysis);
    }
  }

  /** @returns what of a batch is to be computed here; null where its file is not the one that was opened any more */
  async #claim({ analysis, batch, taken, abort: { signal } }: Flight): Promise<Batch | null> {
    if (!(await analysis.isUnchanged(batch.matrices))) return null;
    // What was called back meanwhile ends as it is sent.
    return signal.aborted ? batch : analysis.claim(batch, taken);
  }

  /** Drops what is queued of a checkpoint whose files have changed. */
  #abandon(analysis: CheckpointAnalysis): void {
    analysis.queue.clear();
    this.#leave(analysis, "cancelled");
    analysis.onChanged();
  }

  #recover(analysis: CheckpointAnalysis, { matrices: left, vectors }: Batch, error: unknown): void {
    const message = error instanceof Error ? error.message : String(error);
    this.#log(message);
    if (error instanceof GpuUnavailable) {
      // The next turn of the loop meets it again, and says so.
      analysis.queue.putBack({ matrices: left, vectors });
    } else if (error instanceof GpuProcessLost) {
      this.#losses += 1;
      if (this.#losses >= mostLosses) {
        this.#giveUp(message);
        return;
      }
      const suspects = this.#suspects.get(analysis) ?? new Map<string, number>();
      this.#suspects.set(analysis, suspects);
      const again = left.filter((matrix) => {
        const strikes = (suspects.get(matrix.id) ?? 0) + (error.fromOutside ? 1 : 2);
        suspects.set(matrix.id, strikes);
        if (left.length > 1 || strikes < mostStrikes) return true;
        this.#condemned.push({
          analysis,
          matrix,
          reason: said(t("{0} while it was computed, again and again", message)),
        });
        return false;
      });
      // One of several is to blame: what may be quicker comes before finding out which.
      if (left.length > 1 && !error.fromOutside) analysis.queue.add(again, vectors);
      else analysis.queue.putBack({ matrices: again, vectors });
    } else {
      const reason = said(message);
      for (const matrix of left) {
        analysis.refuse(matrix, reason);
      }
    }
  }

  /** A result came: the GPU process is not to blame for what was given up. */
  #works(): void {
    this.#losses = 0;
    this.#condemn(() => true);
  }

  #condemn(which: (condemned: { readonly analysis: CheckpointAnalysis }) => boolean): void {
    const those = this.#condemned.filter(which);
    this.#condemned = this.#condemned.filter((each) => !those.includes(each));
    for (const { analysis, matrix, reason } of those) analysis.refuse(matrix, reason);
  }

  /** Ends all work, with one message instead of one for every matrix. */
  #giveUp(message: string): void {
    this.#condemned = [];
    this.#losses = 0;
    this.#gpu.giveUp(
      t("The analysis was stopped after {0} attempts without a result: {1}.", mostLosses, message),
      t("Update the graphics driver, or choose another adapter in the settings, and analyse again."),
    );
    this.#stop();
  }

  #stop(): void {
    for (const each of [...this.#active]) {
      each.queue.clear();
      this.#leave(each, "unavailable");
    }
  }

  #leave(analysis: CheckpointAnalysis, phase: RestingPhase): void {
    const index = this.#active.indexOf(analysis);
    const refused = this.#shortage.end(analysis);
    if (refused > 0) {
      analysis.onNotice(
        plural(
          refused,
          "One matrix of {1} needs more memory than {2} has free and was left out; analyse again when other programs use less.",
          "{0} matrices of {1} need more memory than {2} has free and were left out; analyse again when other programs use less.",
          basename(analysis.checkpoint.path),
          this.#gpu.status.adapter ?? "",
        ),
      );
    }
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
    // To add up a long queue takes as long as a small batch.
    const now = performance.now();
    if (analysis.queue.size > longQueue && now - (this.#estimated.get(analysis) ?? -Infinity) < estimateInterval) {
      return;
    }
    this.#estimated.set(analysis, now);
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
  /** {@link CheckpointAnalysis.arrivals} when it was taken out of the queue. */
  readonly taken: number;
  /** Something in it was looked at. */
  readonly focused: boolean;
  readonly abort: AbortController;
  /** Whether what an abort leaves undone is wanted later. */
  keep: boolean;
}

type RestingPhase = Exclude<AnalysisState["phase"], "running">;

/** Nothing of it is to be computed, here or elsewhere. */
function isEmpty({ queue }: CheckpointAnalysis): boolean {
  return queue.size === 0 && queue.elsewhereSize === 0;
}

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
