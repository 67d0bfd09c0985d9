import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import { estimateSeconds } from "../analysis/estimate.ts";
import { drawFresh } from "../analysis/fresh-draw.ts";
import { GpuProcess } from "../analysis/gpu-process.ts";
import { Scheduler } from "../analysis/scheduler.ts";
import { clearStores } from "../analysis/store.ts";
import type { DrawnSpectrum, EngineStatus, MatrixResult, Settings } from "../protocol.ts";
import { Session } from "./session.ts";

/** Tabs come and go while a person reads: a checkpoint that nothing holds is let go only after this time. */
const closeDelay = 5000;
/** What takes longer than this is begun by the person, not by opening a file. */
const smallSeconds = 120;

export interface SessionEvents {
  /** New results, or none when only the state changed. */
  readonly onResults: (session: Session, results: readonly MatrixResult[]) => void;
  readonly onEngine: (status: EngineStatus) => void;
  /** The files changed and were read again. */
  readonly onReload: (session: Session) => void;
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
    this.#gpu = this.#createGpu();
    this.#scheduler = new Scheduler(this.#gpu, this.#events.log);
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
      opening = this.#open(path);
      this.#aliases.set(path, opening);
    }
    const session = await opening;
    session.holders.set(holder, (session.holders.get(holder) ?? 0) + 1);
    return session;
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

  /** Starts or resumes the analysis: of everything, or of some matrices. */
  analyse(session: Session, ids: readonly string[] | null, again: boolean): void {
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
          ? `No attention heads are known in ${tensors[0]!}.`
          : "No attention heads are known here: neither the names of the weights nor a config.json tells of any.",
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
      throw new Error(`There is no matrix ${unknown} in this checkpoint.`);
    }
    return this.#enqueue(analysis, ids, true);
  }

  cancel(session: Session): void {
    this.#scheduler.cancel(session.analysis);
  }

  /**
   * The spectrum of a fresh matrix beside one of a checkpoint; null while that is not analysed, and where nothing fresh
   * compares with it.
   * @throws the signal's reason when it is aborted; an Error in one sentence if it cannot be computed.
   */
  async draw(session: Session, id: string, seed: number, signal: AbortSignal): Promise<DrawnSpectrum | null> {
    const detail = await session.analysis.detail(id);
    return detail === null ? null : drawFresh(this.#gpu, detail, session.analysis.initializerRange, { seed, signal });
  }

  /** Takes new settings over; another adapter means another GPU process. */
  configure(settings: Settings): void {
    const adapterChanged = settings.adapter !== this.#settings.adapter;
    const rolesChanged = JSON.stringify(settings.roles) !== JSON.stringify(this.#settings.roles);
    this.#settings = settings;
    if (adapterChanged) {
      const waiting = [...this.all].filter(({ analysis }) => ["running", "unavailable"].includes(analysis.state.phase));
      for (const { analysis } of waiting) {
        this.#scheduler.cancel(analysis);
      }
      this.#gpu.close();
      this.#gpu = this.#createGpu();
      this.#scheduler = new Scheduler(this.#gpu, this.#events.log);
      for (const session of waiting) {
        this.analyse(session, null, false);
      }
    }
    if (rolesChanged) {
      for (const session of this.all) {
        void this.reload(session);
      }
    }
  }

  /** Reads a checkpoint's headers again. */
  async reload(session: Session): Promise<void> {
    this.#scheduler.cancel(session.analysis);
    await session.reload(this.#settings);
    this.#listen(session);
    this.#events.onReload(session);
    void this.#begin(session);
  }

  /** Forgets every cached result on disk; what is open keeps its own. @returns the bytes freed */
  clearCache(): Promise<number> {
    return clearStores(this.#cacheFolder);
  }

  async close(): Promise<void> {
    this.#gpu.close();
    for (const session of this.all) {
      await session.close();
    }
  }

  async #open(path: string): Promise<Session> {
    const analysis = await CheckpointAnalysis.open(path, this.#settings);
    const canonical = analysis.catalogue.path;
    const existing = this.#byPath.get(canonical);
    if (existing !== undefined) {
      return existing;
    }
    const session = await Session.open(analysis, () => {
      void this.reload(session);
    });
    this.#byPath.set(canonical, session);
    this.#aliases.set(canonical, Promise.resolve(session));
    this.#listen(session);
    void this.#begin(session);
    return session;
  }

  #listen(session: Session): void {
    session.analysis.onResults = (results) => {
      this.#events.onResults(session, results);
    };
  }

  /** Earlier results first, then the GPU's state, then, if the settings and the size say so, the work. */
  async #begin(session: Session): Promise<void> {
    const { analysis } = session;
    try {
      await analysis.attachStores(this.#cacheFolder);
    } catch (error) {
      this.#events.log(
        `results are kept for this time only: ${error instanceof Error ? error.message : String(error)}`,
      );
      await analysis.attachStores(await mkdtemp(join(tmpdir(), "safetensors-spectrum-")));
    }
    analysis.enqueue(null);
    if (analysis.queue.size === 0) {
      analysis.setPhase("done");
      return;
    }
    try {
      await this.#gpu.start();
    } catch {
      analysis.queue.clear();
      analysis.setPhase("unavailable");
      return;
    }
    const seconds = estimateSeconds(analysis.missing, this.#gpu.status.software);
    const { analyseOnOpen } = this.#settings;
    if (analyseOnOpen === "always" || (analyseOnOpen === "small" && seconds <= smallSeconds)) {
      this.#run(session);
    } else {
      analysis.queue.clear();
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

  #run({ analysis }: Pick<Session, "analysis">): void {
    this.#scheduler.run(analysis).catch((error: unknown) => {
      this.#events.log(error instanceof Error ? (error.stack ?? error.message) : String(error));
    });
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
    // Nothing to compute for: the GPU's memory goes back to those who need it.
    if (this.#byPath.size === 0) {
      this.#gpu.stop();
    }
  }

  #createGpu(): GpuProcess {
    return new GpuProcess({
      workerPath: this.#workerPath,
      adapter: this.#settings.adapter,
      onStatus: this.#events.onEngine,
      log: this.#events.log,
    });
  }
}
