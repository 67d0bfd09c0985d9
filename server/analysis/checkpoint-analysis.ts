import { said, t, type Said } from "../text/l10n.ts";
import { adapterConfig } from "../architecture/adapter.ts";
import type { Architecture, MatrixView } from "../architecture/architecture.ts";
import { missingTensors } from "../architecture/missing.ts";
import { configInitialiser, type ConfigInitialiser } from "../architecture/config-initialiser.ts";
import { isText, recognising } from "../architecture/recognise.ts";
import { fileVersion } from "../checkpoint/file.ts";
import { mapPieces, type FilePiece, type Piece } from "../checkpoint/quantisation.ts";
import { readTexts } from "../checkpoint/texts.ts";
import type { Checkpoint, CheckpointFile, CheckpointProblem, Tensor } from "../checkpoint/checkpoint.ts";
import { readQuantisedEntries } from "../checkpoint/dequantise.ts";
import { readEntries, type GridEntries } from "../checkpoint/entries.ts";
import type { EntryGrid } from "../checkpoint/entry-grid.ts";
import { openCheckpoint } from "../checkpoint/open.ts";
import { atOnce, forEachSliced, inSlices, type Sliced } from "../collections/sliced.ts";
import { groupBy } from "../collections/group-by.ts";
import type { AnalysisState, Catalogue, MatrixDetail, MatrixResult } from "../protocol.ts";
import { noMetrics } from "../spectrum/compute-metrics.ts";
import { decideVerdict } from "../spectrum/decide.ts";
import type { MetricKey } from "../spectrum/metrics.ts";
import { defaultThresholds, type Thresholds } from "../spectrum/thresholds.ts";
import type { Verdict } from "../spectrum/verdict.ts";
import { shortened } from "../text/format.ts";
import type { MatrixSource } from "../svd/measurement.ts";
import type { Analysis } from "../worker-protocol.ts";
import { cataloguing } from "./catalogue.ts";
import { checkpointFindings } from "./checkpoint-findings.ts";
import { fileFinding, gradeFinding, otherFinding, type Finding } from "./findings.ts";
import { headFindings, type JudgedHead } from "./head-findings.ts";
import { matrixFindings } from "./matrix-findings.ts";
import { combine, defaultPreferences, underPolicy, type AnalysisPreferences, type FindingPolicy } from "./policy.ts";
import { MetricTable } from "./metric-table.ts";
import { MatrixQueue, type Batch } from "./queue.ts";
import { readSettingsFile } from "./settings-file.ts";
import { isPortion, Portions } from "./portions.ts";
import { AnalysisStore, storeKey, type StoreNotice } from "./store.ts";
import { summaryOf, type JudgedMatrix, type MatrixSummary } from "./summary.ts";
import { vectorsDetail } from "./vectors-detail.ts";

/** How matrices are analysed. */
export interface EnqueueOptions {
  /** Also what is known already. */
  readonly again?: boolean;
  /** With the randomness of singular vectors. */
  readonly vectors?: boolean;
}

/**
 * One checkpoint and everything that is known of it: the catalogue from the headers, a result for each matrix that was
 * computed, and the queue of those that were not. It does no work by itself; the scheduler empties its queue.
 */
export class CheckpointAnalysis {
  readonly checkpoint: Checkpoint;
  readonly architecture: Architecture;
  readonly catalogue: Catalogue;
  /** The whole matrices, in the checkpoint's order. Heads and parts of them are analysed when they are asked for. */
  readonly matrices: readonly MatrixView[];
  /** The standard deviation of fresh weights that the config tells. */
  readonly configInitialiser: ConfigInitialiser | null;
  readonly queue = new MatrixQueue();
  /** Called with each batch of results, and with none when only the state changed. */
  onResults: (results: readonly MatrixResult[]) => void = () => undefined;
  /** Called with what a person should know of how results are kept, in one sentence; each kind once. */
  onNotice: (message: string) => void = () => undefined;
  /** Called when a file is found not to be the one that was opened: what is computed from now on is not of it. */
  onChanged: () => void = () => undefined;

