import { t } from "../text/l10n.ts";
import { mkdtemp } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { MatrixView } from "../architecture/architecture.ts";
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import { choose, readChoices, type Choice, type Choices } from "../analysis/choices.ts";
import { Pace, readMeasured, type Measured } from "../analysis/estimate.ts";
import { drawFresh } from "../analysis/fresh-draw.ts";
import { findAdapters, GpuProcess } from "../analysis/gpu-process.ts";
import { Memory } from "../analysis/memory.ts";
import { chosenProducts, measureProducts, type ProductChoice } from "../analysis/product-results.ts";
import { Scheduler } from "../analysis/scheduler.ts";
import { clearStores } from "../analysis/store.ts";
import type {
  Adapters,
  DrawnSpectrum,
  EngineStatus,
  Estimate,
  MatrixResult,
  ProductResult,
  Progress,
  Settings,
} from "../protocol.ts";
import { inSlices } from "../collections/sliced.ts";
import { whyNotWritten } from "../text/write-failure.ts";
import { closeDelay } from "./close-delays.ts";
import { Session } from "./session.ts";

/** What takes longer than this is begun by the person, not by opening a file. */
const smallSeconds = 120;
/** Who only wants to know what is known already. */
const scanner = "scan";
/** What was learned of the adapters' speed is written so often at most, in milliseconds. */
const keepInterval = 30_000;
/** A driver that starts takes processors from the view that is being drawn: it waits for so many milliseconds. */
const viewFirst = 800;

export interface SessionEvents {
  /** New results, or none when only the state changed. */
  readonly onResults: (session: Session, results: readonly MatrixResult[]) => void;
  readonly onEngine: (status: EngineStatus) => void;
  /** It is known where its tensors are written in the index: findings can lead there. */
  readonly onPlaces: (session: Session) => void;
  /** The files changed and were read again; `reason` says so in one sentence, null where nothing on the disk changed. */
  readonly onReload: (session: Session, reason: string | null) => void;
  /** Something that the person should know, in one sentence. */
  readonly onNotice: (message: string) => void;
  readonly log: (message: string) => void;
}

/** The open checkpoints, each once however many views show it, and the one GPU process that computes for them all. */
export class Sessions {
  readonly #events: SessionEvents;
  readonly #workerPath: string;
  readonly #cacheFolder: string;
  readonly #byPath = new Map<string, Session>();
  /** Which session a path (a shard's, an index's) belongs to, while it is open or being opened. */
  readonly #aliases = new Map<string, Promise<Session>>();
  /** What is done when a session opens, until its state is known. */
  readonly #beginnings = new WeakMap<Session, Promise<void>>();
  readonly #choices: Memory<Choices>;
  readonly #measured: Memory<Measured>;
  readonly #pace = new Pace();
  #keepTimer: NodeJS.Timeout | null = null;
  #settings: Settings;
  #gpu: GpuProcess;
  #scheduler: Scheduler;

