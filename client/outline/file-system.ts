/** The outline documents: read-only files whose text the server writes. */
import * as vscode from "vscode";
import { outlineScheme, outlineText } from "../../server/protocol.ts";
import { disposeAll, type Disposable } from "../disposable.ts";
import type { LanguageServer } from "../server/language-server.ts";
import type { Sessions } from "../editor/session.ts";
import { checkpointOfOutline, outlineUri } from "./uri.ts";

interface Outline {
  readonly content: Uint8Array;
  /** Milliseconds since the epoch. */
  readonly modified: number;
}

export class OutlineFileSystem implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #sessions: Sessions;
  /** By URI; kept while the session is open and its catalogue the one they were written of. */
  readonly #outlines = new Map<string, Promise<Outline>>();
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #disposables: Disposable[];
  readonly onDidChangeFile = this.#changed.event;

  constructor(server: LanguageServer, sessions: Sessions) {
    this.#server = server;
    this.#sessions = sessions;
    this.#disposables = [
      this.#changed,
      vscode.workspace.registerFileSystemProvider(outlineScheme, this, {
        isReadonly: new vscode.MarkdownString(vscode.l10n.t("The outline of a checkpoint cannot be edited.")),
        isCaseSensitive: process.platform === "linux",
      }),
      sessions.onDidChange(({ session, change }) => {
        const uri = outlineUri(vscode.Uri.parse(session.checkpoint));
        if (change.type === "closed") this.#outlines.delete(uri.toString());
        if (change.type === "catalogue" && this.#outlines.delete(uri.toString())) {
          this.#changed.fire([{ type: vscode.FileChangeType.Changed, uri }]);
        }
      }),
    ];
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const { content, modified } = await this.#outline(uri);
    return { type: vscode.FileType.File, ctime: modified, mtime: modified, size: content.byteLength };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    return (await this.#outline(uri)).content;
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => undefined);
  }

  readDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.FileNotADirectory(uri);
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  dispose(): void {
    disposeAll(this.#disposables);
  }

  #outline(uri: vscode.Uri): Promise<Outline> {
    const key = uri.toString();
    const known = this.#outlines.get(key);
    if (known !== undefined) return known;
    const outline = this.#read(uri);
    this.#outlines.set(key, outline);
    outline.catch(() => {
      if (this.#outlines.get(key) === outline) this.#outlines.delete(key);
    });
    return outline;
  }

  async #read(uri: vscode.Uri): Promise<Outline> {
    const checkpoint = checkpointOfOutline(uri);
    if (checkpoint === null) throw vscode.FileSystemError.FileNotFound(uri);
    // Held for this reading only: its delay keeps it open until the document is shown, which holds it from then on.
    const lease = await this.#sessions.open(checkpoint);
    try {
      const text = await this.#server.request(outlineText, { checkpoint: lease.session.checkpoint });
      return { content: new TextEncoder().encode(text), modified: Date.now() };
    } finally {
      lease.dispose();
    }
  }
}
