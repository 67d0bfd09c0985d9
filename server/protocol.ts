/**
 * Every message between the language server and its client beyond the Language Server Protocol itself, and the plain
 * data they carry. Types and names only: the client, the webview and the command line import this too.
 */
import type { AnalysisPreferences } from "./analysis/policy.ts";
import type { Dtype } from "./checkpoint/dtype.ts";
import type { CheckpointProblem } from "./checkpoint/checkpoint.ts";
import type { EntryGrid, VectorProfile } from "./checkpoint/entry-grid.ts";
import type { HeadBasis } from "./architecture/head-sizes.ts";
import type { Role } from "./architecture/role.ts";
import type { PackedNames } from "./packing/names.ts";
import type { PackedNumbers } from "./packing/numbers.ts";
import type { MetricKey, Metrics } from "./spectrum/metrics.ts";
import type { Grade, NoiseTest, Verdict } from "./spectrum/verdict.ts";
import type { FreshInitialiser } from "./spectrum/fresh-initialiser.ts";
import type { Localisation } from "./spectrum/localisation.ts";
import type { VectorRandomness } from "./spectrum/vector-randomness.ts";
import type { EntryStatistics } from "./svd/measurement.ts";
import type { Spoken } from "./text/l10n.ts";

/** One tensor as the tree shows it. */
export interface CatalogueTensor {
  /** Untrusted text. */
  readonly name: string;
  /** As the file stores it. */
  readonly dtype: Dtype;
  /** Of the weight; a packed one is stored in another. */
  readonly shape: readonly number[];
  /** How a quantised weight is stored. */
  readonly packed?: {
    /** As people call it: `GPTQ 4-bit`. */
    readonly format: string;
    readonly shape: readonly number[];
  };
  /** It only helps to decode another tensor (scales, zero points). */
  readonly auxiliary?: true;
  readonly bytes: number;
  readonly role: Role;
  /** The block the tensor belongs to, such as `model.layers.3`; empty outside blocks. Untrusted text. */
  readonly block: string;
  readonly layer: number | null;
  readonly expert: number | null;
  /** Index into {@link Catalogue.files}. */
  readonly file: number;
  /**
   * How many matrices are analysed in it: 0 (a vector, an auxiliary), 1 (its id is the tensor's name), or the number of
   * slices of a stack (their ids are `name[0]`, `name[1]`, …).
   */
  readonly matrices: number;
}

