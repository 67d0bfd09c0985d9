/** The tensor in front: the one selected in the custom editor, or under the cursor of an outline or an index. */
import * as vscode from "vscode";
import { tensorAtPosition } from "../server/protocol.ts";
import { disposeAll, type Disposable } from "./disposable.ts";
import { checkpointOfDocument } from "./documents.ts";
import type { EditorProvider } from "./editor/provider.ts";
import type { LanguageServer } from "./server/language-server.ts";

/** Holding an arrow key passes many lines. In milliseconds. */
const rest = 120;

export class ActiveTensor implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #editors: EditorProvider;
  readonly #disposables: Disposable[];
  readonly #changed = new vscode.EventEmitter<undefined>();
  #timer: NodeJS.Timeout | undefined;
  /** Counts questions: the answer to an earlier one is stale. */
  #asked = 0;
  #name: string | null = null;
  readonly onDidChange = this.#changed.event;

  constructor(server: LanguageServer, editors: EditorProvider) {
    this.#server = server;
    this.#editors = editors;
    const update = () => {
      this.#update();
    };
    this.#disposables = [
      this.#changed,
      editors.onDidChangeActive(update),
      editors.onDidSelect(update),
      vscode.window.onDidChangeActiveTextEditor(update),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (textEditor === vscode.window.activeTextEditor) update();
      }),
    ];
    this.#update();
  }

  /** Its name; null where there is none. */
  get name(): string | null {
    return this.#name;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    disposeAll(this.#disposables);
  }

  #update(): void {
    clearTimeout(this.#timer);
    this.#asked += 1;
    const panel = this.#editors.active;
    const editor = vscode.window.activeTextEditor;
    if (panel !== undefined) this.#set(panel.selected);
    else if (editor === undefined || checkpointOfDocument(editor.document) === null) this.#set(null);
    else this.#timer = setTimeout(() => void this.#ask(editor), rest);
  }

  async #ask({ document, selection }: vscode.TextEditor): Promise<void> {
    const asked = this.#asked;
    const { line, character } = selection.active;
    const params = { uri: document.uri.toString(), line, character };
    const name = await this.#server.request(tensorAtPosition, params).catch(() => null);
    if (asked === this.#asked) this.#set(name);
  }

  #set(name: string | null): void {
    if (name === this.#name) return;
    this.#name = name;
    this.#changed.fire(undefined);
  }
}
