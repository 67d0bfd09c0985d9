import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { Finding } from "../analysis/findings.ts";
import type { DrawnSpectrum, EngineStatus, MatrixDetail, ProductResult } from "../protocol.ts";

/** What computed the results. */
export interface EngineDescription extends Pick<EngineStatus, "adapter" | "backend" | "software"> {
  readonly version: string;
}

/** A fresh matrix to lay beside one; null where there is none. */
export type Draw = (analysis: CheckpointAnalysis, detail: MatrixDetail) => Promise<DrawnSpectrum | null>;

/** One checkpoint with the matrices that were asked for, and what was found. */
export interface ReportedCheckpoint {
  readonly analysis: CheckpointAnalysis;
  readonly ids: readonly string[];
  /** Whether singular vectors were asked for. */
  readonly vectors: boolean;
  /** Updates of adapters, and attention's products, of the weights that were asked for. */
  readonly products: readonly ProductResult[];
  readonly problems: readonly Finding[];
}

/** Everything that one run of the command line has to tell. */
export interface Report {
  readonly engine: EngineDescription;
  readonly checkpoints: readonly ReportedCheckpoint[];
  /** Null where fresh matrices were not asked for. */
  readonly draw: Draw | null;
  /** What could not be read or analysed, a sentence each. Names in it are untrusted. */
  readonly failures: readonly string[];
  /** The folder that paths are told relative to. */
  readonly folder: string;
}

/** Writes a report in one format, in pieces: spectra are read a matrix at a time, so that a checkpoint of any size can be reported. */
export type Reporter = (report: Report) => AsyncIterable<string> | Iterable<string>;
