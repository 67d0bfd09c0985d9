/** One view of a checkpoint: a webview that is shown what its session knows. */
import { randomBytes } from "node:crypto";
import { basename } from "node:path";
import * as vscode from "vscode";
import { editorHtml } from "../../media/html.ts";
import type { Answer, ToHost, ToView } from "../../media/protocol.ts";
import {
  analyseCheckpoint,
  analyseHeads,
  analyseTensorCommand,
  analyseVectors,
  drawSpectrum,
  estimateAnalysis,
  focusMatrices,
  headColumn,
  matrixDetail,
  matrixSpectra,
  measureProducts,
  metricColumn,
  portionList,
  pythonProgram,
  tensorEntries,
  vectorEntries,
  documentationCommand,
  type RevealArguments,
} from "../../server/protocol.ts";
import { disposeAll, type Disposable } from "../disposable.ts";
import { ServerUnavailable, type LanguageServer } from "../server/language-server.ts";
import { save } from "./save.ts";
import type { Lease, Session, SessionChange, Sessions } from "./session.ts";

/** The command that each button of the webview stands for; all take the file's URI. */
const viewCommands = {
  analyse: "safetensorsSpectrum.analyse",
  pause: "safetensorsSpectrum.pause",
  resume: "safetensorsSpectrum.resume",
  cancel: "safetensorsSpectrum.cancel",
  adapter: "safetensorsSpectrum.chooseAdapter",
  outline: "safetensorsSpectrum.openOutline",
  export: "safetensorsSpectrum.export",
  log: "safetensorsSpectrum.showLog",
  settings: "safetensorsSpectrum.openSettings",
} as const satisfies Record<Extract<ToHost, { type: "command" }>["command"], string>;

/** What a view is asked to show: a tensor or a block, or its heads. */
export type RevealPlace = Omit<RevealArguments, "checkpoint">;

/** What a view tells of its selection. */
export type Selected = Omit<Extract<ToHost, { type: "selected" }>, "type">;

export class Panel implements vscode.Disposable {
  readonly uri: vscode.Uri;
  readonly view: vscode.WebviewPanel;
  readonly #server: LanguageServer;
  readonly #sessions: Sessions;
  readonly #disposables: Disposable[] = [];
  readonly #didSelect = new vscode.EventEmitter<Selected>();
  /** A tensor was selected in the view, or nothing any more. */
  readonly onDidSelect = this.#didSelect.event;
  #selected: string | null = null;
  #lease: Lease | null = null;
  #opening = false;
  #disposed = false;
  /** What takes long, by the request's id. */
  readonly #cancellable = new Map<number, vscode.CancellationTokenSource>();
  /** Why there is nothing to show; null while there is or may be. */
  #failure: string | null = null;
  /** The webview listens. One that is hidden has been discarded and says `ready` again when it is shown. */
  #ready = false;
  #pendingReveal: RevealPlace | null = null;

  constructor(
    uri: vscode.Uri,
    view: vscode.WebviewPanel,
    extension: vscode.Uri,
    server: LanguageServer,
    sessions: Sessions,
  ) {
    this.uri = uri;
    this.view = view;
    this.#server = server;
    this.#sessions = sessions;
    const resources = vscode.Uri.joinPath(extension, "dist", "media");
    view.webview.options = { enableScripts: true, localResourceRoots: [resources] };
    this.#disposables.push(
      this.#didSelect,
      view.webview.onDidReceiveMessage((message: ToHost) => {
        this.#receive(message);
      }),
      view.onDidChangeViewState(() => {
        if (!view.visible) this.#ready = false;
      }),
      server.onDidFail((explanation) => {
        this.#fail(`${explanation.message} ${explanation.remedy}`);
      }),
      server.onDidStart(() => {
        if (this.#lease === null) void this.open();
      }),
    );
    view.webview.html = editorHtml({
      nonce: randomBytes(16).toString("base64url"),
      cspSource: view.webview.cspSource,
      scriptUri: view.webview.asWebviewUri(vscode.Uri.joinPath(resources, "editor.js")).toString(),
      styleUri: view.webview.asWebviewUri(vscode.Uri.joinPath(resources, "editor.css")).toString(),
      title: basename(uri.path),
      language: vscode.env.language,
      texts: vscode.l10n.bundle,
    });
  }

  /** The checkpoint, once the server has opened it. */
  get session(): Session | null {
    return this.#lease?.session ?? null;
  }

  /** The name of the tensor that is selected; null where there is none. */
  get selected(): string | null {
    return this.#selected;
  }

  /** Opens the checkpoint that the file belongs to and shows it. */
  async open(): Promise<void> {
    if (this.#opening || this.#lease !== null || this.#disposed) return;
    this.#opening = true;
    try {
      const lease = await this.#sessions.open(this.uri);
      if (this.#isDisposed()) {
        lease.dispose();
        return;
      }
      this.#lease = lease;
      this.#disposables.push(
        lease,
        lease.session.onDidChange((change) => {
          this.#show(lease.session, change);
        }),
      );
      this.#failure = null;
      this.#show(lease.session, { type: "catalogue" });
    } catch (error) {
      // What keeps the server from running has been told by its own event.
      if (!(error instanceof ServerUnavailable)) this.#fail(error instanceof Error ? error.message : String(error));
    } finally {
      this.#opening = false;
    }
  }

  /** Selects a tensor, at once or when the webview is there. */
  reveal(place: RevealPlace): void {
    this.#pendingReveal = place;
    this.#flushReveal();
  }

  dispose(): void {
    this.#disposed = true;
    this.#cancelAll();
    disposeAll(this.#disposables);
  }

  // A method, because what an `await` lets happen is unknown to control flow analysis.
  #isDisposed(): boolean {
    return this.#disposed;
  }