/** What the headers of a checkpoint tell. */
export interface Catalogue {
  /** Path of the index or of the single file. */
  readonly path: string;
  readonly sharded: boolean;
  readonly family: string | null;
  readonly parameters: number;
  /** Bytes of tensor data. */
  readonly bytes: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
  /** `__metadata__` of all files, merged. Untrusted text. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly CatalogueTensor[];
  readonly problems: readonly CheckpointProblem[];
}

/** What many tensors of a checkpoint have in common. */
export type TensorKind = Pick<
  CatalogueTensor,
  "dtype" | "shape" | "packed" | "auxiliary" | "bytes" | "role" | "matrices"
>;

/** The tensors of a catalogue by columns, one number a tensor, see server/packing/catalogue.ts. */
export interface PackedTensors {
  readonly count: number;
  readonly names: PackedNames;
  /** Places in `kinds` and `blocks`. */
  readonly kind: PackedNumbers;
  readonly block: PackedNumbers;
  /** 0 for none, else one more than the number. */
  readonly layer: PackedNumbers;
  readonly expert: PackedNumbers;
  readonly file: PackedNumbers;
  readonly kinds: readonly TensorKind[];
  /** Untrusted text. */
  readonly blocks: readonly string[];
}

/** A catalogue as it travels. */
export interface PackedCatalogue extends Omit<Catalogue, "tensors"> {
  readonly tensors: PackedTensors;
}

/** The result of one matrix, as it streams into the tree. */
export interface MatrixResult {
  readonly id: string;
  readonly tensor: string;
  readonly role: Role;
  readonly grade: Grade;
  readonly reason: string;
  /** Index of the attention head, where the matrix is the part of a tensor that one head owns. */
  readonly head?: number;
  /** The projection, where the matrix is a part of a fused weight. */
  readonly part?: Role;
}

/** Everything known of one analysed matrix. */
export interface MatrixDetail extends MatrixResult {
  readonly layer: number | null;
  readonly expert: number | null;
  readonly rows: number;
  readonly columns: number;
  /** As the file stores it. */
  readonly dtype: Dtype;
  /** Of a quantised weight, as people call it: `GPTQ 4-bit`. */
  readonly format?: string;
  /** Descending, min(rows, columns) of them; null for a value that does not exist (a matrix with non-finite entries). */
  readonly singularValues: readonly (number | null)[];
  readonly metrics: Metrics;
  /** What independent entries of the same shape and size would give. */
  readonly noise: Metrics;
  readonly verdict: Verdict;
  readonly entries: EntryStatistics | null;
  /** How random its singular vectors look, beside what noise gives; absent where they were not asked for. */
  readonly vectors?: VectorsDetail;
}

export interface VectorsDetail {
  readonly left: VectorRandomness;
  readonly right: VectorRandomness;
  readonly noise: { readonly left: VectorRandomness; readonly right: VectorRandomness };
  /** Of each vector, in the order of the singular values; null for those of the null space. */
  readonly pValues: { readonly left: readonly (number | null)[]; readonly right: readonly (number | null)[] };
  readonly localisation: {
    readonly left: VectorLocalisation;
    readonly right: VectorLocalisation;
    readonly noise: { readonly left: Localisation; readonly right: Localisation };
  };
}

/** How far the vectors of one side are concentrated in few entries. */
export interface VectorLocalisation {
  /** Means over the vectors. */
  readonly mean: Localisation;
  /** Of each vector, in the order of the singular values; null for those of the null space. */
  readonly largest: readonly (number | null)[];
  readonly inverseParticipation: readonly (number | null)[];
}

export type Severity = "error" | "warning" | "information";

/** A finding as the command line prints it and Problems lists it. */
export interface Problem {
  readonly code: string;
  readonly severity: Severity;
  readonly tensor: string | null;
  readonly head: number | null;
  readonly message: string;
}

export interface AnalysisState {
  /**
   * `waiting`: for the person to start it. `paused`: what is left is set aside until it is resumed. `unavailable`: no GPU,
   * see {@link EngineStatus}.
   */
  readonly phase: "waiting" | "running" | "paused" | "cancelled" | "done" | "unavailable";
  /** Matrices with a result, and all of them. */
  readonly done: number;
  readonly total: number;
  /** About how long the rest takes on this adapter: what is queued or set aside, else everything; null where unknown. */
  readonly estimatedSeconds: number | null;
  /** What was asked for besides the matrices (heads, parts of fused weights, vectors), while it is computed. */
  readonly asked?: { readonly done: number; readonly total: number };
}

/** The adapter that computes, or why there is none and what to do. */
export interface EngineStatus {
  /** `idle`: there was nothing to compute yet. */
  readonly phase: "idle" | "starting" | "ready" | "unavailable";
  readonly adapter: string | null;
  readonly backend: string | null;
  readonly software: boolean;
  /** One sentence; null while all is well. */
  readonly message: string | null;
  /** What to do about it. */
  readonly remedy: string | null;
}

/** Opens a checkpoint and starts its analysis as the settings say. Counted: as many `close` as `open` let it go. */
export const openCheckpoint = "spectrum/open";
export interface OpenParams {
  /** `file:` URI of a `.safetensors` file or an index; a shard opens the checkpoint it belongs to. */
  readonly uri: string;
}
export interface OpenResult {
  /** Names this checkpoint in every other message: the URI of the index or the single file. */
  readonly checkpoint: string;
  readonly catalogue: PackedCatalogue;
  /** What is known already, from an earlier analysis. */
  readonly results: readonly MatrixResult[];
  readonly state: AnalysisState;
  readonly engine: EngineStatus;
}

/** Notification: a view of the checkpoint was closed. */
export const closeCheckpoint = "spectrum/close";
export interface CheckpointParams {
  readonly checkpoint: string;
}

/** Notification: what the person looks at; these matrices (ids) are computed next, in this order. */
export const focusMatrices = "spectrum/focus";
export interface FocusParams extends CheckpointParams {
  readonly ids: readonly string[];
}

/** Request: start or resume the analysis, of everything or of some matrices. */
export const analyseCheckpoint = "spectrum/analyse";
export interface AnalyseParams extends CheckpointParams {
  readonly ids?: readonly string[];
  /** Compute again what is known already. */
  readonly again?: boolean;
}

/** Request: analyse attention heads as matrices of their own; answers with how many are to be computed. */
export const analyseHeads = "spectrum/analyseHeads";
export interface AnalyseHeadsParams extends CheckpointParams {
  /** The weights whose heads are meant; left out, those of the whole checkpoint. */
  readonly tensors?: readonly string[];
}

/** Request: analyse matrices with the randomness of their singular vectors; answers with how many are to be computed. */
export const analyseVectors = "spectrum/analyseVectors";
export interface AnalyseVectorsParams extends CheckpointParams {
  /** Of matrices, heads or parts. */
  readonly ids: readonly string[];
}

/** Request: the heads and the parts of fused weights that a checkpoint has, analysed or not. */
export const portionList = "spectrum/portions";
export interface PortionList {
  /** In the checkpoint's order, those of a fused weight by role. */
  readonly heads: readonly HeadGroup[];
  readonly parts: readonly Part[];
  /** About how long the heads without a result would take on this adapter. */
  readonly estimatedSeconds: number;
}
/** The heads of one role in one tensor. */
export interface HeadGroup {
  /** Untrusted text, as is the block. */
  readonly tensor: string;
  readonly role: Role;
  readonly block: string;
  readonly layer: number | null;
  /** How the size of a head was found. */
  readonly basis: HeadBasis;
  /** Of each head. */
  readonly rows: number;
  readonly columns: number;
  /** Of the heads, by their number. */
  readonly ids: readonly string[];
}
/** A projection in a fused weight. */
export interface Part {
  readonly id: string;
  readonly tensor: string;
  readonly role: Role;
  /** Of a stack. */
  readonly expert: number | null;
  readonly rows: number;
  readonly columns: number;
}

/** Request: some entries of a tensor, read from its file. */
export const tensorEntries = "spectrum/entries";
export interface EntriesParams extends CheckpointParams, EntryGrid {
  readonly tensor: string;
}
export interface Entries {
  /** Float64, little-endian, as base64, row after row. */
  readonly values: string;
  /** In full, where a float64 does not hold all of an entry (long integers, complex numbers). */
  readonly exact: readonly string[] | null;
}

/** Request: all entries of a vector in as many runs as can be drawn; answers with a {@link VectorProfile}. */
export const vectorEntries = "spectrum/vector";
export interface VectorParams extends CheckpointParams {
  readonly tensor: string;
  /** The most runs. */
  readonly runs: number;
}

/** Request: one metric of every head, in the order of {@link PortionList.heads}; answers with a {@link MetricColumn}. */
export const headColumn = "spectrum/headColumn";

/** Request: stop the analysis; what is computed stays. */
export const cancelAnalysis = "spectrum/cancel";

/** Request: interrupt the analysis; what is left is set aside until `resume`, which goes on with just that. */
export const pauseAnalysis = "spectrum/pause";
export const resumeAnalysis = "spectrum/resume";

/** Request: how long an analysis would take, before it is asked for. */
export const estimateAnalysis = "spectrum/estimate";
export interface EstimateParams extends CheckpointParams {
  /** Of these matrices, heads or parts; without it of all matrices that have no result yet. */
  readonly ids?: readonly string[];
  /** With their singular vectors. */
  readonly vectors?: boolean;
}
export interface Estimate {
  readonly matrices: number;
  /** Null where no GPU can be used. */
  readonly seconds: number | null;
  /** Too long to begin without being asked. */
  readonly long: boolean;
}

/** Request: one matrix in full; null while it is not analysed. */
export const matrixDetail = "spectrum/matrix";
export interface MatrixParams extends CheckpointParams {
  readonly id: string;
}

/** Request: a freshly drawn matrix of the initialiser that a matrix probably began with; null where none can be told. */
export const drawSpectrum = "spectrum/draw";
export interface DrawParams extends CheckpointParams {
  readonly id: string;
  /** Another seed draws another matrix. */
  readonly seed?: number;
}
/** The spectrum of a drawn matrix: of the same shape, its entries rounded to the same dtype. */
export interface DrawnSpectrum {
  readonly initialiser: FreshInitialiser;
  readonly seed: number;
  /** What the entries were rounded to; F32 where the checkpoint's dtype is no floating-point number. */
  readonly dtype: Dtype;
  /** Descending, min(rows, columns) of them. */
  readonly singularValues: readonly number[];
  readonly metrics: Metrics;
}

/**
 * Request: the products of weights that mean something by themselves, computed now: a low-rank adapter's updates
 * ΔW = (α/r)·B·A, or W_QᵀW_K of attention heads.
 */
export const measureProducts = "spectrum/products";
export interface ProductsParams extends CheckpointParams {
  readonly kind: ProductResult["kind"];
  /** Of these blocks alone; left out, of all. */
  readonly blocks?: readonly string[];
  /** Those alone that one of these tensors is a factor of; left out, all. */
  readonly tensors?: readonly string[];
  /** Of `$/progress`, with {@link Progress} as its values; left out, none is told. */
  readonly progress?: string;
}
/** How far a request is. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}
export interface ProductResult {
  readonly kind: "update" | "attention";
  /** The path of the module that is updated, or that attends. Untrusted text, as is the block. */
  readonly module: string;
  readonly role: Role;
  readonly block: string;
  readonly layer: number | null;
  readonly expert: number | null;
  /** Of attention: the query head, and the key head that it reads. */
  readonly head: number | null;
  readonly keyHead: number | null;
  readonly rows: number;
  readonly columns: number;
  /** The side that the factors share. */
  readonly rank: number;
  /** Of an update; null where no config tells: the values are then those of B·A. */
  readonly alpha: number | null;
  readonly scale: number | null;
  /** Descending, those that the rank allows; empty where an entry is not finite, and where it could not be computed. */
  readonly singularValues: readonly number[];
  /** Null for what means nothing of a product: its values have no Marchenko–Pastur bulk. */
  readonly metrics: Metrics;
  /** What a product of two factors with independent entries would give, as large. */
  readonly noise: Metrics;
  readonly verdict: Verdict;
}

