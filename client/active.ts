/** The checkpoint in front: that of the custom editor, outline or index that has the focus. */
import * as vscode from "vscode";
import { disposeAll, type Disposable } from "./disposable.ts";
import { checkpointOfDocument } from "./documents.ts";
import type { EditorProvider } from "./editor/provider.ts";
import type { Session, Sessions } from "./editor/session.ts";

/** Tells menus what the analysis in front is doing; empty while there is none. */
const phaseKey = "safetensorsSpectrum.phase";

export class ActiveCheckpoint implements vscode.Disposable {
  readonly #sessions: Sessions;
  readonly #editors: EditorProvider;
  readonly #disposables: Disposable[];
  readonly #changed = new vscode.EventEmitter<undefined>();
  #phase = "";
  /** Another checkpoint is in front, or the one in front changed. */
  readonly onDidChange = this.#changed.event;

  constructor(sessions: Sessions, editors: EditorProvider) {
    this.#sessions = sessions;
    this.#editors = editors;
    const update = () => {
      this.#update();
    };
    this.#disposables = [
      this.#changed,
      editors.onDidChangeActive(update),
      vscode.window.onDidChangeActiveTextEditor(update),
      sessions.onDidChange(({ session, change }) => {
        if (change.type === "opened" || session === this.session) this.#update();
      }),
    ];
    this.#update();
  }

  /** The `file:` URI of what has the focus, a shard, an index or a checkpoint. */
  get uri(): vscode.Uri | null {
    const panel = this.#editors.active;
    if (panel !== undefined) return panel.uri;
    const document = vscode.window.activeTextEditor?.document;
    return document === undefined ? null : checkpointOfDocument(document);
  }

  /** Its session, once it is open. */
  get session(): Session | null {
    return this.uri === null ? null : (this.#sessions.find(this.uri) ?? null);
  }

  dispose(): void {
    disposeAll(this.#disposables);
  }

  #update(): void {
    const phase = this.session?.state.phase ?? "";
    if (phase !== this.#phase) {
      this.#phase = phase;
      void vscode.commands.executeCommand("setContext", phaseKey, phase);
    }
    this.#changed.fire(undefined);
  }
}
