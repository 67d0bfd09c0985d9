import { heard, inEnglish, spoken, t } from "../text/l10n.ts";
import { execFile, fork, type ChildProcess } from "node:child_process";
import { mkdirSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Adapters, EngineStatus } from "../protocol.ts";
import type { MatrixDraw } from "../svd/drawn-matrix.ts";
import type { MatrixSource, ProductMeasurement, ProductSource } from "../svd/measurement.ts";
import { deviceLostCode, type Analysis, type FromWorker, type ToWorker, type Work } from "../worker-protocol.ts";

/** A GPU process that says nothing for so long is taken for hung: it reports once a second while its driver lets it. */
const silenceLimit = 120_000;

/** Starts of a GPU process that something outside ends before it is ready: a person, a system that is short of memory. */
const mostStarts = 5;

/** A GPU process without work is ended after so many milliseconds: others need the GPU's memory. */
export const idleTime = 30_000;

/** The GPU process ended, or lost its device, in the middle of a job. The job may be tried again, in smaller parts. */
export class GpuProcessLost extends Error {
  /**
   * Something outside may have ended it: a person, a system that is short of memory, a driver that was reset for another
   * program's sake.
   */
  readonly fromOutside: boolean;

  constructor(message: string, fromOutside = false) {
    super(message);
    this.fromOutside = fromOutside;
  }
}

/** No GPU can be used at all; {@link GpuProcess.status} says why and what to do. */
export class GpuUnavailable extends Error {}

interface RunningJob {
  readonly onResult?: (index: number, analysis: Analysis) => void;
  readonly onProduct?: (index: number, measurement: ProductMeasurement) => void;
  readonly onUnsupported: (index: number, message: string, shortOfMemory: boolean) => void;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

export interface GpuProcessOptions {
  /** Where the bundled worker lies. */
  readonly workerPath: string;
  /** Part of an adapter's name; empty for the fastest. */
  readonly adapter: string;
  /** Bytes of the GPU's memory at most; 0, as when it is left out, for as many as there is room for. */
  readonly memoryBytes?: number;
  /** Where it is kept what suits the adapter; nothing is measured where it is left out or null. */
  readonly cacheFolder?: string | null;
  readonly onStatus: (status: EngineStatus) => void;
  readonly log: (message: string) => void;
}

/**
 * The process that owns the GPU, seen from outside: started when there is work, watched, and started again after a crash.
 * A driver that crashes or hangs takes only that process with it.
 */
export class GpuProcess {
  readonly #options: GpuProcessOptions;
  #child: ChildProcess | null = null;
  #ready: Promise<void> | null = null;
  readonly #jobs = new Map<number, RunningJob>();
  #nextId = 1;
  #lastHeard = 0;
  #watchdog: NodeJS.Timeout | null = null;
  #idle: NodeJS.Timeout | null = null;
  #closed = false;
  #status: EngineStatus = {
    phase: "idle",
    adapter: null,
    backend: null,
    software: false,
    message: null,
    remedy: null,
  };

  constructor(options: GpuProcessOptions) {
    this.#options = options;
  }

  get status(): EngineStatus {
    return this.#status;
  }

  /** Starts the process if it is not running. @throws GpuUnavailable when there is no usable adapter. */
  start(): Promise<void> {
    this.#ready ??= this.#launch();
    return this.#ready;
  }

  /**
   * Computes matrices of one shape and dtype, with their singular vectors if they are wanted. Jobs are done in the
   * order in which they were given; what the next one needs is read while one is computed.
   * @throws GpuUnavailable, GpuProcessLost, or the signal's reason when it is aborted.
   */
  async run(
    sources: readonly MatrixSource[],
    options: {
      readonly signal: AbortSignal;
      readonly vectors?: boolean;
      readonly onResult: (index: number, analysis: Analysis) => void;
      /** `shortOfMemory`: it would fit the adapter, but not into what was free of its memory. */
      readonly onUnsupported: (index: number, message: string, shortOfMemory: boolean) => void;
    },
  ): Promise<void> {
    const { signal, vectors = false, ...handlers } = options;
    await this.#run({ kind: "matrices", sources, vectors }, signal, handlers);
  }

  /**
   * Computes the singular values of products, see Engine.measureProducts.
   * @throws as {@link run}.
   */
  async runProducts(
    products: readonly ProductSource[],
    options: {
      readonly signal: AbortSignal;
      readonly onResult: (index: number, measurement: ProductMeasurement) => void;
      readonly onUnsupported: (index: number, message: string) => void;
    },
  ): Promise<void> {
    const { signal, onResult: onProduct, onUnsupported } = options;
    await this.#run({ kind: "products", products }, signal, { onProduct, onUnsupported });
  }

