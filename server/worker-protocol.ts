/** The messages between whoever wants results (language server, command line) and the GPU process. */
import type { Said, Spoken } from "./text/l10n.ts";
import type { EngineStatus } from "./protocol.ts";
import type { Metrics } from "./spectrum/metrics.ts";
import type { NoiseTest } from "./spectrum/verdict.ts";
import type { MatrixDraw } from "./svd/drawn-matrix.ts";
import type { MatrixSource, Measurement, ProductMeasurement, ProductSource } from "./svd/measurement.ts";

/** The exit code of a GPU process whose device is of no use any more. */
export const deviceLostCode = 3;

/** Statistics of the singular vectors, one number a vector in the order of the values; NaN where a value is zero to rounding. */
export interface VectorMeasurement {
  /** √n·D of the Kolmogorov–Smirnov test. */
  readonly left: Float32Array;
  readonly right: Float32Array;
  /** max |vᵢ|. */
  readonly leftLargest: Float32Array;
  readonly rightLargest: Float32Array;
  /** Σ vᵢ⁴. */
  readonly leftParticipation: Float32Array;
  readonly rightParticipation: Float32Array;
}

/** A measurement with everything that follows from it alone: what is cached on disk. */
export interface Analysis {
  readonly measurement: Measurement;
  readonly metrics: Metrics;
  readonly noise: Metrics;
  readonly tests: readonly NoiseTest[];
  /** Null where vectors were not asked for; empty where they cannot be had. */
  readonly vectors: VectorMeasurement | null;
  /** What computed it. */
  readonly engine: Pick<EngineStatus, "adapter" | "backend" | "software">;
}

/** What is computed together. */
export type Work =
  /** Matrices of one shape and dtype, with their singular vectors if they are wanted too. */
  | { readonly kind: "matrices"; readonly sources: readonly MatrixSource[]; readonly vectors: boolean }
  /** Products whose left factors have one shape and dtype, and whose right ones have one. */
  | { readonly kind: "products"; readonly products: readonly ProductSource[] }
  /** A matrix that is drawn, and measured as if a file had it. */
  | { readonly kind: "draw"; readonly draw: MatrixDraw };

export type Job = Work & { readonly id: number };

export type ToWorker =
  /**
   * `memoryBytes`: of buffers at once; 0 for as many as the device has room for. `cacheFolder`: where it is kept what
   * suits the adapter; null to do without.
   */
  | {
      readonly type: "start";
      readonly adapter: string;
      readonly memoryBytes: number;
      readonly cacheFolder: string | null;
      readonly spoken: Spoken;
    }
  | { readonly type: "job"; readonly job: Job }
  | { readonly type: "cancel"; readonly id: number };

export type FromWorker =
  /** Once a second: the event loop, and with it the driver, is not stuck. */
  | { readonly type: "alive" }
  | { readonly type: "engine"; readonly engine: EngineStatus }
  /** Its device is of no use any more, and why in a sentence: the process ends now. */
  | { readonly type: "lost"; readonly reason: string }
  /** One matrix of a job is done; `index` into its sources, 0 for a drawn one. */
  | { readonly type: "result"; readonly id: number; readonly index: number; readonly analysis: Analysis }
  /** One product of a job is done. */
  | { readonly type: "product"; readonly id: number; readonly index: number; readonly measurement: ProductMeasurement }
  /** One matrix or product of a job cannot be done, and why in one sentence. */
  | {
      readonly type: "unsupported";
      readonly id: number;
      readonly index: number;
      readonly message: Said;
      /** It fits this adapter, but not what was free of its memory. */
      readonly shortOfMemory: boolean;
    }
  /** The job is over: all of its parts were told of, or it was cancelled, or it failed. */
  | { readonly type: "done"; readonly id: number; readonly outcome: "complete" | "cancelled" }
  | { readonly type: "failed"; readonly id: number; readonly message: Said };
