/** The checkpoint in front: that of the custom editor, outline or index that has the focus. */
import * as vscode from "vscode";
import { outlineScheme } from "../server/protocol.ts";
import { disposeAll, type Disposable } from "./disposable.ts";
import { checkpointOfDocument } from "./documents.ts";
import type { EditorProvider } from "./editor/provider.ts";
import type { Session, Sessions } from "./editor/session.ts";
import { ActiveTensor } from "./active-tensor.ts";
import type { LanguageServer } from "./server/language-server.ts";

/** Tells menus what the analysis in front is doing; empty while there is none. */
const phaseKey = "safetensorsSpectrum.phase";
/** Tells menus whether a tensor with a spectrum is selected in front. */
const tensorKey = "safetensorsSpectrum.matrix";
/** Tells menus whether that tensor may have attention heads. */
const headsKey = "safetensorsSpectrum.heads";
/** Tells the walkthrough that an outline is in front. */
const outlineKey = "safetensorsSpectrum.outline";

export class ActiveCheckpoint implements vscode.Disposable {
  readonly #sessions: Sessions;
  readonly #editors: EditorProvider;
  readonly #tensor: ActiveTensor;
  readonly #disposables: Disposable[];
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #contexts = new Map<string, unknown>();
  /** Another checkpoint is in front, or the one in front changed. */
  readonly onDidChange = this.#changed.event;

  constructor(server: LanguageServer, sessions: Sessions, editors: EditorProvider) {
    this.#sessions = sessions;
    this.#editors = editors;
    this.#tensor = new ActiveTensor(server, editors);
    const update = () => {
      this.#update();
    };
    this.#disposables = [
      this.#changed,
      this.#tensor,
      this.#tensor.onDidChange(update),
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

  /** The name of the tensor that is selected in it; null where there is none. */
  get tensor(): string | null {
    return this.#tensor.name;
  }

  dispose(): void {
    disposeAll(this.#disposables);
  }

  #update(): void {
    const { session, tensor } = this;
    this.#setContext(phaseKey, session?.state.phase ?? "");
    this.#setContext(tensorKey, tensor !== null && session?.hasMatrix(tensor) === true);
    this.#setContext(headsKey, tensor !== null && session?.mayHaveHeads(tensor) === true);
    this.#setContext(outlineKey, vscode.window.activeTextEditor?.document.uri.scheme === outlineScheme);
    this.#changed.fire(undefined);
  }

  #setContext(key: string, value: unknown): void {
    if (this.#contexts.get(key) === value) return;
    this.#contexts.set(key, value);
    void vscode.commands.executeCommand("setContext", key, value);
  }
}
