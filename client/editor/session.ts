/** The checkpoints that are open, each shared by all its views and kept for some seconds after the last one closes. */
import * as vscode from "vscode";
import type { Role } from "../../server/architecture/role.ts";
import { unpackCatalogue } from "../../server/packing/catalogue.ts";
import {
  analyseCheckpoint,
  analyseHeads,
  analyseVectors,
  type AnalyseParams,
  cancelAnalysis,
  closeCheckpoint,
  openCheckpoint,
  pauseAnalysis,
  resumeAnalysis,
  type AnalysisState,
  type Catalogue,
  type EngineStatus,
  type MatrixResult,
  type OpenResult,
  type PackedCatalogue,
  type ResultsParams,
} from "../../server/protocol.ts";
import { viewCloseDelay } from "../../server/language/close-delays.ts";
import { disposeAll, type Disposable } from "../disposable.ts";
import type { LanguageServer } from "../server/language-server.ts";

/** No attention head lies in weights of these roles. */
const headlessRoles: ReadonlySet<Role> = new Set<Role>([
  ...(["gate", "up", "down", "gate-up", "router", "conv"] as const),
  ...(["embedding", "unembedding", "lora-a", "lora-b"] as const),
]);

/** What changed in a session. */
export type SessionChange =
  | { readonly type: "catalogue" }
  | { readonly type: "results"; readonly results: readonly MatrixResult[] }
  | { readonly type: "engine" };

/** What changed where; `opened` and `closed` begin and end a session. */
export interface SessionEvent {
  readonly session: Session;
  readonly change: SessionChange | { readonly type: "opened" | "closed" };
}

/** One checkpoint as the server told of it. */
export class Session {
  #opened: OpenResult;
  /** As it was opened, once someone looked into it. */
  #catalogue: Catalogue | null = null;
  readonly #results = new Map<string, MatrixResult>();
  readonly #changes = new vscode.EventEmitter<SessionChange>();
  /** The roles of tensors with singular values, by name, once they were asked for. */
  #matrices: ReadonlyMap<string, Role> | null = null;
  readonly onDidChange = this.#changes.event;

  constructor(opened: OpenResult) {
    this.#opened = opened;
    this.#keep(opened.results);
  }

  /** URI of the index or the single file; names the checkpoint in every message. */
  get checkpoint(): string {
    return this.#opened.checkpoint;
  }

  /** As it travels to the views. */
  get packedCatalogue(): PackedCatalogue {
    return this.#opened.catalogue;
  }

  get catalogue(): Catalogue {
    this.#catalogue ??= unpackCatalogue(this.#opened.catalogue);
    return this.#catalogue;
  }

  get results(): readonly MatrixResult[] {
    return [...this.#results.values()];
  }

  get state(): AnalysisState {
    return this.#opened.state;
  }

  get engine(): EngineStatus {
    return this.#opened.engine;
  }

  /** Index into the catalogue's files; null for the index itself. */
  fileOf(uri: vscode.Uri): number | null {
    const file = this.packedCatalogue.files.findIndex(({ path }) => samePath(path, uri));
    return file < 0 ? null : file;
  }

  /** Whether a URI is the checkpoint or one of its files. */
  holds(uri: vscode.Uri): boolean {
    return uri.toString() === this.checkpoint || samePath(this.packedCatalogue.path, uri) || this.fileOf(uri) !== null;
  }

  /** Whether a tensor has singular values. */
  hasMatrix(tensor: string): boolean {
    return this.#roleOf(tensor) !== undefined;
  }

  /** Whether a tensor may be one of attention, by its role: whether it divides into heads is the server's to say. */
  mayHaveHeads(tensor: string): boolean {
    const role = this.#roleOf(tensor);
    return role !== undefined && !headlessRoles.has(role);
  }

  /** The role of a tensor with singular values. */
  #roleOf(tensor: string): Role | undefined {
    this.#matrices ??= new Map(
      this.catalogue.tensors.filter(({ matrices }) => matrices > 0).map(({ name, role }) => [name, role]),
    );
    return this.#matrices.get(tensor);
  }

  /** It was opened again: the files changed, or the server is a new one. */
  replace(opened: OpenResult): void {
    this.#opened = opened;
    this.#catalogue = null;
    this.#matrices = null;
    this.#results.clear();
    this.#keep(opened.results);
    this.#changes.fire({ type: "catalogue" });
  }

  add({ results, state }: ResultsParams): void {
    this.#opened = { ...this.#opened, state };
    this.#keep(results);
    this.#changes.fire({ type: "results", results });
  }

  setEngine(engine: EngineStatus): void {
    this.#opened = { ...this.#opened, engine };
    this.#changes.fire({ type: "engine" });
  }

  dispose(): void {
    this.#changes.dispose();
  }

  #keep(results: readonly MatrixResult[]): void {
    for (const result of results) this.#results.set(result.id, result);
  }
}

function samePath(path: string, uri: vscode.Uri): boolean {
  return vscode.Uri.file(path).toString() === uri.toString();
}

/** A view's hold on a session. */
export interface Lease extends Disposable {
  readonly session: Session;
}

interface Entry {
  readonly session: Session;
  leases: number;
  closing: NodeJS.Timeout | null;
}