  constructor(options: {
    readonly events: SessionEvents;
    readonly workerPath: string;
    readonly cacheFolder: string;
    readonly settings: Settings;
  }) {
    this.#events = options.events;
    this.#workerPath = options.workerPath;
    this.#cacheFolder = options.cacheFolder;
    this.#settings = options.settings;
    this.#choices = new Memory(join(options.cacheFolder, "choices.json"), readChoices);
    this.#measured = new Memory(join(options.cacheFolder, "pace.json"), readMeasured);
    void this.#measured.read().then((measured) => {
      this.#pace.adopt(measured);
    });
    this.#gpu = this.#createGpu();
    this.#scheduler = this.#createScheduler();
  }

  get engine(): EngineStatus {
    return this.#gpu.status;
  }

  get settings(): Settings {
    return this.#settings;
  }

  get all(): Iterable<Session> {
    return this.#byPath.values();
  }

  /** The open session of a checkpoint, by the path of its index, its file or one of its shards. */
  async find(path: string): Promise<Session | null> {
    return (await this.#aliases.get(path)) ?? null;
  }

  /** Opens a checkpoint for a holder, or lets it hold one that is open. */
  async acquire(path: string, holder: string): Promise<Session> {
    let opening = this.#aliases.get(path);
    if (opening === undefined) {
      opening = this.#open(path, holder);
      this.#aliases.set(path, opening);
    }
    const session = await opening;
    const wasScanned = session.holders.has(scanner) && !isViewed(session);
    session.holders.set(holder, (session.holders.get(holder) ?? 0) + 1);
    if (wasScanned && holder !== scanner) void this.#decide(session);
    return session;
  }

  /** Opens a checkpoint without beginning its analysis; resolves when what was known of it before is there. */
  async scan(path: string): Promise<Session> {
    const session = await this.acquire(path, scanner);
    await this.#beginnings.get(session);
    return session;
  }

  endScan(session: Session): void {
    this.release(session, scanner);
  }

  /** Lets go; a checkpoint that nothing holds any more is closed a little later. */
  release(session: Session, holder: string): void {
    const count = (session.holders.get(holder) ?? 0) - 1;
    if (count > 0) {
      session.holders.set(holder, count);
    } else {
      session.holders.delete(holder);
    }
    setTimeout(() => {
      if (session.holders.size === 0 && this.#byPath.get(session.path) === session) {
        void this.#close(session);
      }
    }, closeDelay).unref();
  }

  /** What the person looks at is computed first. */
  focus(session: Session, ids: readonly string[]): void {
    session.analysis.queue.focus(ids);
  }

  /**
   * Starts or resumes the analysis: of everything, or of some matrices. Whoever asks for everything wants it the next
   * time too.
   */
  analyse(session: Session, ids: readonly string[] | null, again: boolean): void {
    if (ids === null) {
      this.#remember(session, "analyse");
    }
    session.analysis.enqueue(ids, { again });
    this.#run(session);
  }

  /**
   * Analyses attention heads: those of some weights, or of them all. What the person looks at goes on coming first.
   * @returns how many are to be computed
   * @throws where there is no head, in one sentence
   */
  analyseHeads({ analysis }: Session, tensors: readonly string[] | null): number {
    const { portions } = analysis;
    const heads = tensors === null ? portions.heads : tensors.flatMap((name) => portions.headsOf(name));
    if (heads.length === 0) {
      throw new Error(
        tensors?.length === 1
          ? t("No attention heads are known in {0}.", tensors[0]!)
          : t("No attention heads are known here: neither the names of the weights nor a config.json tells of any."),
      );
    }
    return this.#enqueue(
      analysis,
      heads.map(({ id }) => id),
      false,
    );
  }

  /**
   * Analyses matrices, heads or parts with their singular vectors.
   * @returns how many are to be computed
   * @throws where one of them is not there, in one sentence
   */
  analyseVectors({ analysis }: Session, ids: readonly string[]): number {
    const unknown = ids.find((id) => !analysis.has(id));
    if (unknown !== undefined) {
      throw new Error(t("There is no matrix {0} in this checkpoint.", unknown));
    }
    return this.#enqueue(analysis, ids, true);
  }

  /** Stops the analysis; it is not begun by itself the next time either. */
  cancel(session: Session): void {
    this.#remember(session, "wait");
    this.#scheduler.cancel(session.analysis);
  }

  /**
   * The spectrum of a fresh matrix beside one of a checkpoint; null while that is not analysed, and where nothing fresh
   * compares with it.
   * @throws the signal's reason when it is aborted; an Error in one sentence if it cannot be computed.
   */
  async draw(session: Session, id: string, seed: number, signal: AbortSignal): Promise<DrawnSpectrum | null> {
    const detail = await session.analysis.detail(id);
    return detail === null ? null : drawFresh(this.#gpu, detail, session.analysis.configInitialiser, { seed, signal });
  }

  pause(session: Session): void {
    this.#remember(session, "wait");
    this.#scheduler.pause(session.analysis);
  }

  resume(session: Session): void {
    this.#remember(session, "analyse");
    this.#resume(session);
  }

  /** How long matrices, or all that have no result yet, would take on the adapter that computes. */
  async estimate({ analysis }: Session, ids: readonly string[] | null, vectors: boolean): Promise<Estimate> {
    const matrices = (ids === null ? analysis.missing : analysis.select(ids)).filter(
      ({ description }) => description.unsupported === null,
    );
    const seconds = await this.#seconds(matrices, vectors);
    return { matrices: matrices.length, seconds, long: seconds !== null && seconds > smallSeconds };
  }

  /** About how long these matrices take on the adapter as far as it is known. */
  seconds(matrices: readonly MatrixView[], vectors = false): number {
    const { adapter, software } = this.#gpu.status;
    const work = matrices.map((matrix) => ({ matrix, vectors }));
    return this.#pace.seconds({ adapter: adapter ?? "", software }, work);
  }

  /**
   * The products of weights: all of a kind, or some.
   * @throws the signal's reason when it is aborted; an Error in one sentence if they cannot be computed.
   */
  products(
    { analysis }: Session,
    which: ProductChoice,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (progress: Progress) => void },
  ): Promise<ProductResult[]> {
    const views = chosenProducts(analysis, which);
    return measureProducts(this.#gpu, analysis, views, {
      signal,
      onProgress: (done) => {
        onProgress({ done, total: views.length });
      },
    });
  }

  /** Takes new settings over; another adapter, or another budget of its memory, means another GPU process. */
  configure(settings: Settings): void {
    const adapterChanged =
      settings.adapter !== this.#settings.adapter || settings.memoryBudget !== this.#settings.memoryBudget;
    // What names mean, and where grades begin, is asked when a checkpoint is opened.
    const meaning = ({ roles, thresholds }: Settings): string => JSON.stringify([roles, thresholds]);
    const meaningChanged = meaning(settings) !== meaning(this.#settings);
    const openingChanged = settings.analyseOnOpen !== this.#settings.analyseOnOpen;
    this.#settings = settings;
    if (adapterChanged) {
      const running = [...this.all].filter(({ analysis }) => analysis.state.phase === "running");
      for (const { analysis } of running) {
        this.#scheduler.pause(analysis);
      }
      this.#gpu.close();
      this.#gpu = this.#createGpu();
      this.#scheduler = this.#createScheduler();
      for (const session of running) {
        this.#resume(session);
      }
      for (const { analysis } of this.all) {
        if (analysis.state.phase === "unavailable") {
          analysis.setPhase("waiting");
        }
      }
    }
    if (adapterChanged || openingChanged) {
      for (const session of this.all) {
        if (session.analysis.state.phase === "waiting") {
          void this.#decide(session);
        }
      }
    }
    if (meaningChanged) {
      for (const session of this.all) {
        void this.reload(session);
      }
    }
  }

  /** Reads a checkpoint's headers again; what was found out about the old state of the files is told no more. */
  async reload(session: Session, reason: string | null = null): Promise<void> {
    const { analysis } = session;
    ignore(analysis);
    this.#scheduler.cancel(analysis);
    if (!(await session.reload(this.#settings))) {
      // Somebody else has begun to read it meanwhile, or it was closed.
      return;
    }
    this.#listen(session);
    this.#events.onReload(session, reason);
    void this.#begin(session);
  }

  /** The adapters that there are. */
  adapters(): Promise<Adapters> {
    return findAdapters(this.#workerPath);
  }

  /** Forgets every cached result on disk; what is open keeps its own. @returns the bytes freed */
  clearCache(): Promise<number> {
    return clearStores(this.#cacheFolder);
  }

  async close(): Promise<void> {
    await this.#keepPace();
    for (const { analysis } of this.all) {
      this.#scheduler.cancel(analysis);
    }
    this.#gpu.close();
    for (const session of this.all) {
      await session.close();
    }
  }

  async #open(path: string, holder: string): Promise<Session> {
    const analysis = await CheckpointAnalysis.open(path, this.#settings);
    const canonical = analysis.catalogue.path;
    const existing = this.#byPath.get(canonical);
    if (existing !== undefined) {
      return existing;
    }
    const session = await Session.open(analysis, (reason) => {
      void this.reload(session, reason);
    });
    this.#byPath.set(canonical, session);
    this.#aliases.set(canonical, Promise.resolve(session));
    this.#listen(session);
    session.onPlaces = () => {
      this.#events.onPlaces(session);
    };
    this.#beginnings.set(session, this.#begin(session, holder === scanner ? 0 : viewFirst));
    return session;
  }

  #listen(session: Session): void {
    const { analysis } = session;
    analysis.onResults = (results) => {
      this.#events.onResults(session, results);
    };
    analysis.onNotice = (message) => {
      this.#events.onNotice(message);
    };
    analysis.onChanged = () => {
      session.look();
    };
  }

  /**
   * Earlier results first, then the GPU's state, then, if the settings and the size say so, the work.
   * @param pause before a GPU is started, in milliseconds
   */
  async #begin(session: Session, pause = 0): Promise<void> {
    const { analysis } = session;
    try {
      await analysis.attachStores(this.#cacheFolder);
    } catch (error) {
      this.#events.onNotice(
        t(
          "Results of {0} are kept for this time only, because {1} cannot be used: {2}.",
          basename(session.path),
          this.#cacheFolder,
          whyNotWritten(error),
        ),
      );
      await mkdtemp(join(tmpdir(), "safetensors-spectrum-")).then(
        (folder) => analysis.attachStores(folder),
        () => analysis.attachStores(null),
      );
    }
    await this.#decide(session, pause);
  }

  /**
   * Begins what the person wanted before, or what is small enough; the rest waits for them.
   * @param pause before a GPU is started, in milliseconds
   */
  async #decide(session: Session, pause = 0): Promise<void> {
    const { analysis } = session;
    const isWaiting = (): boolean =>
      session.analysis === analysis && analysis.state.phase === "waiting" && this.#byPath.get(session.path) === session;
    if (!isWaiting()) {
      return;
    }
    const isMissing = await inSlices(analysis.sifting());
    if (!isWaiting()) {
      return;
    }
    if (!isMissing) {
      analysis.setPhase("done");
      return;
    }
    if (pause > 0 && this.#gpu.status.phase === "idle") {
      await sleep(pause);
      if (!isWaiting()) {
        return;
      }
    }
    const seconds = await this.#seconds(analysis.missing);
    const choice = (await this.#choices.read())[session.path];
    if (!isWaiting()) {
      // Read again, or begun by the person, meanwhile.
      return;
    }
    const { analyseOnOpen } = this.#settings;
    const begins =
      !isViewed(session) && session.holders.has(scanner)
        ? false
        : choice === undefined
          ? analyseOnOpen === "always" || (analyseOnOpen === "small" && (seconds ?? 0) <= smallSeconds)
          : choice === "analyse";
    if (seconds === null) {
      analysis.setPhase("unavailable");
    } else if (begins) {
      analysis.enqueue(null);
      this.#run(session);
    } else {
      analysis.setPhase("waiting", seconds);
    }
  }

  #enqueue(analysis: CheckpointAnalysis, ids: readonly string[], vectors: boolean): number {
    const count = analysis.enqueue(ids, { vectors });
    if (count > 0) {
      this.#run({ analysis });
    }
    return count;
  }

  /** Null where no GPU can be used. */
  async #seconds(matrices: readonly MatrixView[], vectors = false): Promise<number | null> {
    try {
      await Promise.all([this.#gpu.start(), this.#measured.read()]);
    } catch {
      return null;
    }
    return this.seconds(matrices, vectors);
  }

  #run({ analysis }: Pick<Session, "analysis">): void {
    this.#watch(this.#scheduler.run(analysis));
  }

  #resume({ analysis }: Session): void {
    this.#watch(this.#scheduler.resume(analysis));
  }

  #watch(work: Promise<void>): void {
    work.catch((error: unknown) => {
      this.#events.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
    this.#keepTimer ??= setTimeout(() => {
      this.#keepTimer = null;
      void this.#keepPace();
    }, keepInterval).unref();
  }

  #remember({ path }: Session, choice: Choice): void {
    void this.#choices.update((choices) => choose(choices, path, choice));
  }

  async #keepPace(): Promise<void> {
    const { measured } = this.#pace;
    if (Object.keys(measured).length > 0) {
      await this.#measured.update(() => measured);
    }
  }

  #createScheduler(): Scheduler {
    return new Scheduler(this.#gpu, this.#events.log, this.#pace);
  }

  async #close(session: Session): Promise<void> {
    this.#byPath.delete(session.path);
    for (const [alias, opening] of this.#aliases) {
      if ((await opening) === session) {
        this.#aliases.delete(alias);
      }
    }
    this.#scheduler.cancel(session.analysis);
    await session.close();
    await this.#keepPace();
    // Nothing to compute for: the GPU's memory goes back to those who need it.
    if (this.#byPath.size === 0) {
      this.#gpu.stop();
    }
  }

  #createGpu(): GpuProcess {
    return new GpuProcess({
      workerPath: this.#workerPath,
      adapter: this.#settings.adapter,
      memoryBytes: this.#settings.memoryBudget * 2 ** 20,
      cacheFolder: this.#cacheFolder,
      onStatus: this.#events.onEngine,
      log: this.#events.log,
    });
  }
}

/** What still comes of an analysis that was replaced is not that of the new one. */
function ignore(analysis: CheckpointAnalysis): void {
  analysis.onResults = () => undefined;
  analysis.onChanged = () => undefined;
}

/** Whether anything but a scan holds it. */
function isViewed({ holders }: Session): boolean {
  return [...holders.keys()].some((holder) => holder !== scanner);
}
