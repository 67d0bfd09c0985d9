/** The language server as the extension sees it: found, started, watched, restarted and stopped. */
import { join } from "node:path";
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import {
  analyseHeadsCommand,
  analyseTensorCommand,
  analyseVectorsCommand,
  checkpointChanged,
  engineChanged,
  outlineScheme,
  resultsChanged,
  revealCommand,
  type ChangedParams,
  type CheckpointParams,
  type EngineStatus,
  type InitializationOptions,
  type Progress,
  type ResultsParams,
} from "../../server/protocol.ts";
import type { Spoken } from "../../server/text/l10n.ts";
import { serverEnvironment } from "./environment.ts";
import { didNotStart, keepsCrashing, noRuntime, rejection, selfTestRemedy } from "./explanation.ts";
import type { Explanation, Rejected } from "./explanation.ts";
import { usableNodes, type Runtime } from "./find-node.ts";
import type { Notifications, Requests } from "./messages.ts";
import { Restarts } from "./restarts.ts";
import { anotherMayDo, candidates, type Candidate, type SelfTest } from "./runtime.ts";
import { selfTest } from "./self-test.ts";
import { ServerProcess } from "./server-process.ts";

const name = "Safetensors Spectrum";
const section = "safetensorsSpectrum";

/** The index of a sharded checkpoint: plain JSON that the server adds hovers and findings to. */
export const indexPattern = "**/*.safetensors.{index.json,index.*.json}";

/** What happened in passing is shown for so many milliseconds. */
const messageTime = 10_000;

/** Text with names out of files as the status bar shows it: `$(name)` would be an icon. */
function plain(text: string): string {
  return text.replaceAll("$(", "$ (");
}

/** The server cannot run; `explanation` says why and what to do. */
export class ServerUnavailable extends Error {
  readonly explanation: Explanation;

  constructor(explanation: Explanation) {
    super(`${explanation.message} ${explanation.remedy}`);
    this.name = "ServerUnavailable";
    this.explanation = explanation;
  }
}

/** The language that VS Code shows, for what other processes tell. */
function spoken(): Spoken {
  return { language: vscode.env.language, texts: vscode.l10n.bundle };
}

/** A server that was started, and the connection to it. */
interface Running {
  readonly client: LanguageClient;
  readonly process: ServerProcess;
}

export class LanguageServer {
  readonly #context: vscode.ExtensionContext;
  readonly #log: vscode.LogOutputChannel;
  readonly #worker: string;
  readonly #restarts = new Restarts();
  /** Outcomes of this session, by executable. */
  readonly #tested = new Map<string, SelfTest>();
  /** A Node that passed the self-test where the first one failed it. */
  #preferred: Runtime | null = null;
  #running: Promise<Running> | null = null;
  #told = false;
  #stopped = false;

  readonly #started = new vscode.EventEmitter<undefined>();
  readonly #failed = new vscode.EventEmitter<Explanation>();
  readonly #results = new vscode.EventEmitter<ResultsParams>();
  readonly #engine = new vscode.EventEmitter<EngineStatus>();
  readonly #changed = new vscode.EventEmitter<CheckpointParams>();
  /** A server runs that knows nothing yet: what is on screen is opened again. */
  readonly onDidStart = this.#started.event;
  readonly onDidFail = this.#failed.event;
  readonly onResults = this.#results.event;
  readonly onEngine = this.#engine.event;
  readonly onCheckpointChanged = this.#changed.event;

