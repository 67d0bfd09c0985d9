/** What the editor shows and remembers. Views read it and hear of changes; only its methods change it. */
import { unpackCatalogue } from "../server/packing/catalogue.ts";
import type { AnalysisState, EngineStatus, MatrixResult, ProductResult } from "../server/protocol.ts";
import type { Host, Told } from "./host.ts";
import { Checkpoint } from "./model/checkpoint.ts";
import type { TensorNode, TreeNode } from "./model/nodes.ts";
import { Portions } from "./model/portions.ts";
import type { ToView } from "./protocol.ts";
import type { MetricKey } from "../server/spectrum/metrics.ts";
import type { ColumnKey, ColumnWidths } from "./model/columns.ts";
import { MetricColumns } from "./model/metric-columns.ts";
import type { Facets, Query } from "./model/search.ts";
import type { Sort } from "./model/sort.ts";
import { initialState, restoreState, type Selection, type ViewState } from "./state.ts";

export interface Changes {
  /** Another catalogue: everything is new. */
  readonly checkpoint: Checkpoint;
  /** Results came for these tensors; told at most ten times a second. */
  readonly results: ReadonlySet<TensorNode>;
  readonly analysis: AnalysisState;
  readonly engine: EngineStatus;
  readonly selection: Selection;
  /** The selection came from outside or from the detail pane: bring it into the tree's view. */
  readonly reveal: TreeNode;
  readonly failure: string;
  /** Another search or other facets. */
  readonly query: Query;
  /** Other columns, or another order. */
  readonly columns: readonly ColumnKey[];
  readonly widths: ColumnWidths;
  /** Another metric of all matrices is known, or knows more. */
  readonly metric: MetricKey;
}

type Listeners = { [Name in keyof Changes]: Set<(change: Changes[Name]) => void> };

const rememberAfter = 100;
/** Results that stream in are shown so often at most, since every frame with news is painted. In milliseconds. */
const resultsEvery = 100;