/** Request: one metric of every matrix, for views of the whole checkpoint. */
export const metricColumn = "spectrum/metricColumn";
export interface MetricColumnParams extends CheckpointParams {
  readonly metric: MetricKey;
}
/**
 * Float32, little-endian, as base64: one number for each matrix in the order of the catalogue's tensors and of their
 * slices; NaN for what is not known or does not exist.
 */
export interface MetricColumn {
  readonly values: string;
  /** What noise of each matrix's shape would give. */
  readonly noise: string;
}

/** Request: the spectra of several matrices, for small pictures and overlays; those without a result are left out. */
export const matrixSpectra = "spectrum/spectra";
export interface SpectraParams extends CheckpointParams {
  readonly ids: readonly string[];
  /** So many values of each, evenly chosen from the first to the last; null for all. */
  readonly points: number | null;
}
export interface MatrixSpectrum {
  readonly id: string;
  readonly tensor: string;
  readonly role: Role;
  readonly layer: number | null;
  readonly head: number | null;
  readonly rows: number;
  readonly columns: number;
  readonly grade: Grade;
  /** How many singular values there are. */
  readonly count: number;
  /** Float32, little-endian, as base64, descending; NaN for what does not exist. */
  readonly values: string;
  readonly metrics: Metrics;
  readonly noise: Metrics;
}