  /** The places of the matrices, by their ids. */
  readonly #order: ReadonlyMap<string, number>;
  /** The first and last slices of stacks, by the stack's name: other tensors have one matrix of their name, or none. */
  readonly #stacks: ReadonlyMap<string, Slices>;
  readonly #metrics: MetricTable;
  /** The places of the matrices in the order of the catalogue, once a view asked for numbers of them all. */
  #shown: Uint32Array | null = null;
  readonly #results = new Map<string, MatrixResult>();
  readonly #summaries = new Map<string, MatrixSummary>();
  readonly #refusals = new Map<string, Said>();
  /** Results that came with vectors, or were asked for with them. */
  readonly #withVectors = new Set<string>();
  /** What was asked for by its id and is not a matrix without a result: heads, parts, vectors. */
  readonly #asked = new Set<string>();
  #askedDone = 0;
  #portionResults = 0;
  #portions: Portions | null = null;
  /** Computed matrices by contents: shape, dtype and fingerprint. */
  readonly #contents = new Map<string, Twins>();
  readonly #contentOf = new Map<string, string>();
  readonly #stores = new Map<number, AnalysisStore>();
  readonly #noticed = new Set<StoreNotice>();
  #arrivals = 0;
  /** Which of them brought the result of a matrix. */
  readonly #arrived = new Map<string, number>();
  #changedFile: string | null = null;
  /** From the settings file beside the checkpoint. */
  readonly #preferences: AnalysisPreferences;
  readonly #thresholds: Thresholds;
  /** What the headers alone say is missing. */
  readonly #missing: readonly string[];
  /** What comparing all matrices tells; null until it is asked for after a change. */
  #compared: readonly Finding[] | null = null;
  #phase: AnalysisState["phase"] = "waiting";
  #estimatedSeconds: number | null = null;
  #engine: Analysis["engine"] | null = null;

  private constructor(opened: Opened) {
    this.checkpoint = opened.checkpoint;
    this.#preferences = opened.preferences;
    this.#thresholds = opened.thresholds;
    this.architecture = opened.architecture;
    this.catalogue = opened.catalogue;
    this.matrices = opened.architecture.matrices;
    this.#order = opened.order;
    this.#stacks = opened.stacks;
    this.#missing = missingTensors(this.checkpoint, this.architecture);
    this.#metrics = new MetricTable(this.matrices.length);
    this.configInitialiser = configInitialiser(this.checkpoint.config);
  }

  /**
   * Reads the headers, and the settings file beside them. Broken files end in the checkpoint's problems, never in an
   * exception.
   * @param general what the person prefers for every checkpoint: its roles and thresholds are taken now, the rest with each question
   */
  static async open(path: string, general: AnalysisPreferences = defaultPreferences): Promise<CheckpointAnalysis> {
    const read = await openCheckpoint(path);
    const { preferences, problem } = await readSettingsFile(read.path);
    const problems = [...read.problems, ...(problem === null ? [] : [problem]), ...adapterProblems(read)];
    const checkpoint = { ...read, problems };
    const texts = await readTexts(checkpoint, isText);
    const all = combine(general, preferences);
    return new CheckpointAnalysis(await inSlices(opening(checkpoint, texts, preferences, all)));
  }

