/** Text documents that speak of a checkpoint, outlines and indices, hold its session while they are open. */
import * as vscode from "vscode";
import { disposeAll, type Disposable } from "./disposable.ts";
import type { Lease, Sessions } from "./editor/session.ts";
import { checkpointOfOutline } from "./outline/uri.ts";
import { indexPattern } from "./server/language-server.ts";

/** The `file:` URI of the checkpoint that a document speaks of; null for any other document. */
export function checkpointOfDocument(document: vscode.TextDocument): vscode.Uri | null {
  const isIndex = vscode.languages.match({ scheme: "file", pattern: indexPattern }, document) > 0;
  return isIndex ? document.uri : checkpointOfOutline(document.uri);
}

export class TextDocuments implements vscode.Disposable {
  readonly #sessions: Sessions;
  readonly #log: vscode.LogOutputChannel;
  readonly #leases = new Map<string, Promise<Lease | null>>();
  readonly #disposables: Disposable[];

  constructor(sessions: Sessions, log: vscode.LogOutputChannel) {
    this.#sessions = sessions;
    this.#log = log;
    this.#disposables = [
      // Shown, not merely loaded: searches and other extensions load documents that nobody looks at.
      vscode.window.onDidChangeVisibleTextEditors(() => {
        this.#hold();
      }),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        this.#release(uri.toString());
      }),
    ];
    this.#hold();
  }

  dispose(): void {
    disposeAll(this.#disposables);
    for (const key of this.#leases.keys()) this.#release(key);
  }

  #hold(): void {
    for (const { document } of vscode.window.visibleTextEditors) {
      const key = document.uri.toString();
      const checkpoint = checkpointOfDocument(document);
      if (checkpoint !== null && !this.#leases.has(key)) this.#leases.set(key, this.#open(key, checkpoint));
    }
  }

  async #open(key: string, checkpoint: vscode.Uri): Promise<Lease | null> {
    try {
      return await this.#sessions.open(checkpoint);
    } catch (error) {
      this.#log.warn(`${checkpoint.toString()} could not be opened: ${String(error)}`);
      // The next time it is shown is the next try.
      this.#leases.delete(key);
      return null;
    }
  }

  #release(key: string): void {
    void this.#leases.get(key)?.then((lease) => {
      lease?.dispose();
    });
    this.#leases.delete(key);
  }
}
