/** The custom editor of `.safetensors` files. */
import * as vscode from "vscode";
import type { LanguageServer } from "../server/language-server.ts";
import { Panel, type RevealPlace, type Selected } from "./panel.ts";
import type { Session, Sessions } from "./session.ts";

export const viewType = "safetensorsSpectrum.editor";

export class EditorProvider implements vscode.CustomReadonlyEditorProvider, vscode.Disposable {
  readonly #extension: vscode.Uri;
  readonly #server: LanguageServer;
  readonly #sessions: Sessions;
  readonly #panels = new Set<Panel>();
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #selected = new vscode.EventEmitter<Selected & { readonly session: Session }>();
  readonly #registration: vscode.Disposable;
  /** The panel in front became another one, or came or went. */
  readonly onDidChangeActive = this.#changed.event;
  /** A tensor was selected in a view, or nothing any more. */
  readonly onDidSelect = this.#selected.event;

  constructor(extension: vscode.Uri, server: LanguageServer, sessions: Sessions) {
    this.#extension = extension;
    this.#server = server;
    this.#sessions = sessions;
    this.#registration = vscode.window.registerCustomEditorProvider(viewType, this, {
      supportsMultipleEditorsPerDocument: true,
    });
  }

  openCustomDocument(uri: vscode.Uri): vscode.CustomDocument {
    // A document lives and dies with its tab; what is expensive lives in the session.
    return { uri, dispose: () => undefined };
  }

  resolveCustomEditor({ uri }: vscode.CustomDocument, view: vscode.WebviewPanel): void {
    const panel = new Panel(uri, view, this.#extension, this.#server, this.#sessions);
    this.#panels.add(panel);
    panel.onDidSelect((selected) => {
      if (panel.session !== null) this.#selected.fire({ ...selected, session: panel.session });
    });
    view.onDidChangeViewState(() => {
      this.#changed.fire(undefined);
    });
    view.onDidDispose(() => {
      this.#panels.delete(panel);
      panel.dispose();
      this.#changed.fire(undefined);
    });
    this.#changed.fire(undefined);
    void panel.open();
  }

  /** The panel that has the focus. */
  get active(): Panel | undefined {
    return [...this.#panels].find(({ view }) => view.active);
  }

  /** Shows a tensor, or its heads, in a view of its checkpoint: one that is open, best that of the tensor's own file, or a new one. */
  async reveal(session: Session, file: vscode.Uri, place: RevealPlace): Promise<void> {
    const open = this.#best(session, file);
    if (open === undefined) await openEditor(file);
    else open.view.reveal();
    this.#best(session, file)?.reveal(place);
  }

  /** Whether a view of a checkpoint can be seen. */
  isVisible(session: Session): boolean {
    return this.#visible(session).length > 0;
  }

  /** Selects a tensor in the views of its checkpoint that can be seen, and leaves the focus where it is. */
  showSelected(session: Session, tensor: string): void {
    for (const panel of this.#visible(session)) panel.reveal({ tensor });
  }

  dispose(): void {
    this.#registration.dispose();
    this.#selected.dispose();
    this.#changed.dispose();
    for (const panel of this.#panels) panel.dispose();
  }

  #visible(session: Session): Panel[] {
    return [...this.#panels].filter(({ uri, view }) => view.visible && session.holds(uri));
  }

  #best(session: Session, file: vscode.Uri): Panel | undefined {
    const score = (panel: Panel): number =>
      (panel.uri.toString() === file.toString() ? 2 : 0) + (panel.view.visible ? 1 : 0);
    return [...this.#panels].filter(({ uri }) => session.holds(uri)).sort((a, b) => score(b) - score(a))[0];
  }
}

/** Opens the custom editor for a `.safetensors` file, or for an index, whose own editor stays that of JSON. */
export async function openEditor(uri: vscode.Uri): Promise<void> {
  await vscode.commands.executeCommand("vscode.openWith", uri, viewType);
}
