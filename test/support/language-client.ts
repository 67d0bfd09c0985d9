import type { Spoken } from "../../server/text/l10n.ts";
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import {
  createMessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type MessageConnection,
} from "vscode-languageserver/node";
import type { Diagnostic, DocumentDiagnosticReport, Hover } from "vscode-languageserver";
import { engineChanged, resultsChanged, type EngineStatus, type ResultsParams } from "../../server/protocol.ts";

/** An editor without a window: speaks to the built language server as VS Code does. */
export class TestClient {
  readonly connection: MessageConnection;
  readonly child: ChildProcess;
  /** What was pushed last, by URI. */
  readonly diagnostics = new Map<string, readonly Diagnostic[]>();
  readonly results: ResultsParams[] = [];
  readonly engines: EngineStatus[] = [];
  readonly progress: unknown[] = [];
  /** What the person was told. */
  readonly messages: string[] = [];
  /** What the server asked to be asked for again. */
  readonly refreshes: string[] = [];
  readonly #watchers = new Set<() => void>();
  settings: unknown = { analyseOnOpen: "small", adapter: "", severity: {} };

  /** @param environment beside that of this process */
  constructor(environment: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [resolve("dist/server/main.mjs"), "--stdio"], {
      stdio: ["pipe", "pipe", "inherit"],
      env: { ...process.env, ...environment },
    });
    this.connection = createMessageConnection(
      new StreamMessageReader(this.child.stdout!),
      new StreamMessageWriter(this.child.stdin!),
    );
    const note = (): void => {
      for (const watcher of this.#watchers) {
        watcher();
      }
    };
    this.connection.onNotification(
      "textDocument/publishDiagnostics",
      ({ uri, diagnostics }: { uri: string; diagnostics: Diagnostic[] }) => {
        this.diagnostics.set(uri, diagnostics);
        note();
      },
    );
    this.connection.onNotification(resultsChanged, (parameters: ResultsParams) => {
      this.results.push(parameters);
      note();
    });
    this.connection.onNotification(engineChanged, (status: EngineStatus) => {
      this.engines.push(status);
      note();
    });
    this.connection.onNotification("$/progress", (parameters: { value: unknown }) => {
      this.progress.push(parameters.value);
      note();
    });
    this.connection.onRequest("workspace/configuration", ({ items }: { items: unknown[] }) =>
      items.map(() => this.settings),
    );
    this.connection.onRequest("workspace/diagnostic/refresh", () => null);
    for (const method of ["workspace/codeLens/refresh", "workspace/inlayHint/refresh"]) {
      this.connection.onRequest(method, () => {
        this.refreshes.push(method);
        note();
        return null;
      });
    }
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.onRequest("window/workDoneProgress/create", () => null);
    this.connection.onNotification("window/showMessage", ({ message }: { message: string }) => {
      this.messages.push(message);
      note();
    });
    this.connection.onNotification("window/logMessage", () => undefined);
    this.connection.listen();
  }

  /** @param spoken what the server is to speak; English where it is left out */
  async initialize(cacheFolder: string, spoken?: Spoken): Promise<void> {
    await this.connection.sendRequest("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities: {
        workspace: {
          configuration: true,
          diagnostics: { refreshSupport: true },
          codeLens: { refreshSupport: true },
          inlayHint: { refreshSupport: true },
        },
        window: { workDoneProgress: true },
        textDocument: { diagnostic: {}, hover: { contentFormat: ["markdown"] } },
      },
      initializationOptions: { cacheFolder, ...(spoken === undefined ? {} : { spoken }) },
    });
    await this.connection.sendNotification("initialized", {});
  }

  /** Resolves once a condition holds, which is looked at with every message. */
  async until(what: string, condition: () => boolean, seconds = 120): Promise<void> {
    await new Promise<void>((done, fail) => {
      const timer = setTimeout(() => {
        this.#watchers.delete(look);
        fail(new Error(`waited ${seconds} s for ${what}`));
      }, seconds * 1000);
      const look = (): void => {
        if (condition()) {
          clearTimeout(timer);
          this.#watchers.delete(look);
          done();
        }
      };
      this.#watchers.add(look);
      look();
    });
  }

  async openText(uri: string, languageId: string, text: string): Promise<void> {
    await this.connection.sendNotification("textDocument/didOpen", {
      textDocument: { uri, languageId, version: 1, text },
    });
  }

  hover(uri: string, line: number, character: number): Promise<Hover | null> {
    return this.connection.sendRequest("textDocument/hover", { textDocument: { uri }, position: { line, character } });
  }

  async pullDiagnostics(uri: string): Promise<readonly Diagnostic[]> {
    const report: DocumentDiagnosticReport = await this.connection.sendRequest("textDocument/diagnostic", {
      textDocument: { uri },
    });
    return report.kind === "full" ? report.items : [];
  }

  /** Ends the server as a crash does. */
  async kill(): Promise<void> {
    const ended = once(this.child, "exit");
    this.child.kill("SIGKILL");
    await ended;
    this.connection.dispose();
  }

  async close(): Promise<void> {
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
    this.connection.dispose();
  }
}
