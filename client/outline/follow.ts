/** Outline and editor of a checkpoint, side by side, show the same tensor: each follows what is selected in the other. */
import * as vscode from "vscode";
import { outlineLine, outlineTensor } from "../../server/protocol.ts";
import { disposeAll, type Disposable } from "../disposable.ts";
import type { EditorProvider } from "../editor/provider.ts";
import type { Session, Sessions } from "../editor/session.ts";
import type { LanguageServer } from "../server/language-server.ts";
import { checkpointOfOutline, outlineUri } from "./uri.ts";

/** Holding an arrow key passes many lines: the editor follows when it rests. In milliseconds. */
const rest = 120;

export class Follow implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #sessions: Sessions;
  readonly #editors: EditorProvider;
  readonly #disposables: Disposable[];
  #timer: NodeJS.Timeout | undefined;

  constructor(server: LanguageServer, sessions: Sessions, editors: EditorProvider) {
    this.#server = server;
    this.#sessions = sessions;
    this.#editors = editors;
    this.#disposables = [
      vscode.window.onDidChangeTextEditorSelection(({ textEditor, kind }) => {
        // A selection that a program made, ours among them, is nobody's wish.
        const { Mouse, Keyboard } = vscode.TextEditorSelectionChangeKind;
        if (kind !== Mouse && kind !== Keyboard) return;
        clearTimeout(this.#timer);
        this.#timer = setTimeout(() => void this.#toEditor(textEditor), rest);
      }),
      editors.onDidSelect(({ session, tensor, byPerson }) => {
        if (tensor !== null && byPerson) void this.#toOutline(session, tensor);
      }),
    ];
  }

  dispose(): void {
    clearTimeout(this.#timer);
    disposeAll(this.#disposables);
  }

  async #toEditor({ document, selection }: vscode.TextEditor): Promise<void> {
    const checkpoint = checkpointOfOutline(document.uri);
    const session = checkpoint === null ? undefined : this.#sessions.find(checkpoint);
    if (session === undefined || !this.#editors.isVisible(session)) return;
    const params = { checkpoint: session.checkpoint, line: selection.active.line };
    const tensor = await this.#server.request(outlineTensor, params).catch(() => null);
    if (tensor !== null) this.#editors.showSelected(session, tensor);
  }

  async #toOutline(session: Session, tensor: string): Promise<void> {
    const uri = outlineUri(vscode.Uri.parse(session.checkpoint)).toString();
    const outline = vscode.window.visibleTextEditors.find(({ document }) => document.uri.toString() === uri);
    if (outline === undefined) return;
    const params = { checkpoint: session.checkpoint, tensor };
    const line = await this.#server.request(outlineLine, params).catch(() => null);
    if (line === null || line >= outline.document.lineCount) return;
    const start = outline.document.lineAt(line).range.start;
    outline.selection = new vscode.Selection(start, start);
    outline.revealRange(new vscode.Range(start, start), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }
}