export class Store {
  checkpoint: Checkpoint | null = null;
  /** The shard that was opened, by its index in the catalogue. */
  file: number | null = null;
  analysis: AnalysisState = { phase: "waiting", done: 0, total: 0, estimatedSeconds: null };
  engine: EngineStatus | null = null;
  state: ViewState;
  readonly host: Host;
  /** Metrics of all matrices, as far as they were asked for. */
  readonly metrics: MetricColumns;
  readonly #listeners: Listeners = {
    checkpoint: new Set(),
    results: new Set(),
    analysis: new Set(),
    engine: new Set(),
    selection: new Set(),
    reveal: new Set(),
    failure: new Set(),
    query: new Set(),
    columns: new Set(),
    widths: new Set(),
    metric: new Set(),
  };
  /** Products of weights that were computed, by what was asked for. */
  readonly products = new Map<string, readonly ProductResult[]>();
  #portions: Promise<Portions> | null = null;
  #incoming: MatrixResult[] = [];
  #isScheduled = false;
  #shownAt = -Infinity;
  #remembering: ReturnType<typeof setTimeout> | undefined;
  /** A tensor or block to reveal as soon as the catalogue is there. */
  #wanted: Extract<ToView, { type: "reveal" }> | null = null;
  /** Something is selected because the host asks for it. */
  #showing = false;

  constructor(host: Host) {
    this.host = host;
    this.metrics = new MetricColumns(host, (metric) => {
      this.#tell("metric", metric);
    });
    this.state = restoreState(host.memory);
    host.listen((message) => {
      this.#receive(message);
    });
  }

  /** Hears of a kind of change until the returned function is called. */
  on<Name extends keyof Changes>(name: Name, listener: (change: Changes[Name]) => void): () => void {
    this.#listeners[name].add(listener);
    return () => this.#listeners[name].delete(listener);
  }

  #tell<Name extends keyof Changes>(name: Name, change: Changes[Name]): void {
    for (const listener of [...this.#listeners[name]]) listener(change);
  }

  /**
   * The heads and parts of the checkpoint; asked for once.
   *
   * @throws Error with the host's sentence where the request failed.
   */
  portions(): Promise<Portions> {
    this.#portions ??= this.host.portions().then(
      (list) => new Portions(list),
      (error: unknown) => {
        this.#portions = null;
        throw error;
      },
    );
    return this.#portions;
  }

  /** Whether a switch or fold is on. */
  isOn(name: string, otherwise: boolean): boolean {
    return this.state.switches[name] ?? otherwise;
  }

  setSwitch(name: string, on: boolean): void {
    this.update({ switches: { ...this.state.switches, [name]: on } });
  }

  /** Changes what is remembered; it reaches VS Code a moment later. */
  update(change: Partial<ViewState>): void {
    this.state = { ...this.state, ...change };
    clearTimeout(this.#remembering);
    this.#remembering = setTimeout(() => {
      this.host.remember(this.state);
    }, rememberAfter);
  }

  select(selection: Selection): void {
    if (same(selection, this.state.selection)) return;
    this.update({ selection });
    this.host.send({ type: "selected", tensor: tensorOf(selection), byPerson: !this.#showing });
    this.#tell("selection", selection);
  }

  /** Selects a tensor, or the block of that name, and brings it into the tree's view. */
  reveal(name: string, slice: number | null = null): void {
    const node = this.checkpoint?.tensor(name) ?? this.checkpoint?.block(name);
    if (node === undefined) return;
    this.select(node.kind === "tensor" ? { kind: "tensor", name, slice } : { kind: "group", key: node.key });
    this.#tell("reveal", node);
  }

  /** What the host asks for, as soon as there is a checkpoint to show it of. */
  #show(message: Extract<ToView, { type: "reveal" }>): void {
    if (this.checkpoint === null) {
      this.#wanted = message;
      return;
    }
    this.#showing = true;
    try {
      if (message.view === undefined) this.reveal(message.tensor);
      else this.#showHeads(this.checkpoint, message.tensor);
    } finally {
      this.#showing = false;
    }
  }

  #showHeads(checkpoint: Checkpoint, name: string): void {
    const node = checkpoint.tensor(name);
    const block = node?.tensor.block ?? name;
    const group = checkpoint.block(block);
    if (group === undefined) return;
    if (node !== undefined) this.update({ headRole: node.tensor.role });
    this.select({ kind: "heads", block });
    this.#tell("reveal", node ?? group);
  }

  get query(): Query {
    const { search, expression, facets } = this.state;
    return { text: search, expression, facets };
  }

  /** Searches for words, unless told that it is an expression; facets stay. */
  search(text: string, expression = false): void {
    this.update({ search: text, expression });
    this.#tell("query", this.query);
  }

  narrow(facets: Facets): void {
    this.update({ facets });
    this.#tell("query", this.query);
  }

  showColumns(columns: readonly ColumnKey[]): void {
    const { sort } = this.state;
    const sorted = sort !== null && (sort.by === "name" || columns.includes(sort.by));
    this.update({ columns, sort: sorted ? sort : null });
    this.#tell("columns", columns);
  }

  /** Columns are as wide as everybody's but for these. */
  widen(widths: ColumnWidths): void {
    this.update({ widths });
    this.#tell("widths", widths);
  }

  sort(sort: Sort | null): void {
    this.update({ sort });
    this.#tell("columns", this.state.columns);
  }

  #receive(message: Told): void {
    switch (message.type) {
      case "catalogue":
        this.#open(message);
        break;
      case "results":
        this.#incoming.push(...message.results);
        this.analysis = message.state;
        this.#schedule();
        break;
      case "engine":
        this.engine = message.engine;
        this.#tell("engine", message.engine);
        break;
      case "reveal":
        this.#show(message);
        break;
      case "failed":
        this.#tell("failure", message.message);
        break;
    }
  }

  #open(message: Extract<ToView, { type: "catalogue" }>): void {
    // Results on their way belong to the files as they were.
    this.#incoming = [];
    const catalogue = unpackCatalogue(message.catalogue);
    const checkpoint = new Checkpoint(catalogue, message.results);
    this.checkpoint = checkpoint;
    this.#portions = null;
    this.products.clear();
    this.metrics.restart(checkpoint.root.tally.graded > 0);
    this.file = message.file;
    this.analysis = message.state;
    this.engine = message.engine;
    const known = this.state.path === catalogue.path;
    if (!known) {
      const { split, switches, metric, headRole, columns, widths } = this.state;
      const kept = { path: catalogue.path, split, switches, metric, headRole, columns, widths };
      this.update({ ...initialState, ...kept, expanded: firstLook(checkpoint) });
    } else if (!exists(checkpoint, this.state.selection)) {
      this.update({ selection: initialState.selection });
    }
    this.#tell("checkpoint", checkpoint);
    this.#tell("engine", message.engine);
    this.#tell("analysis", message.state);
    this.#tell("selection", this.state.selection);
    const { selection } = this.state;
    this.host.send({ type: "selected", tensor: tensorOf(selection), byPerson: false });
    if (this.#wanted !== null) {
      const wanted = this.#wanted;
      this.#wanted = null;
      this.#show(wanted);
    } else if (!known && message.file !== null && message.file > 0) {
      const first = checkpoint.tensors.find(({ tensor }) => tensor.file === message.file);
      if (first !== undefined) this.#tell("reveal", first);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const pause = this.#shownAt + resultsEvery - performance.now();
    if (pause <= 0) this.#showInNextFrame();
    else
      setTimeout(() => {
        this.#showInNextFrame();
      }, pause);
  }

  #showInNextFrame(): void {
    requestAnimationFrame((now) => {
      this.#isScheduled = false;
      this.#shownAt = now;
      const incoming = this.#incoming;
      this.#incoming = [];
      const changed = this.checkpoint?.apply(incoming);
      this.#tell("analysis", this.analysis);
      if (changed === undefined || changed.size === 0) return;
      this.metrics.refresh();
      this.#tell("results", changed);
    });
  }
}

/** Groups that are open at first: all where that fits on a screen or two, else the first one as an example. */
function firstLook(checkpoint: Checkpoint): string[] {
  const keys = [...checkpoint.groups.keys()];
  if (checkpoint.tensors.length + keys.length <= 48) return keys;
  const first = checkpoint.root.children.find(({ kind }) => kind === "group");
  return first === undefined ? [] : [first.key];
}

function exists(checkpoint: Checkpoint, selection: Selection): boolean {
  if (selection.kind === "nothing") return true;
  if (selection.kind === "group") return checkpoint.groups.has(selection.key);
  if (selection.kind === "tensors") return selection.names.every((name) => checkpoint.tensor(name) !== undefined);
  // What is none of it any more is left out.
  if (selection.kind === "matrices" || selection.kind === "role") return true;
  if (selection.kind === "heads") return selection.block === null || checkpoint.block(selection.block) !== undefined;
  const node = checkpoint.tensor(selection.name);
  if (selection.kind === "portion") return node !== undefined;
  return node !== undefined && (selection.slice === null || selection.slice < node.tensor.matrices);
}

/** The tensor that is looked at, whole or in part. */
function tensorOf(selection: Selection): string | null {
  return selection.kind === "tensor" || selection.kind === "portion" ? selection.name : null;
}

function same(left: Selection, right: Selection): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