  constructor(context: vscode.ExtensionContext, log: vscode.LogOutputChannel) {
    this.#context = context;
    this.#log = log;
    this.#worker = join(context.extensionPath, "dist", "server", "worker.mjs");
    context.subscriptions.push(this.#started, this.#failed, this.#results, this.#engine, this.#changed);
    context.subscriptions.push(
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(`${section}.runtime`) && this.#running !== null) void this.restart();
      }),
    );
  }

  /** Sends a request, once the server runs. Rejects with {@link ServerUnavailable} where it cannot run. */
  async request<M extends keyof Requests>(
    method: M,
    params: Parameters<Requests[M]>[0],
    token?: vscode.CancellationToken,
  ): Promise<ReturnType<Requests[M]>> {
    const { client } = await this.start();
    return client.sendRequest<ReturnType<Requests[M]>>(method, params, token);
  }

  /** Hears how far the requests are that carry this token, until it is disposed of. */
  async onProgress(token: string, told: (progress: Progress) => void): Promise<vscode.Disposable> {
    const { client } = await this.start();
    const { ProgressType } = await import("vscode-languageclient/node");
    return client.onProgress(new ProgressType<Progress>(), token, told);
  }

  /** Sends a notification to a server that runs; one that does not run has nothing to be told. */
  notify<M extends keyof Notifications>(method: M, params: Notifications[M]): void {
    void this.#running
      ?.then(({ client }) => client.sendNotification(method, params))
      .catch((error: unknown) => {
        this.#log.debug(`${method} was not delivered: ${String(error)}`);
      });
  }

  /** Starts the server unless it runs or starts already. */
  start(): Promise<Running> {
    return this.#running ?? this.#expect(this.#launch());
  }

  /** What everybody waits for from now on; a failure is told once, and the next start begins anew. */
  #expect(launch: Promise<Running>): Promise<Running> {
    const running = launch.catch((error: unknown) => {
      if (this.#running === running) this.#running = null;
      const explanation =
        error instanceof ServerUnavailable ? error.explanation : didNotStart("Node.js", String(error), vscode.l10n.t);
      this.#log.error(`${explanation.message} ${explanation.remedy}`);
      this.#failed.fire(explanation);
      throw error;
    });
    this.#running = running;
    return running;
  }

  /** Stops the server and starts it anew, on the best Node that there is now. */
  async restart(): Promise<void> {
    this.#restarts.forget();
    this.#tested.clear();
    this.#preferred = null;
    await this.#halt();
    await this.start();
  }

  /** Stops the server for good. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#halt();
  }

  async #halt(): Promise<void> {
    const running = this.#running;
    this.#running = null;
    const server = await running?.catch(() => null);
    await server?.client.dispose().catch((error: unknown) => {
      this.#log.debug(`The server did not stop by itself: ${String(error)}`);
    });
    await server?.process.stop();
  }

  async #launch(): Promise<Running> {
    // Loaded here, so that a workspace with other JSON files only pays for the activation; and while the Node is asked.
    const loading = import("vscode-languageclient/node");
    const runtime = await this.#chooseRuntime();
    this.#log.info(`The server runs on Node.js ${runtime.version}, ${runtime.executable} (${runtime.source}).`);
    const process = await ServerProcess.start(
      runtime.executable,
      join(this.#context.extensionPath, "dist", "server", "main.mjs"),
      this.#environment(),
    );
    void process.ended.then((reason) => {
      this.#log.info(`The server's process ended: ${reason}`);
    });
    const library = await loading;
    const ended = {
      action: library.CloseAction.DoNotRestart,
      message: "The connection to the server closed.",
      handled: true,
    };
    const initialization: InitializationOptions = {
      cacheFolder: vscode.Uri.joinPath(this.#context.globalStorageUri, "cache").fsPath,
      spoken: spoken(),
    };
    // What goes wrong is told by this class, once and with its remedy; the library's own pop-ups stay in the log.
    class QuietClient extends library.LanguageClient {
      override error(message: string, data?: unknown): void {
        super.error(message, data, false);
      }
    }
    const client = new QuietClient(section, name, () => Promise.resolve(process.child), {
      documentSelector: [{ scheme: outlineScheme }, { scheme: "file", pattern: indexPattern }],
      outputChannel: this.#log,
      revealOutputChannelOn: library.RevealOutputChannelOn.Never,
      diagnosticCollectionName: section,
      initializationOptions: initialization,
      initializationFailedHandler: () => false,
      markdown: {
        isTrusted: {
          enabledCommands: [revealCommand, analyseTensorCommand, analyseHeadsCommand, analyseVectorsCommand],
        },
      },
      errorHandler: {
        error: () => ({ action: library.ErrorAction.Continue, handled: true }),
        closed: () => {
          this.#onClosed(client);
          return ended;
        },
      },
    });
    client.onNotification(resultsChanged, (params: ResultsParams) => {
      this.#results.fire(params);
    });
    client.onNotification(engineChanged, (engine: EngineStatus) => {
      this.#engine.fire(engine);
      if (engine.phase === "unavailable") void this.#verify(runtime);
    });
    client.onNotification(checkpointChanged, (params: ChangedParams) => {
      // Quietly: whoever saves a checkpoint while it is shown knows.
      if (params.reason !== null) vscode.window.setStatusBarMessage(plain(params.reason), messageTime);
      this.#changed.fire(params);
    });
    try {
      await client.start();
    } catch (error) {
      this.#log.debug(String(error));
      const detail = await process.stop();
      throw new ServerUnavailable(didNotStart(runtime.executable, detail, vscode.l10n.t));
    }
    // Whoever waits for this very start goes on first.
    setImmediate(() => {
      this.#started.fire(undefined);
    });
    return { client, process };
  }

  /** A connection closed that nobody here closed: the server crashed. */
  #onClosed(client: LanguageClient): void {
    void this.#recover(client).catch((error: unknown) => {
      this.#log.error(String(error));
    });
  }

  async #recover(client: LanguageClient): Promise<void> {
    if (this.#stopped || this.#running === null) return;
    const crashed = await this.#running.catch(() => null);
    // A start that failed has been told of; a client that was replaced no longer matters.
    if (crashed?.client !== client) return;
    this.#running = null;
    const delay = this.#restarts.ended(Date.now());
    if (delay === null) {
      const explanation = keepsCrashing(this.#restarts.count, vscode.l10n.t);
      this.#failed.fire(explanation);
      await this.#offer("error", `${explanation.message} ${explanation.remedy}`, true);
      return;
    }
    this.#log.warn(`The server ended unexpectedly and is started again in ${delay} ms.`);
    const pause = new Promise<void>((resolve) => setTimeout(resolve, delay));
    // Requests made meanwhile wait for this start.
    await this.#expect(pause.then(() => this.#launch()));
    if (!this.#told) {
      this.#told = true;
      const message = vscode.l10n.t(
        "The analysis server ended unexpectedly and was started again; it goes on where it was.",
      );
      await this.#offer("warning", message, false);
    }
  }

  async #offer(kind: "error" | "warning", message: string, restart: boolean): Promise<void> {
    const showLog = vscode.l10n.t("Show Log");
    const again = vscode.l10n.t("Restart Server");
    const show = kind === "error" ? vscode.window.showErrorMessage : vscode.window.showWarningMessage;
    const choice = await show(message, ...(restart ? [again, showLog] : [showLog]));
    if (choice === showLog) this.#log.show();
    if (choice === again) await this.restart();
  }

  #environment(): NodeJS.ProcessEnv {
    return serverEnvironment(vscode.Uri.joinPath(this.#context.globalStorageUri, "runtime").fsPath);
  }

  #candidates(): Candidate[] {
    return candidates({
      setting: vscode.workspace.getConfiguration(section).get("runtime", "").trim(),
      executable: process.execPath,
      electron: process.versions["electron"],
      extensionFolder: this.#context.extensionPath,
      platform: process.platform,
    });
  }

  async #chooseRuntime(): Promise<Runtime> {
    if (this.#preferred !== null) return this.#preferred;
    const rejected: Rejected[] = [];
    const nodes = usableNodes(this.#candidates(), (one) => rejected.push(one));
    const { value: runtime } = await nodes.next();
    for (const one of rejected) {
      const message = rejection(one, vscode.l10n.t);
      if (one.source !== "setting") {
        this.#log.info(message);
        continue;
      }
      const warning = vscode.l10n.t("The setting safetensorsSpectrum.runtime cannot be used: {0}", message);
      this.#log.warn(warning);
      void this.#offer("warning", warning, false);
    }
    if (runtime === undefined) throw new ServerUnavailable(noRuntime(rejected, vscode.l10n.t));
    return runtime;
  }

  /**
   * Tests the Node that the server runs on once it was found that nothing can be computed: headers and tree need no GPU.
   * Where it is the Node that cannot compute, the server moves to the first other one that can.
   */
  async #verify(runtime: Runtime): Promise<void> {
    if (this.#tested.has(runtime.executable)) return;
    const outcome = await this.#test(runtime);
    if (outcome.ok || !anotherMayDo(outcome.code)) return;
    for await (const other of usableNodes(this.#candidates(), () => undefined)) {
      if (this.#tested.has(other.executable) || !(await this.#test(other)).ok) continue;
      if (this.#stopped) return;
      this.#preferred = other;
      await this.#halt();
      await this.start();
      return;
    }
  }

  async #test(runtime: Runtime): Promise<SelfTest> {
    const outcome = await selfTest(runtime.executable, this.#worker, this.#environment(), spoken());
    this.#tested.set(runtime.executable, outcome);
    if (outcome.ok) {
      const kind = outcome.software ? `${outcome.backend}, in software` : outcome.backend;
      this.#log.info(`Self-test of ${runtime.executable}: computes on ${outcome.adapter} (${kind}).`);
    } else {
      const remedy = outcome.remedy ?? selfTestRemedy(outcome.code, process.platform, vscode.l10n.t);
      this.#log.warn(`Self-test of ${runtime.executable} failed (${outcome.code}): ${outcome.message} ${remedy}`);
    }
    return outcome;
  }
}