export class Sessions implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #log: vscode.LogOutputChannel;
  readonly #entries = new Map<string, Entry>();
  readonly #disposables: Disposable[];
  readonly #changed = new vscode.EventEmitter<SessionEvent>();
  /** Anything changed in any session. */
  readonly onDidChange = this.#changed.event;

  constructor(server: LanguageServer, log: vscode.LogOutputChannel) {
    this.#server = server;
    this.#log = log;
    this.#disposables = [
      this.#changed,
      server.onResults((params) => this.#entries.get(params.checkpoint)?.session.add(params)),
      server.onEngine((engine) => {
        for (const { session } of this.#entries.values()) session.setEngine(engine);
      }),
      server.onCheckpointChanged(({ checkpoint }) => {
        const entry = this.#entries.get(checkpoint);
        // The server counts: this second opening replaces the first.
        if (entry !== undefined) {
          void this.#reopen(entry).then((opened) => {
            if (opened) server.notify(closeCheckpoint, { checkpoint });
          });
        }
      }),
      server.onDidStart(() => {
        for (const entry of this.#entries.values()) void this.#reopen(entry);
      }),
    ];
  }

  /** Those that are open. */
  get all(): readonly Session[] {
    return [...this.#entries.values()].map(({ session }) => session);
  }

  /** The session that holds a file, if it is open. */
  find(uri: vscode.Uri): Session | undefined {
    return this.#entryOf(uri)?.session;
  }

  /** Opens the checkpoint that a file belongs to, or joins those who have it open. */
  async open(uri: vscode.Uri): Promise<Lease> {
    const known = this.#entryOf(uri);
    if (known !== undefined) return this.#lease(known);
    const opened = await this.#server.request(openCheckpoint, { uri: uri.toString() });
    const entry = this.#entries.get(opened.checkpoint);
    if (entry !== undefined) {
      // Another shard of it was opened at the same time.
      this.#server.notify(closeCheckpoint, { checkpoint: opened.checkpoint });
      return this.#lease(entry);
    }
    const session = new Session(opened);
    session.onDidChange((change) => {
      this.#changed.fire({ session, change });
    });
    const created: Entry = { session, leases: 0, closing: null };
    this.#entries.set(opened.checkpoint, created);
    this.#changed.fire({ session, change: { type: "opened" } });
    return this.#lease(created);
  }

  /** Analyses everything that has no result yet, or what is asked for. */
  async analyse({ checkpoint }: Session, what: Omit<AnalyseParams, "checkpoint"> = {}): Promise<void> {
    await this.#server.request(analyseCheckpoint, { checkpoint, ...what });
  }

  async pause({ checkpoint }: Session): Promise<void> {
    await this.#server.request(pauseAnalysis, { checkpoint });
  }

  async resume({ checkpoint }: Session): Promise<void> {
    await this.#server.request(resumeAnalysis, { checkpoint });
  }

  /**
   * Analyses attention heads: those of some weights, or of the whole checkpoint.
   * @returns how many are to be computed; 0 when all are known
   */
  async analyseHeads({ checkpoint }: Session, tensors?: readonly string[]): Promise<number> {
    return this.#server.request(analyseHeads, { checkpoint, ...(tensors === undefined ? {} : { tensors }) });
  }

  /**
   * Analyses matrices, heads or parts of fused weights with the randomness of their singular vectors.
   * @returns how many are to be computed; 0 when all are known
   */
  async analyseVectors({ checkpoint }: Session, ids: readonly string[]): Promise<number> {
    return this.#server.request(analyseVectors, { checkpoint, ids });
  }

  async cancel(session: Session): Promise<void> {
    await this.#server.request(cancelAnalysis, { checkpoint: session.checkpoint });
  }

  dispose(): void {
    for (const { session, closing } of this.#entries.values()) {
      if (closing !== null) clearTimeout(closing);
      session.dispose();
    }
    this.#entries.clear();
    disposeAll(this.#disposables);
  }

  #entryOf(uri: vscode.Uri): Entry | undefined {
    return [...this.#entries.values()].find(({ session }) => session.holds(uri));
  }

  #lease(entry: Entry): Lease {
    if (entry.closing !== null) clearTimeout(entry.closing);
    entry.closing = null;
    entry.leases++;
    let held = true;
    return {
      session: entry.session,
      dispose: () => {
        if (!held) return;
        held = false;
        entry.leases--;
        if (entry.leases === 0)
          entry.closing = setTimeout(() => {
            this.#close(entry);
          }, viewCloseDelay);
      },
    };
  }

  #close(entry: Entry): void {
    const { checkpoint } = entry.session;
    this.#entries.delete(checkpoint);
    this.#server.notify(closeCheckpoint, { checkpoint });
    this.#changed.fire({ session: entry.session, change: { type: "closed" } });
    entry.session.dispose();
  }

  async #reopen(entry: Entry): Promise<boolean> {
    const { checkpoint } = entry.session;
    try {
      entry.session.replace(await this.#server.request(openCheckpoint, { uri: checkpoint }));
    } catch (error) {
      this.#log.warn(`${checkpoint} could not be opened again: ${String(error)}`);
      return false;
    }
    // A file may have come to be a shard of an index.
    this.#entries.delete(checkpoint);
    this.#entries.set(entry.session.checkpoint, entry);
    return true;
  }
}