  /**
   * Takes over what earlier analyses left in the folder, keeps new results there, and takes those that other processes
   * keep there. Results arrive through {@link onResults}, a file at a time.
   * @param folder null where results are gone with this process
   * @throws when the folder cannot be written.
   */
  async attachStores(folder: string | null): Promise<void> {
    // Found when the first record comes: most checkpoints have none yet.
    let matrices: ReturnType<typeof byPlace> | null = null;
    // Only who has looked at heads before pays for finding them now.
    let portions: ReturnType<typeof byPlace> | null = null;
    let found: MatrixResult[] = [];
    let attaching = true;
    for (const [index, file] of this.checkpoint.files.entries()) {
      const onRecord = (key: string, analysis: Analysis): void => {
        const place = `${index} ${key}`;
        const known =
          (matrices ??= byPlace(this.matrices, this.checkpoint.files)).get(place) ??
          (portions ??= byPlace(this.portions.all, this.checkpoint.files)).get(place) ??
          [];
        if (!attaching) {
          this.#arrivals += 1;
          for (const { id } of known) this.#arrived.set(id, this.#arrivals);
        }
        found.push(...known.flatMap((matrix) => this.#judge(matrix, analysis)));
        if (!attaching || found.length >= 32) {
          this.#announce(found);
          found = [];
        }
      };
      const onNotice = (notice: StoreNotice, message: string): void => {
        if (this.#noticed.has(notice)) return;
        this.#noticed.add(notice);
        this.onNotice(message);
      };
      const store =
        folder === null ? AnalysisStore.inMemory(file) : await AnalysisStore.open(folder, file, { onRecord, onNotice });
      this.#stores.set(index, store);
      this.#announce(found);
      found = [];
    }
    attaching = false;
  }

  /** Takes the results over that other processes have kept, and takes back what those do not compute any more. */
  async follow(): Promise<void> {
    const done = this.#done;
    for (const store of this.#stores.values()) await store.follow();
    const back = [...this.queue.elsewhere].filter(
      ({ matrix, vectors }) => this.#stores.get(matrix.tensor.file)?.isElsewhere(this.#key(matrix), vectors) !== true,
    );
    if (back.length > 0) this.queue.takeBack(back);
    const rests = this.#phase === "waiting" || this.#phase === "paused" || this.#phase === "cancelled";
    if (rests && this.#done > done && this.#done === this.matrices.length && this.queue.heldSize === 0) {
      this.setPhase("done");
    }
  }

  /** How many results other processes have brought. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /**
   * Claims a batch, and leaves to other processes what they compute, or have computed since.
   * @param taken what {@link arrivals} was when the batch left the queue
   * @returns what is to be computed here
   */
  async claim({ matrices, vectors }: Batch, taken: number): Promise<Batch> {
    const granted = new Set<MatrixView>();
    for (const [file, those] of groupBy(matrices, ({ tensor }) => tensor.file)) {
      const store = this.#stores.get(file);
      const keys = await store?.claim(
        those.map((matrix) => this.#key(matrix)),
        vectors,
      );
      for (const matrix of those) {
        if (keys?.has(this.#key(matrix)) !== false) granted.add(matrix);
      }
    }
    const isKnown = ({ id }: MatrixView): boolean =>
      (this.#arrived.get(id) ?? 0) > taken && (!vectors || this.#withVectors.has(id));
    const known = matrices.filter(isKnown);
    this.release({ matrices: known.filter((matrix) => granted.has(matrix)), vectors });
    this.queue.leave({ matrices: matrices.filter((matrix) => !granted.has(matrix) && !isKnown(matrix)), vectors });
    return { matrices: matrices.filter((matrix) => granted.has(matrix) && !isKnown(matrix)), vectors };
  }

  /** Gives up what was claimed and is not computed. */
  release({ matrices, vectors }: Batch): void {
    for (const matrix of matrices) this.#stores.get(matrix.tensor.file)?.release([this.#key(matrix)], vectors);
  }

  /** Whether the files of some matrices are still those whose headers were read. */
  async isUnchanged(matrices: readonly MatrixView[]): Promise<boolean> {
    for (const index of new Set(matrices.map(({ tensor }) => tensor.file))) {
      const { path, version } = this.checkpoint.files[index]!;
      if ((await fileVersion(path)) !== version) {
        this.#changedFile = path;
        return false;
      }
    }
    return true;
  }

  /** A file that was found not to be the one that was opened. */
  get changedFile(): string | null {
    return this.#changedFile;
  }

  /** Whether the settings file beside the checkpoint says something else than when it was read. */
  async settingsFileChanged(): Promise<boolean> {
    const { preferences, problem } = await readSettingsFile(this.checkpoint.path);
    const before = this.checkpoint.problems.find(({ code }) => code === "invalid-settings");
    return JSON.stringify(preferences) !== JSON.stringify(this.#preferences) || problem?.message !== before?.message;
  }

  get state(): AnalysisState {
    return {
      phase: this.#phase,
      done: this.#done,
      total: this.matrices.length,
      estimatedSeconds: this.#estimatedSeconds,
      ...(this.#asked.size === 0
        ? {}
        : { asked: { done: this.#askedDone, total: this.#askedDone + this.#asked.size } }),
    };
  }

  /** Heads and parts of fused weights; found when something first asks for them. */
  get portions(): Portions {
    if (this.#portions === null) {
      this.#portions = new Portions(this.checkpoint, this.architecture);
      this.#metrics.grow(this.#portions.all.length);
    }
    return this.#portions;
  }

  /** Whether anything is known of singular vectors. */
  get hasVectors(): boolean {
    return this.#withVectors.size > 0;
  }

  /** The matrices and heads with a result: each matrix, and after it its heads. */
  get known(): readonly MatrixView[] {
    const all = this.#portionResults === 0 ? this.matrices : this.matricesWithHeads;
    return all.filter(({ id }) => this.#results.has(id));
  }

  /** Each matrix, and after it its heads. */
  get matricesWithHeads(): readonly MatrixView[] {
    return this.matrices.flatMap((matrix) => [matrix, ...this.portions.headsOf(matrix.tensor.name)]);
  }

  get results(): readonly MatrixResult[] {
    return [...this.#results.values()];
  }

  /** What computed the results; null while there are none. */
  get engine(): Analysis["engine"] | null {
    return this.#engine;
  }

  /** The matrices without a result, in the checkpoint's order. */
  get missing(): readonly MatrixView[] {
    return this.matrices.filter(({ id }) => !this.#results.has(id));
  }

  setPhase(phase: AnalysisState["phase"], estimatedSeconds: number | null = null): void {
    this.#phase = phase;
    if (phase !== "running" && phase !== "paused") {
      this.#asked.clear();
      this.#askedDone = 0;
    }
    this.#estimatedSeconds = estimatedSeconds;
    this.onResults([]);
  }

  /** About how long the rest takes, in seconds; told with the next results. */
  setEstimate(seconds: number | null): void {
    this.#estimatedSeconds = seconds;
  }

  /** Matrices, heads and parts by their ids, all matrices for null; what is not there is passed over. */
  select(ids: readonly string[] | null): readonly MatrixView[] {
    return ids === null ? this.matrices : ids.flatMap((id) => this.#view(id) ?? []);
  }

  /**
   * Queues matrices: those without a result, or without vectors where these are wanted, or all of them `again`.
   * @param ids of matrices, heads and parts; null for all matrices. What is not there is passed over.
   * @returns how many of them are queued now
   */
  enqueue(ids: readonly string[] | null, { again = false, vectors = false }: EnqueueOptions = {}): number {
    const wanted = this.select(ids);
    const refused: MatrixResult[] = [];
    const added = { plain: [] as MatrixView[], vectors: [] as MatrixView[] };
    for (const matrix of new Set(wanted)) {
      const { id, description } = matrix;
      if (description.unsupported !== null) {
        if (!this.#results.has(id)) refused.push(this.#refuse(matrix, said(description.unsupported)));
        continue;
      }
      // What has vectors keeps them when it is computed again.
      const withVectors = vectors || this.#withVectors.has(id);
      const complete = vectors ? this.#withVectors.has(id) : this.#results.has(id);
      if (complete && !again) continue;
      added[withVectors ? "vectors" : "plain"].push(matrix);
      if (isPortion(matrix) || vectors) this.#asked.add(id);
    }
    this.queue.add(added.plain);
    this.queue.add(added.vectors, true);
    this.#announce(refused);
    return added.plain.length + added.vectors.length;
  }

  /** Notes which matrices cannot be read at all. @returns whether any other has no result yet */
  *sifting(): Sliced<boolean> {
    const refused: MatrixResult[] = [];
    let isMissing = false;
    yield* forEachSliced(this.matrices, (matrix) => {
      if (this.#results.has(matrix.id)) return;
      const { unsupported } = matrix.description;
      if (unsupported === null) isMissing = true;
      else refused.push(this.#refuse(matrix, said(unsupported)));
    });
    this.#announce(refused);
    return isMissing;
  }

  source(matrix: MatrixView): MatrixSource {
    const { quantisation } = matrix;
    const placed = ({ file, ...piece }: Piece): FilePiece => ({ ...piece, path: this.checkpoint.files[file]!.path });
    return {
      path: this.#file(matrix).path,
      begin: matrix.begin,
      end: matrix.end,
      dtype: matrix.tensor.dtype,
      rows: matrix.rows,
      columns: matrix.columns,
      ...(matrix.pitch === undefined ? {} : { pitch: matrix.pitch }),
      ...(quantisation === undefined
        ? {}
        : { quantised: { ...quantisation, pieces: mapPieces(quantisation.pieces, placed) } }),
    };
  }

  /**
   * Some entries of a tensor, as what they mean.
   * @throws in one sentence when there is no such tensor, they do not lie in it, or a file cannot be read.
   */
  async entries(name: string, grid: EntryGrid): Promise<GridEntries> {
    const slices = this.matricesOf(name).flatMap((matrix) => this.source(matrix).quantised ?? []);
    const [first] = this.matricesOf(name);
    if (first === undefined || slices.length === 0) {
      const { path, tensor } = this.tensor(name);
      return readEntries(path, tensor, grid);
    }
    return readQuantisedEntries({ name, rows: first.rows, columns: first.columns, slices }, grid);
  }

  /** @throws in one sentence when there is no such tensor. */
  tensor(name: string): { readonly path: string; readonly tensor: Tensor } {
    const tensor = this.checkpoint.tensors.find((each) => each.name === name);
    const file = this.checkpoint.files[tensor?.file ?? -1];
    if (tensor === undefined || file === undefined)
      throw new Error(t("There is no tensor {0} in this checkpoint.", name));
    return { path: file.path, tensor };
  }

  /** Takes one computed matrix in. */
  accept(matrix: MatrixView, analysis: Analysis): void {
    this.#stores.get(matrix.tensor.file)?.put(this.#key(matrix), analysis);
    this.#announce(this.#judge(matrix, analysis));
  }

  /** Notes that a matrix cannot be computed, and why. */
  refuse(matrix: MatrixView, reason: Said): void {
    this.#announce([this.#refuse(matrix, reason)]);
  }

  /**
   * One matrix in full; null while it has no result.
   * @param vectors whether what is known of its singular vectors comes with it; left out: where something is known
   */
  async detail(id: string, vectors?: boolean): Promise<MatrixDetail | null> {
    const matrix = this.#view(id);
    const result = this.#results.get(id);
    if (matrix === undefined || result === undefined) {
      return null;
    }
    const analysis = this.#refusals.has(id) ? null : await this.#analysisOf(matrix);
    const count = Math.min(matrix.rows, matrix.columns);
    const values = analysis?.measurement.singularValues;
    return {
      ...result,
      layer: matrix.description.layer,
      expert: matrix.expert ?? matrix.description.expert,
      rows: matrix.rows,
      columns: matrix.columns,
      dtype: matrix.tensor.dtype,
      ...(matrix.description.packed === null ? {} : { format: matrix.description.packed.format }),
      singularValues:
        values?.length === count ? Array.from(values, finiteOrNull) : new Array<number | null>(count).fill(null),
      metrics: analysis?.metrics ?? noMetrics(),
      noise: analysis?.noise ?? noMetrics(),
      verdict: this.#verdict(matrix, analysis),
      entries: analysis?.measurement.entries ?? null,
      ...((vectors ?? (analysis?.vectors ?? null) !== null)
        ? { vectors: vectorsDetail(matrix, analysis?.vectors ?? null) }
        : {}),
    };
  }

  /** The matrices that were computed, in the checkpoint's order, with what is needed to compare them. */
  get judged(): readonly JudgedMatrix[] {
    return this.architecture.matrices.flatMap(({ id }) => {
      const summary = this.#summaries.get(id);
      const result = this.#results.get(id);
      return summary === undefined || result === undefined
        ? []
        : [{ ...summary, ...this.#metrics.row(this.#position(id)), grade: result.grade }];
    });
  }

  /**
   * Every finding: of the files first, then of what is missing, then on matrices in the checkpoint's order, then of
   * comparing them all, once they are all known.
   * @param policy the person's; that of the file beside the checkpoint is added to it
   */
  findings(policy: FindingPolicy): Finding[] {
    return atOnce(this.finding(policy));
  }

  /** As {@link findings}, in slices. */
  *finding(policy: FindingPolicy): Sliced<Finding[]> {
    const { severity, silence } = combine({ ...defaultPreferences, ...policy }, this.#preferences);
    const found: Finding[] = [
      ...this.checkpoint.problems.map(fileFinding),
      ...this.#missing.map((message) => ({
        ...otherFinding("missing-expected", null, message),
        path: this.checkpoint.path,
      })),
    ];
    yield* forEachSliced(this.matrices, (matrix) => {
      const result = this.#results.get(matrix.id);
      if (result === undefined) {
        return;
      }
      const { path } = this.#file(matrix);
      const graded = gradeFinding(result);
      if (graded !== null) {
        found.push({ ...graded, path });
      }
      const summary = this.#summaries.get(matrix.id);
      if (summary !== undefined) {
        for (const { code, message } of matrixFindings({ ...summary, grade: result.grade })) {
          found.push({ ...otherFinding(code, result.tensor, message), path });
        }
      }
    });
    for (const finding of headFindings(this.judgedHeads, (tensor) => this.#results.get(tensor)?.grade ?? null)) {
      const [matrix] = this.matricesOf(finding.tensor);
      found.push({ ...finding, path: matrix === undefined ? this.checkpoint.path : this.#file(matrix).path });
    }
    found.push(...this.#comparison());
    return found.flatMap((finding) => underPolicy(finding, { severity, silence }) ?? []);
  }

  /** The heads that were computed, in the checkpoint's order. */
  get judgedHeads(): readonly JudgedHead[] {
    return (this.#portions?.heads ?? []).flatMap(({ id, tensor, description, head }) => {
      const result = this.#results.get(id);
      const { role, block, layer } = description;
      return result === undefined ? [] : [{ tensor: tensor.name, grade: result.grade, role, block, layer, head }];
    });
  }

  #comparison(): readonly Finding[] {
    if (this.#done < this.matrices.length) {
      return [];
    }
    this.#compared ??= this.#compare();
    return this.#compared;
  }

  #compare(): Finding[] {
    const files = new Map(this.architecture.matrices.map((matrix) => [matrix.tensor.name, this.#file(matrix).path]));
    return checkpointFindings(this.judged).map(({ code, tensor, message }) => ({
      ...otherFinding(code, tensor, message),
      path: files.get(tensor) ?? this.checkpoint.path,
    }));
  }

  result(id: string): MatrixResult | null {
    return this.#results.get(id) ?? null;
  }

  /** Whether an id is that of a matrix, a head or a part. */
  has(id: string): boolean {
    return this.#view(id) !== undefined;
  }

  /** The matrices in a tensor, in the order of its slices; none for a vector. */
  matricesOf(tensor: string): readonly MatrixView[] {
    const slices = this.#stacks.get(tensor);
    if (slices !== undefined) return this.matrices.slice(slices.first, slices.first + slices.count);
    const position = this.#order.get(tensor);
    return position === undefined ? [] : [this.matrices[position]!];
  }

  /** One metric of all matrices, in the order of the catalogue's tensors and their slices; NaN as in {@link metric}. */
  column(key: MetricKey): { readonly values: Float32Array; readonly noise: Float32Array } {
    this.#shown ??= this.#catalogueOrder();
    return this.#metrics.column(key, this.#shown);
  }

  /** One metric of a matrix beside its noise value; NaN while it is not known, and where it does not exist. */
  metric(id: string, key: MetricKey): { readonly value: number; readonly noise: number } {
    return this.#metrics.get(this.#position(id), key);
  }

  /**
   * The checkpoint with its results, told in the language that is spoken where this is called: most sentences are made when
   * something becomes known. The copy computes nothing and shares what is kept on disk: it is not to be closed.
   */
  async retold(general: AnalysisPreferences, signal: AbortSignal): Promise<CheckpointAnalysis> {
    const copy = await CheckpointAnalysis.open(this.checkpoint.path, general);
    for (const [file, store] of this.#stores) copy.#stores.set(file, store);
    for (const id of this.#results.keys()) {
      signal.throwIfAborted();
      const matrix = copy.#view(id);
      // A file may have changed since.
      if (matrix === undefined) continue;
      const why = this.#refusals.get(id);
      const analysis = why === undefined ? await copy.#analysisOf(matrix) : null;
      if (analysis !== null) copy.#judge(matrix, analysis);
      else if (why === undefined) copy.#keep(matrix, resultOf(matrix, copy.#verdict(matrix, null)));
      else copy.#refuse(matrix, said(matrix.description.unsupported ?? why.english));
    }
    return copy;
  }

  async close(): Promise<void> {
    this.queue.clear();
    for (const store of this.#stores.values()) {
      await store.close();
    }
  }

  /** A matrix, a head or a part. */
  #view(id: string): MatrixView | undefined {
    const position = this.#order.get(id);
    return position === undefined ? this.portions.view(id) : this.matrices[position];
  }

  /** Matrices come first, then what lies within them; −1 for what is not there. */
  #position(id: string): number {
    const portion = (): number => {
      const index = this.#portions?.index(id);
      return index === undefined ? -1 : this.matrices.length + index;
    };
    return this.#order.get(id) ?? portion();
  }

  #catalogueOrder(): Uint32Array {
    const places = new Uint32Array(this.matrices.length);
    let count = 0;
    for (const { name, matrices } of this.catalogue.tensors) {
      const first = this.#stacks.get(name)?.first ?? this.#order.get(name) ?? 0;
      for (let slice = 0; slice < matrices; slice++) places[count++] = first + slice;
    }
    return places;
  }

  /** How many matrices have a result. */
  get #done(): number {
    return this.#results.size - this.#portionResults;
  }

  /** Keeps a result, and counts it where it is due. */
  #keep(matrix: MatrixView, result: MatrixResult): void {
    if (isPortion(matrix) && !this.#results.has(result.id)) this.#portionResults += 1;
    this.#results.set(result.id, result);
    if (this.#asked.delete(result.id)) this.#askedDone += 1;
  }

  async #analysisOf(matrix: MatrixView): Promise<Analysis | null> {
    return (await this.#stores.get(matrix.tensor.file)?.get(this.#key(matrix))) ?? null;
  }

  /** What its results are kept under. */
  #key(matrix: MatrixView): string {
    return storeKey(matrix, this.checkpoint.files);
  }

  #file(matrix: MatrixView): CheckpointFile {
    return this.checkpoint.files[matrix.tensor.file]!;
  }

  /** Grades a matrix, and again those whose original it turns out to be. */
  #judge(matrix: MatrixView, analysis: Analysis): MatrixResult[] {
    this.queue.settle(matrix.id, analysis.vectors !== null);
    this.#refusals.delete(matrix.id);
    this.#engine = analysis.engine;
    if (analysis.vectors !== null) {
      this.#withVectors.add(matrix.id);
    }
    const { entries } = analysis.measurement;
    // A head is no copy of the matrix that it is all of.
    const kind = isPortion(matrix) ? "portion " : "";
    const content = `${kind}${matrix.tensor.dtype} ${matrix.rows}x${matrix.columns} ${entries.fingerprint}`;
    this.#contentOf.set(matrix.id, content);
    const twins = this.#contents.get(content) ?? { first: matrix.id, ids: new Set() };
    const { first } = twins;
    twins.ids.add(matrix.id);
    if (this.#position(matrix.id) < this.#position(first)) twins.first = matrix.id;
    this.#contents.set(content, twins);
    this.#metrics.set(this.#position(matrix.id), analysis.metrics, analysis.noise);
    // Twins hold the same bytes, so the same analysis tells them all: each again where another is the original now.
    const affected =
      twins.first === first
        ? [matrix.id]
        : [...twins.ids].sort((left, right) => this.#position(left) - this.#position(right));
    const judged = affected.map((id) => {
      const twin = this.#view(id)!;
      return resultOf(twin, this.#verdict(twin, analysis));
    });
    const changed = judged.filter((result) => {
      const before = this.#results.get(result.id);
      return result.id === matrix.id || before?.grade !== result.grade || before.reason !== result.reason;
    });
    if (!isPortion(matrix)) {
      this.#summaries.set(matrix.id, summaryOf(matrix, analysis));
      this.#compared = null;
    }
    for (const result of changed) {
      this.#keep(this.#view(result.id)!, result);
    }
    return changed;
  }

  #refuse(matrix: MatrixView, why: Said): MatrixResult {
    const { id } = matrix;
    this.queue.delete(id);
    this.#refusals.set(id, why);
    this.#summaries.delete(id);
    this.#compared = null;
    const result = resultOf(matrix, this.#verdict(matrix, null));
    this.#keep(matrix, result);
    return result;
  }

  #verdict(matrix: MatrixView, analysis: Analysis | null): Verdict {
    const original = this.#original(matrix);
    return decideVerdict({
      thresholds: this.#thresholds,
      shape: { rows: matrix.rows, columns: matrix.columns },
      entries: analysis?.measurement.entries ?? null,
      singularValues: analysis?.measurement.singularValues ?? new Float64Array(0),
      metrics: analysis?.metrics ?? noMetrics(),
      noise: analysis?.noise ?? noMetrics(),
      tests: analysis?.tests ?? [],
      context: {
        unsupported:
          this.#refusals.get(matrix.id)?.text ??
          matrix.description.unsupported ??
          (analysis === null ? t("its result could not be read back from the cache; analyse it again") : null),
        duplicateOf: original === null ? null : shortened(original),
        configInitialiser: this.configInitialiser,
      },
    });
  }

  /** The first matrix of the same contents, unless it is this one. Embedding and unembedding may be tied. */
  #original(matrix: MatrixView): string | null {
    const content = this.#contentOf.get(matrix.id);
    const first = content === undefined ? undefined : this.#contents.get(content)?.first;
    if (first === undefined || first === matrix.id) {
      return null;
    }
    const roles = [this.#view(first)!.description.role, matrix.description.role];
    return roles.includes("embedding") && roles.includes("unembedding") ? null : first;
  }

  #announce(results: readonly MatrixResult[]): void {
    if (results.length > 0) {
      this.onResults(results);
    }
  }
}

/** Matrices of the same contents. */
interface Twins {
  /** The first of them in the checkpoint's order: the original. */
  first: string;
  readonly ids: Set<string>;
}

/** What an analysis is made of. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly preferences: AnalysisPreferences;
  readonly thresholds: Thresholds;
  readonly architecture: Architecture;
  readonly catalogue: Catalogue;
  readonly order: ReadonlyMap<string, number>;
  readonly stacks: ReadonlyMap<string, Slices>;
}

/** Matrices in a row. */
interface Slices {
  readonly first: number;
  readonly count: number;
}

/** @param near the preferences beside the checkpoint; `all`: with those for every checkpoint */
function* opening(
  checkpoint: Checkpoint,
  texts: ReadonlyMap<string, string>,
  near: AnalysisPreferences,
  all: AnalysisPreferences,
): Sliced<Opened> {
  const architecture = yield* recognising(checkpoint, all.roles, texts);
  const catalogue = yield* cataloguing(checkpoint, architecture);
  const order = new Map<string, number>();
  const stacks = new Map<string, Slices>();
  yield* forEachSliced(architecture.matrices, ({ id, tensor: { name } }, position) => {
    order.set(id, position);
    if (id === name) return;
    const { first, count } = stacks.get(name) ?? { first: position, count: 0 };
    stacks.set(name, { first, count: count + 1 });
  });
  return {
    checkpoint,
    thresholds: { ...defaultThresholds, ...all.thresholds },
    preferences: near,
    architecture,
    catalogue,
    order,
    stacks,
  };
}

function resultOf({ id, tensor, description, head, part }: MatrixView, { grade, reason }: Verdict): MatrixResult {
  return {
    ...{ id, tensor: tensor.name, role: description.role, grade, reason },
    ...(head === undefined ? {} : { head }),
    ...(part === undefined ? {} : { part }),
  };
}

/** Matrices by file and place: several where bytes are shared. */
function byPlace(matrices: readonly MatrixView[], files: readonly CheckpointFile[]): Map<string, MatrixView[]> {
  return groupBy(matrices, (matrix) => `${matrix.tensor.file} ${storeKey(matrix, files)}`);
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function adapterProblems({ config, path }: Checkpoint): CheckpointProblem[] {
  const { problem } = adapterConfig(config);
  return problem === null ? [] : [{ code: "invalid-config", severity: "information", message: problem, path }];
}