  /**
   * Draws a matrix and computes it.
   * @throws as {@link run}; an Error that says why, if this matrix cannot be computed.
   */
  async draw(draw: MatrixDraw, signal: AbortSignal): Promise<Analysis> {
    const results: Analysis[] = [];
    let reason = t("nothing came back");
    await this.#run({ kind: "draw", draw }, signal, {
      onResult: (_, result) => {
        results.push(result);
      },
      onUnsupported: (_, message) => {
        reason = message;
      },
    });
    const [analysis] = results;
    if (analysis === undefined) {
      throw new Error(reason);
    }
    return analysis;
  }

  async #run(
    work: Work,
    signal: AbortSignal,
    handlers: Pick<RunningJob, "onResult" | "onProduct" | "onUnsupported">,
  ): Promise<void> {
    await this.start();
    signal.throwIfAborted();
    const id = this.#nextId++;
    const cancel = (): void => {
      this.#send({ type: "cancel", id });
    };
    signal.addEventListener("abort", cancel);
    try {
      await new Promise<void>((resolve, reject) => {
        this.#jobs.set(id, { ...handlers, resolve, reject });
        this.#lastHeard = Date.now();
        this.#send({ type: "job", job: { ...work, id } });
      });
      signal.throwIfAborted();
    } finally {
      this.#jobs.delete(id);
      signal.removeEventListener("abort", cancel);
      this.#rest();
    }
  }

  /** Ends the process; a later {@link start} begins a new one. */
  stop(): void {
    this.#end();
    this.#publish({ ...this.#status, phase: "idle", message: null, remedy: null });
  }

  /** Ends the process, which is of no use; a later {@link start} tries again. `message` and `remedy`: one sentence each. */
  giveUp(message: string, remedy: string): void {
    this.#end();
    this.#publish({ ...this.#status, phase: "unavailable", message, remedy });
  }

  /** Ends the process for good. */
  close(): void {
    this.#closed = true;
    this.#end();
  }

  #launch(startsLeft = mostStarts): Promise<void> {
    if (this.#closed) {
      return Promise.reject(new GpuUnavailable(t("the GPU process was closed")));
    }
    this.#publish({ ...this.#status, phase: "starting", message: null, remedy: null });
    return new Promise<void>((resolve, reject) => {
      const child = fork(this.#options.workerPath, [], {
        // Typed arrays travel as they are.
        serialization: "advanced",
        stdio: ["ignore", "pipe", "pipe", "ipc"],
        execArgv: ["--enable-source-maps"],
        env: workerEnvironment(),
      });
      this.#child = child;
      for (const stream of [child.stdout, child.stderr]) {
        stream?.setEncoding("utf8").on("data", (text: string) => {
          this.#options.log(text.trimEnd());
        });
      }
      child.on("message", (message: FromWorker) => {
        this.#lastHeard = Date.now();
        if (message.type === "engine") {
          this.#publish(message.engine);
          if (message.engine.phase === "ready") {
            this.#rest();
            resolve();
          } else if (message.engine.phase === "unavailable") {
            reject(new GpuUnavailable(message.engine.message ?? t("no GPU can be used")));
          }
        } else if (message.type === "lost") {
          lastWords = message.reason;
        } else {
          this.#receive(message);
        }
      });
      let lastWords: string | null = null;
      const ended = (why: () => string, fromOutside = false): void => {
        if (this.#child !== child) {
          return;
        }
        this.#options.log(`GPU process ended: ${inEnglish(why)}`);
        const reason = why();
        const jobs = [...this.#jobs.values()];
        this.#forget();
        if (this.#status.phase === "starting" && fromOutside && startsLeft > 1) {
          this.#ready = this.#launch(startsLeft - 1);
          this.#ready.then(resolve, reject);
        } else if (this.#status.phase === "starting") {
          const message = t("The GPU process ended while it was starting ({0}).", reason);
          this.#publish({
            ...this.#status,
            phase: "unavailable",
            message,
            remedy: t("Update the graphics driver, or choose another adapter in the settings."),
          });
          reject(new GpuUnavailable(message));
        }
        for (const { reject: fail } of jobs) {
          fail(new GpuProcessLost(t("the GPU process ended ({0})", reason), fromOutside));
        }
      };
      child.on("error", (error) => {
        ended(() => error.message);
      });
      child.on("exit", (code, signal) => {
        const ofAnother = code === deviceLostCode || signal === "SIGKILL" || signal === "SIGTERM";
        const fromOutside = !silent && ofAnother;
        ended(
          () => lastWords ?? (signal === null ? t("exit code {0}", code ?? t("unknown")) : t("signal {0}", signal)),
          fromOutside,
        );
      });
      let silent = false;
      this.#watchdog = setInterval(() => {
        if (this.#jobs.size > 0 && Date.now() - this.#lastHeard > silenceLimit) {
          this.#options.log(`GPU process silent for ${silenceLimit / 1000} s: ending it`);
          silent = true;
          child.kill("SIGKILL");
        }
      }, 5000);
      this.#watchdog.unref();
      const { adapter, memoryBytes = 0, cacheFolder = null } = this.#options;
      this.#send({ type: "start", adapter, memoryBytes, cacheFolder, spoken: spoken() });
    });
  }

  #receive(message: Exclude<FromWorker, { type: "engine" | "lost" }>): void {
    const job = message.type === "alive" ? undefined : this.#jobs.get(message.id);
    if (message.type === "alive" || job === undefined) {
      return;
    }
    switch (message.type) {
      case "result":
        job.onResult?.(message.index, message.analysis);
        break;
      case "product":
        job.onProduct?.(message.index, message.measurement);
        break;
      case "unsupported":
        heard(message.message);
        job.onUnsupported(message.index, message.message.text, message.shortOfMemory);
        break;
      case "done":
        job.resolve();
        break;
      case "failed":
        heard(message.message);
        job.reject(new Error(message.message.text));
        break;
    }
  }

  #send(message: ToWorker): void {
    if (this.#child?.connected === true) {
      this.#child.send(message);
    }
  }

  /** Ends a process that gets no work for a while; the next job starts another one. */
  #rest(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      if (this.#jobs.size === 0 && this.#child !== null) this.stop();
    }, idleTime).unref();
  }

  #end(): void {
    const child = this.#child;
    this.#forget();
    child?.kill("SIGKILL");
    for (const { reject } of this.#jobs.values()) {
      reject(new GpuProcessLost(t("the GPU process was stopped")));
    }
  }

  #forget(): void {
    this.#child = null;
    this.#ready = null;
    if (this.#watchdog !== null) {
      clearInterval(this.#watchdog);
      this.#watchdog = null;
    }
    if (this.#idle !== null) {
      clearTimeout(this.#idle);
      this.#idle = null;
    }
  }

  #publish(status: EngineStatus): void {
    this.#status = status;
    this.#options.onStatus(status);
  }
}