/** Request: writes what is known of a checkpoint to a file, in a format of the command line. Answers with null. */
export const exportCheckpoint = "spectrum/export";
export const exportFormats = ["json", "csv", "sarif", "html"] as const;
export type ExportFormat = (typeof exportFormats)[number];
export interface ExportParams extends CheckpointParams {
  /** Of the file, which is replaced as a whole. */
  readonly path: string;
  readonly format: ExportFormat;
}

/** Request: a Python program that draws the spectra of matrices, heads or parts from their files; answers with its text. */
export const pythonProgram = "spectrum/python";
export interface PythonParams extends CheckpointParams {
  readonly ids: readonly string[];
}

/** Request: the text of the outline document. */
export const outlineText = "spectrum/outline";

/** Request: where a tensor is written: its line in the outline. */
export const outlineLine = "spectrum/outlineLine";
export interface OutlineLineParams extends CheckpointParams {
  readonly tensor: string;
}

/** Request: the tensor that a line of the outline is about; null for headings. */
export const outlineTensor = "spectrum/outlineTensor";
export interface OutlineTensorParams extends CheckpointParams {
  /** From 0. */
  readonly line: number;
}

/** Request: the tensor at a place in an outline or an index that is open; null where there is none. */
export const tensorAtPosition = "spectrum/tensorAt";
export interface TensorAtParams {
  readonly uri: string;
  /** From 0, as is the character, in UTF-16 units. */
  readonly line: number;
  readonly character: number;
}

/** Request: the adapters that there are. */
export const listAdapters = "spectrum/adapters";
export interface Adapter {
  /** As the driver calls it; what the setting `adapter` is compared with. */
  readonly name: string;
  /** As {@link EngineStatus} tells it. */
  readonly description: string;
  readonly software: boolean;
}
export interface Adapters {
  /** The fastest first. */
  readonly adapters: readonly Adapter[];
  /** Why there is none, in one sentence, with what to do; null where there is one. */
  readonly problem: string | null;
}

/** Request: the checkpoints in some folders and below them. */
export const findCheckpoints = "spectrum/find";
export interface FindParams {
  /** `file:` URIs. */
  readonly folders: readonly string[];
}
export interface FoundCheckpoints {
  /** `file:` URIs, in natural order; an index stands for its shards. */
  readonly checkpoints: readonly string[];
  /** Why some folders could not be searched, a sentence each. */
  readonly skipped: readonly string[];
}

