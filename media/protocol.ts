/** Every message between the extension host and the webview: one union per direction, requests with an id and a failure. */
import type {
  AnalysisState,
  DrawnSpectrum,
  EngineStatus,
  Entries,
  EntryGrid,
  Estimate,
  MatrixDetail,
  MatrixResult,
  MatrixSpectrum,
  MetricColumn,
  MetricKey,
  PackedCatalogue,
  PortionList,
  ProductResult,
  ProductsParams,
  RevealView,
  Topic,
  VectorProfile,
} from "../server/protocol.ts";

/** What requests are answered with. */
export type Answer =
  | MatrixDetail
  | null
  | MetricColumn
  | readonly MatrixSpectrum[]
  | Estimate
  | PortionList
  | Entries
  | VectorProfile
  | DrawnSpectrum
  | readonly ProductResult[]
  | number;

/** Which products of weights are asked for. */
export type ProductChoice = Pick<ProductsParams, "kind" | "blocks" | "tensors">;

export type ToView =
  /** The checkpoint, once after `ready` and again when its files change. */
  | {
      readonly type: "catalogue";
      readonly catalogue: PackedCatalogue;
      readonly results: readonly MatrixResult[];
      readonly state: AnalysisState;
      readonly engine: EngineStatus;
      /** Tensors of this file are shown first: the shard that was opened. Index into the catalogue's files. */
      readonly file: number | null;
    }
  | { readonly type: "results"; readonly results: readonly MatrixResult[]; readonly state: AnalysisState }
  | { readonly type: "engine"; readonly engine: EngineStatus }
  /** Selects the tensor, or the block, of this name and scrolls to it; or shows its attention heads. */
  | { readonly type: "reveal"; readonly tensor: string; readonly view?: RevealView }
  /** The checkpoint could not be opened at all. */
  | { readonly type: "failed"; readonly message: string }
  /** How far a request is that takes long. */
  | { readonly type: "progress"; readonly id: number; readonly done: number; readonly total: number }
  | { readonly type: "response"; readonly id: number; readonly value: Answer }
  | { readonly type: "failure"; readonly id: number; readonly message: string };

export type ToHost =
  | { readonly type: "ready" }
  /** The matrices on screen, the selected one first. */
  | { readonly type: "focus"; readonly ids: readonly string[] }
  /** Asks for a matrix in full; answered by `response` (null while not analysed) or `failure`. */
  | { readonly type: "matrix"; readonly id: number; readonly matrix: string }
  /** Asks for one metric of every matrix; answered by `response` (a {@link MetricColumn}) or `failure`. */
  | { readonly type: "metric"; readonly id: number; readonly metric: MetricKey }
  /** Asks for the spectra of several matrices; answered by `response` (those that are known) or `failure`. */
  | {
      readonly type: "spectra";
      readonly id: number;
      readonly matrices: readonly string[];
      /** So many values of each; null for all. */
      readonly points: number | null;
    }
  /** Asks for the heads and parts of fused weights; answered by `response` (a {@link PortionList}) or `failure`. */
  | { readonly type: "portions"; readonly id: number }
  /** Asks for one metric of every head; answered by `response` (a {@link MetricColumn}) or `failure`. */
  | { readonly type: "headMetric"; readonly id: number; readonly metric: MetricKey }
  /** Analyses heads; null for those of the whole checkpoint. Answered by `response` (how many) or `failure`. */
  | { readonly type: "analyseHeads"; readonly id: number; readonly tensors: readonly string[] | null }
  /** Analyses matrices, heads or parts. Answered by `response` (null) or `failure`. */
  | { readonly type: "analyseParts"; readonly id: number; readonly matrices: readonly string[] }
  /** Analyses them with their singular vectors. Answered by `response` (how many) or `failure`. */
  | { readonly type: "analyseVectors"; readonly id: number; readonly matrices: readonly string[] }
  /** Asks for some entries of a tensor; answered by `response` ({@link Entries}) or `failure`. */
  | { readonly type: "entries"; readonly id: number; readonly tensor: string; readonly grid: EntryGrid }
  /** Asks for all entries of a vector in runs; answered by `response` (a {@link VectorProfile}) or `failure`. */
  | { readonly type: "vector"; readonly id: number; readonly tensor: string; readonly runs: number }
  /** Asks for a freshly drawn spectrum; answered by `response` (a {@link DrawnSpectrum} or null) or `failure`. */
  | { readonly type: "draw"; readonly id: number; readonly matrix: string; readonly seed: number }
  /** Computes products of weights; tells of its progress, and is answered by `response` ({@link ProductResult}s) or `failure`. */
  | { readonly type: "products"; readonly id: number; readonly which: ProductChoice }
  /** Nobody waits any more for the answer of this request, which may still come. */
  | { readonly type: "cancelRequest"; readonly request: number }
  /** Copies a Python program that draws these matrices from their files; answered by `response` (null) or `failure`. */
  | { readonly type: "copyPython"; readonly id: number; readonly matrices: readonly string[] }
  /** Saves a file where the person says. `content`: text, or the bytes of a picture as base64. */
  | {
      readonly type: "save";
      /** What it is offered to be called, without ending. Untrusted text. */
      readonly name: string;
      readonly format: "png" | "svg" | "csv";
      readonly content: string;
    }
  /** Asks how long these matrices take; answered by `response` (an {@link Estimate}) or `failure`. */
  | { readonly type: "estimate"; readonly id: number; readonly matrices: readonly string[] }
  /** Shows what the documentation says of a number. */
  | { readonly type: "explain"; readonly topic: Topic }
  /** Analyses this tensor, before everything else. */
  | { readonly type: "analyse"; readonly tensor: string }
  /** `byPerson`: in this view, not because something else asked for it. */
  | { readonly type: "selected"; readonly tensor: string | null; readonly byPerson: boolean }
  | { readonly type: "command"; readonly command: ViewCommand };

/** Commands of the extension that the webview has buttons for. */
export type ViewCommand =
  "analyse" | "pause" | "resume" | "cancel" | "adapter" | "outline" | "export" | "log" | "settings";