  #receive(message: ToHost): void {
    switch (message.type) {
      case "ready":
        this.#ready = true;
        // A page that was discarded waits for nothing.
        this.#cancelAll();
        if (this.session !== null) this.#show(this.session, { type: "catalogue" });
        else if (this.#failure !== null) this.#post({ type: "failed", message: this.#failure });
        return;
      case "focus":
        if (this.session !== null) {
          this.#server.notify(focusMatrices, { checkpoint: this.session.checkpoint, ids: message.ids });
        }
        return;
      case "matrix":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(matrixDetail, { checkpoint, id: message.matrix }),
        );
        return;
      case "metric":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(metricColumn, { checkpoint, metric: message.metric }),
        );
        return;
      case "spectra":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(matrixSpectra, { checkpoint, ids: message.matrices, points: message.points }),
        );
        return;
      case "estimate":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(estimateAnalysis, { checkpoint, ids: message.matrices }),
        );
        return;
      case "portions":
        void this.#answer(message.id, (checkpoint) => this.#server.request(portionList, { checkpoint }));
        return;
      case "headMetric":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(headColumn, { checkpoint, metric: message.metric }),
        );
        return;
      case "analyseParts":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(analyseCheckpoint, { checkpoint, ids: message.matrices }),
        );
        return;
      case "analyseHeads":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(analyseHeads, {
            checkpoint,
            ...(message.tensors === null ? {} : { tensors: message.tensors }),
          }),
        );
        return;
      case "analyseVectors":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(analyseVectors, { checkpoint, ids: message.matrices }),
        );
        return;
      case "entries":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(tensorEntries, { checkpoint, tensor: message.tensor, ...message.grid }),
        );
        return;
      case "vector":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(vectorEntries, { checkpoint, tensor: message.tensor, runs: message.runs }),
        );
        return;
      case "draw":
        void this.#answer(message.id, (checkpoint) =>
          this.#server.request(drawSpectrum, { checkpoint, id: message.matrix, seed: message.seed }),
        );
        return;
      case "products":
        void this.#measureProducts(message);
        return;
      case "cancelRequest":
        this.#cancellable.get(message.request)?.cancel();
        return;
      case "copyPython":
        void this.#answer(message.id, async (checkpoint) => {
          const program = await this.#server.request(pythonProgram, { checkpoint, ids: message.matrices });
          await vscode.env.clipboard.writeText(program);
          return null;
        });
        return;
      case "save":
        void save(message, this.uri);
        return;
      case "selected":
        this.#selected = message.tensor;
        this.#didSelect.fire({ tensor: message.tensor, byPerson: message.byPerson });
        return;
      case "command":
        // What takes long is told beside the button.
        void vscode.commands.executeCommand(viewCommands[message.command], this.uri, { decided: true });
        return;
      case "explain":
        void vscode.commands.executeCommand(documentationCommand, message.topic);
        return;
      case "analyse":
        if (this.session !== null) {
          const target: RevealArguments = { checkpoint: this.session.checkpoint, tensor: message.tensor };
          void vscode.commands.executeCommand(analyseTensorCommand, target);
        }
        return;
    }
  }

  async #measureProducts({ id, which }: Extract<ToHost, { type: "products" }>): Promise<void> {
    const cancellation = new vscode.CancellationTokenSource();
    this.#cancellable.set(id, cancellation);
    await this.#answer(id, async (checkpoint) => {
      const progress = randomBytes(8).toString("hex");
      const hearing = await this.#server.onProgress(progress, (told) => {
        this.#post({ type: "progress", id, ...told });
      });
      try {
        return await this.#server.request(measureProducts, { checkpoint, ...which, progress }, cancellation.token);
      } finally {
        hearing.dispose();
      }
    });
    if (this.#cancellable.get(id) === cancellation) this.#cancellable.delete(id);
    cancellation.dispose();
  }

  #cancelAll(): void {
    for (const cancellation of this.#cancellable.values()) cancellation.cancel();
    this.#cancellable.clear();
  }

  async #answer(id: number, ask: (checkpoint: string) => Promise<Answer>): Promise<void> {
    try {
      if (this.session === null) throw new Error(vscode.l10n.t("The checkpoint is not open."));
      this.#post({ type: "response", id, value: await ask(this.session.checkpoint) });
    } catch (error) {
      this.#post({ type: "failure", id, message: error instanceof Error ? error.message : String(error) });
    }
  }

  #show(session: Session, change: SessionChange): void {
    switch (change.type) {
      case "catalogue": {
        const { packedCatalogue: catalogue, results, state, engine } = session;
        this.#post({ type: "catalogue", catalogue, results, state, engine, file: session.fileOf(this.uri) });
        this.#flushReveal();
        return;
      }
      case "results":
        this.#post({ type: "results", results: change.results, state: session.state });
        return;
      case "engine":
        this.#post({ type: "engine", engine: session.engine });
        return;
    }
  }

  #flushReveal(): void {
    if (!this.#ready || this.session === null || this.#pendingReveal === null) return;
    const { tensor, view } = this.#pendingReveal;
    this.#post({ type: "reveal", tensor, ...(view === undefined ? {} : { view }) });
    this.#pendingReveal = null;
  }

  #fail(message: string): void {
    this.#failure = message;
    if (this.#lease === null) this.#post({ type: "failed", message });
  }

  /** What a webview that does not listen misses is in the catalogue that it is sent when it does. */
  #post(message: ToView): void {
    if (this.#ready) void this.view.webview.postMessage(message);
  }
}