/**
 * Request: opens a checkpoint without beginning its analysis, with what is known of it from before, and pushes its
 * findings. It is held until {@link endScan}.
 */
export const scanCheckpoint = "spectrum/scan";
export interface ScannedCheckpoint extends CheckpointParams {
  /** What is not analysed yet. */
  readonly missing: Estimate;
}

/** Notification: a scanned checkpoint may be let go. Its findings stay. */
export const endScan = "spectrum/endScan";

/** Request: forget every cached result on disk; answers with the bytes freed. */
export const clearCache = "spectrum/clearCache";

/** Notification from the server: results as they come, and the state they leave. */
export const resultsChanged = "spectrum/results";
export interface ResultsParams extends CheckpointParams {
  readonly results: readonly MatrixResult[];
  readonly state: AnalysisState;
}

/** Notification from the server: the engine's state. */
export const engineChanged = "spectrum/engine";

/** Notification from the server: the files changed on disk, or what their names mean; open it again. */
export const checkpointChanged = "spectrum/changed";
export interface ChangedParams extends CheckpointParams {
  /** What happened to the files, in one sentence; null where nothing did. */
  readonly reason: string | null;
}

/** What the client passes when it starts the server. */
export interface InitializationOptions {
  /** Folder for cached results. */
  readonly cacheFolder: string;
  /** What the person reads; English where it is left out. */
  readonly spoken?: Spoken;
}

/** The settings the server reads, section `safetensorsSpectrum`. */
export interface Settings extends AnalysisPreferences {
  /** What is analysed as soon as a checkpoint is open. */
  readonly analyseOnOpen: "always" | "small" | "never";
  /** Part of the name of the adapter to use; empty for the fastest. */
  readonly adapter: string;
  /** Mebibytes of the GPU's memory at most; 0 for as much as there is room for. */
  readonly memoryBudget: number;
}

/**
 * The command behind a Problems code link: reveals a tensor or a block in the custom editor. Arguments:
 * {@link RevealArguments}.
 */
export const revealCommand = "safetensorsSpectrum.reveal";
export interface RevealArguments {
  readonly checkpoint: string;
  /** Name of a tensor, or of a block. */
  readonly tensor: string;
  /** Which view of it: its attention heads; left out, the tensor or the block itself. */
  readonly view?: RevealView;
}
export type RevealView = "heads";

/** The command that analyses a tensor. Arguments: {@link RevealArguments}. */
export const analyseTensorCommand = "safetensorsSpectrum.analyseTensor";

/** The commands that analyse the attention heads, and the singular vectors, of a tensor. Arguments: {@link RevealArguments}. */
export const analyseHeadsCommand = "safetensorsSpectrum.analyseHeads";
export const analyseVectorsCommand = "safetensorsSpectrum.analyseVectors";

/** The command that analyses a checkpoint. Arguments: its URI, as text or as VS Code's, and {@link AnalyseOptions}. */
export const analyseCommand = "safetensorsSpectrum.analyse";
export interface AnalyseOptions {
  /** The person has seen how long it takes. */
  readonly decided: boolean;
}

/** The command that explains a number. Arguments: the {@link Topic}, or none for the beginning. */
export const documentationCommand = "safetensorsSpectrum.openDocumentation";
/** An anchor of docs/metrics.md. */
export type Topic = MetricKey | NoiseTest["name"] | "ksLeft" | "localisation" | "products";

/** Commands on the checkpoint of a URI, which is text or VS Code's. */
export const pauseCommand = "safetensorsSpectrum.pause";
export const resumeCommand = "safetensorsSpectrum.resume";
export const openEditorCommand = "safetensorsSpectrum.openEditor";

/**
 * The command behind a quick fix: turns a kind of finding off in the settings, everywhere or on some tensors. Arguments:
 * {@link SilenceArguments}.
 */
export const silenceCommand = "safetensorsSpectrum.silence";
export interface SilenceArguments {
  readonly code: string;
  /** On the tensors that fit this pattern alone: a name, or one with `*` and `?`. */
  readonly tensor?: string;
}

/** Scheme and language of the outline document. Its path is the checkpoint's, with `.outline` after it. */
export const outlineScheme = "safetensors-outline";
export const outlineLanguage = "safetensors-outline";

export type {
  Dtype,
  EntryGrid,
  EntryStatistics,
  FreshInitialiser,
  Grade,
  HeadBasis,
  Localisation,
  MetricKey,
  Metrics,
  Role,
  VectorProfile,
  Verdict,
  CheckpointProblem,
};