/** Drivers answer within this time, in milliseconds; one that hangs never does. */
const adaptersPatience = 60_000;

/**
 * The adapters of this machine, asked for in a process of its own: one with a broken driver may not survive it.
 * @param workerPath where the bundled worker lies
 */
export function findAdapters(workerPath: string): Promise<Adapters> {
  return new Promise((resolve) => {
    const options = { env: workerEnvironment(), timeout: adaptersPatience, windowsHide: true };
    const child = execFile(
      process.execPath,
      [workerPath, "--adapters", "--spoken"],
      options,
      (error, output, errors) => {
        try {
          // Drivers may write lines of their own before it.
          resolve(JSON.parse(output.trim().split("\n").at(-1) ?? "") as Adapters);
        } catch {
          const reason = errors.trim().split("\n").at(-1) ?? "";
          const why = reason === "" ? (error?.message ?? t("no answer")) : reason;
          resolve({ adapters: [], problem: t("The graphics drivers could not be asked for their adapters: {0}", why) });
        }
      },
    );
    // Whoever does not read it has ended already, which is told above.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(JSON.stringify(spoken()));
  });
}

function workerEnvironment(): NodeJS.ProcessEnv {
  const { XDG_RUNTIME_DIR, UV_THREADPOOL_SIZE } = process.env;
  return {
    ...process.env,
    XDG_RUNTIME_DIR: XDG_RUNTIME_DIR ?? quietRuntimeFolder(),
    // Threads that read: four by default, and the first matrices of an analysis wait for them.
    UV_THREADPOOL_SIZE: UV_THREADPOOL_SIZE ?? String(Math.max(4, Math.min(8, availableParallelism()))),
  };
}

/** Software drivers complain at every start when this folder is not set. */
function quietRuntimeFolder(): string {
  const folder = join(tmpdir(), `safetensors-spectrum-${process.getuid?.() ?? 0}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
}
