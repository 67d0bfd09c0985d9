/** The tree of blocks and tensors: only the lines in view exist as elements, however many tensors there are. */
import { t } from "../../server/text/l10n.ts";
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import {
  clampWidth,
  columnOf,
  fittingColumns,
  isMetric,
  leastName,
  roomFor,
  type ColumnKey,
  type TreeColumn,
} from "../model/columns.ts";
import { matrixId, matrixIds } from "../model/matrix-ids.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import type { GroupNode, TensorNode, TreeNode } from "../model/nodes.ts";
import { noFacets, parseQuery, type Search } from "../model/search.ts";
import { sortTensors } from "../model/sort.ts";
import { Sparklines } from "../model/sparklines.ts";
import type { Selection } from "../state.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { emptyState } from "../ui/empty.ts";
import { columnHeads } from "./column-heads.ts";
import { ColumnSash } from "./column-sash.ts";
import { RowElement } from "./row.ts";
import { findMatches, listRows, visibleRows, type Matches, type Row } from "./rows.ts";
import { leaves, span, toggled } from "./selected.ts";

/** Height of a line in pixels, as in VS Code's own trees; editor.css says the same. */
export const rowHeight = 22;
const typeAheadPause = 800;
/** No comparison has room for more. */
const mostSelected = 256;

export class Tree {
  readonly element: HTMLElement;
  /** Called when other lines come into view. */
  onView: () => void = () => undefined;
  /** Called with the tensors a search found, null without a search, and with what is wrong with it. */
  onMatches: (found: number | null, error: string | null) => void = () => undefined;

  readonly #store: Store;
  readonly #scroller: HTMLElement;
  /** What has the focus: the headings and the lines. */
  readonly #grid: HTMLElement;
  readonly #heads = create("div", { class: "tree-columns", attributes: { role: "row", "aria-rowindex": "1" } });
  readonly #list = create("div", { class: "tree-list", attributes: { role: "rowgroup" } });
  /** Instead of lines. */
  readonly #empty = create("div", { testid: "tree-empty" });
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  readonly #elements = new Map<TreeNode, RowElement>();
  #rows: readonly Row[] = [];
  #indices = new Map<TreeNode, number>();
  #matches: Matches | null = null;
  #search: Search = parseQuery({ text: "", expression: false, facets: noFacets });
  /** The tensors in the chosen order; null for the tree in its own. */
  #sorted: readonly TensorNode[] | null = null;
  #columns: readonly TreeColumn[] = [];
  /** What the headings say, to tell whether they still do. */
  #headed = "";
  readonly #sashes = new Map<ColumnKey, ColumnSash>();
  readonly #sparklines: Sparklines;
  readonly #expanded = new Set<string>();
  /** Groups closed by hand among the matches of a search, where all are open. */
  readonly #closed = new Set<string>();
  #selected: ReadonlySet<TreeNode> = new Set();
  /** The line that keys act on. */
  #active: TreeNode | null = null;
  /** Where a run of selected lines begins. */
  #anchor: TreeNode | null = null;
  #typed = "";
  #typedAt = 0;
  #matching: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#sparklines = new Sparklines(store.host, (ids) => {
      this.#drawSpectra(ids);
    });
    this.#empty.hidden = true;
    this.#grid = create(
      "div",
      {
        class: "tree-grid",
        testid: "tree",
        attributes: { role: "treegrid", tabindex: "0", "aria-label": t("Tensors"), "aria-multiselectable": "true" },
      },
      create("div", { class: "tree-head", attributes: { role: "rowgroup" } }, this.#heads),
      this.#list,
    );
    this.#scroller = create("div", { class: "tree-scroller" }, this.#grid, this.#empty);
    this.element = create("div", { class: "tree" }, this.#scroller);

    this.#virtualizer = new Virtualizer<HTMLElement, HTMLElement>({
      count: 0,
      getScrollElement: () => this.#scroller,
      estimateSize: () => rowHeight,
      overscan: 8,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => {
        this.#render();
      },
    });
    this.#virtualizer._didMount();

    this.#list.addEventListener("click", (event) => {
      this.#click(event);
    });
    this.#grid.addEventListener("keydown", (event) => {
      if (event.target === this.#grid) this.#key(event);
    });
    new ResizeObserver(() => {
      this.#fitColumns();
    }).observe(this.#scroller);
    this.#scroller.addEventListener(
      "scroll",
      () => {
        store.update({ scroll: this.#scroller.scrollTop });
      },
      { passive: true },
    );

    store.on("checkpoint", () => {
      this.#open();
    });
    store.on("results", (changed) => {
      this.#patch(changed);
    });
    store.on("selection", () => {
      this.#follow();
    });
    store.on("reveal", (node) => {
      this.#reveal(node);
    });
    store.on("query", () => {
      this.#closed.clear();
      this.#scroller.scrollTop = 0;
      this.#find();
      this.#rebuild();
    });
    store.on("columns", () => {
      this.#fitColumns();
      this.#sort();
      this.#rebuild();
    });
    store.on("widths", () => {
      this.#fitColumns();
    });
    store.on("metric", (metric) => {
      this.#updateNumbers(metric);
    });
  }

  /** To be called once the element is in the document. */
  mount(): void {
    this.#virtualizer._willUpdate();
  }

  focus(): void {
    this.#grid.focus();
  }

  /** Height of what is below the column heads, which stay in place. */
  get #viewHeight(): number {
    return this.#scroller.clientHeight - rowHeight;
  }

  /** Ids of the matrices in view, from top to bottom. */
  matricesInView(): string[] {
    const top = this.#scroller.scrollTop;
    const first = Math.floor(top / rowHeight);
    const last = Math.ceil((top + this.#viewHeight) / rowHeight);
    return this.#rows.slice(first, last).flatMap(({ node }) => (node.kind === "tensor" ? matrixIds(node.tensor) : []));
  }

  /** Opens every group, or closes them all. */
  setAllExpanded(expanded: boolean): void {
    this.#expanded.clear();
    this.#closed.clear();
    for (const key of this.#store.checkpoint?.groups.keys() ?? []) {
      if (expanded) this.#expanded.add(key);
      else this.#closed.add(key);
    }
    this.#keepExpanded();
    // There are no blocks in a list.
    if (this.#sorted !== null) this.#store.sort(null);
    else this.#rebuild();
  }

  #open(): void {
    this.#expanded.clear();
    this.#closed.clear();
    this.#sparklines.clear();
    for (const key of this.#store.state.expanded) this.#expanded.add(key);
    const { scroll } = this.#store.state;
    this.#fitColumns();
    this.#sort();
    this.#find();
    this.#rebuild();
    this.#scroller.scrollTop = scroll;
    this.#follow();
  }

  /** Width that names and columns share, in pixels. */
  get #width(): number {
    return this.#scroller.clientWidth - 20;
  }

  /** The columns that were chosen and fit, and what they need to know. */
  #fitColumns(): void {
    const { state, metrics } = this.#store;
    const columns = fittingColumns(state.columns, this.#width, state.widths);
    metrics.want(this, columns.map(({ key }) => key).filter(isMetric));
    this.#layOut(columns);
    this.#grid.setAttribute("aria-colcount", String(columns.length + 1));
    this.#showHeads(columns);
    const same = columns.map(({ key }) => key).join() === this.#columns.map(({ key }) => key).join();
    this.#columns = columns;
    if (same) return;
    this.#clearLines();
    this.#render();
  }

  /** @param fitted is as wide as what is in it */
  #layOut(columns: readonly TreeColumn[], fitted?: ColumnKey): void {
    const widths = columns.map(({ key, width }) => (key === fitted ? "max-content" : `${width}px`));
    this.#grid.style.setProperty("--tree-template", [`minmax(${leastName - 30}px, 1fr)`, ...widths].join(" "));
  }

  #showHeads(columns: readonly TreeColumn[]): void {
    const { sort, widths } = this.#store.state;
    const headed = JSON.stringify([columns.map(({ key }) => key), sort]);
    // The edge that is dragged stays where the pointer has it, and the keyboard on the heading that was pressed.
    if (headed !== this.#headed) {
      this.#headed = headed;
      const focused = this.#heads.contains(document.activeElement)
        ? document.activeElement?.getAttribute("data-testid")
        : undefined;
      this.#heads.replaceChildren(
        ...columnHeads(columns, sort, {
          choose: (chosen) => {
            this.#store.sort(chosen);
          },
          sash: (column) => this.#sash(column),
        }),
      );
      if (typeof focused === "string") this.#heads.querySelector<HTMLElement>(`[data-testid="${focused}"]`)?.focus();
    }
    for (const { key, width } of columns) {
      this.#sashes.get(key)?.tell(width, roomFor(key, columns, this.#width, widths));
    }
  }

  #sash(column: TreeColumn): HTMLElement {
    const sash = new ColumnSash(column, {
      resize: (key, width) => {
        this.#resize(key, width);
      },
      fit: (key) => {
        this.#fit(key);
      },
    });
    this.#sashes.set(column.key, sash);
    return sash.element;
  }

  #resize(key: ColumnKey, width: number): void {
    const { widths } = this.#store.state;
    const clamped = clampWidth(width, roomFor(key, this.#columns, this.#width, widths));
    this.#store.widen({ ...widths, [key]: clamped });
  }

  /** Makes a column as wide as the widest of what is in view of it. */
  #fit(key: ColumnKey): void {
    // Pictures are as wide as their column.
    if (key === "spectrum") {
      this.#store.widen({ ...this.#store.state.widths, [key]: columnOf(key).width });
      return;
    }
    this.#layOut(this.#columns, key);
    const cells = [...this.#grid.querySelectorAll(`.cell-${key}`)];
    this.#resize(key, Math.ceil(Math.max(...cells.map((cell) => cell.getBoundingClientRect().width))));
  }

  #sort(): void {
    const { checkpoint, state, metrics } = this.#store;
    const { sort } = state;
    const wasFlat = this.#sorted !== null;
    this.#sorted =
      sort === null || checkpoint === null
        ? null
        : sortTensors(checkpoint.tensors, sort, (metric) => metrics.get(metric));
    // Names are written in full in a list.
    if (wasFlat !== (this.#sorted !== null)) this.#clearLines();
  }

  #find(): void {
    const { checkpoint, query } = this.#store;
    this.#search = parseQuery(query);
    const { predicate, error } = this.#search;
    this.#matches = predicate === null || checkpoint === null ? null : findMatches(checkpoint.tensors, predicate);
    // Names are marked anew.
    this.#clearLines();
    this.onMatches(this.#matches?.tensors.size ?? null, error);
  }

  #clearLines(): void {
    this.#elements.clear();
    this.#list.replaceChildren();
  }

  #isExpanded(group: GroupNode): boolean {
    return this.#matches === null ? this.#expanded.has(group.key) : !this.#closed.has(group.key);
  }

  #rebuild(): void {
    const { checkpoint } = this.#store;
    if (checkpoint === null) return;
    this.#rows =
      this.#sorted === null
        ? visibleRows(checkpoint.root, (group) => this.#isExpanded(group), this.#matches)
        : listRows(this.#sorted, this.#matches);
    this.#indices = new Map(this.#rows.map(({ node }, index) => [node, index]));
    this.#empty.hidden = this.#rows.length > 0;
    this.#grid.setAttribute("aria-rowcount", String(this.#rows.length + 1));
    this.#empty.replaceChildren(...(this.#rows.length === 0 ? [this.#nothing()] : []));
    this.#virtualizer.setOptions({ ...this.#virtualizer.options, count: this.#rows.length });
    this.#list.style.height = `${this.#rows.length * rowHeight}px`;
    this.#virtualizer._willUpdate();
    this.#render();
  }

  #render(): void {
    const items = this.#virtualizer.getVirtualItems();
    const shown = new Set(items.map(({ index }) => this.#rows[index]?.node));
    for (const [node, line] of this.#elements) {
      if (shown.has(node)) continue;
      line.element.remove();
      this.#elements.delete(node);
    }
    let next = this.#list.firstChild;
    for (const { index } of items) {
      const row = this.#rows[index];
      if (row === undefined) continue;
      let line = this.#elements.get(row.node);
      if (line === undefined) {
        line = new RowElement(row, {
          columns: this.#columns,
          marks: this.#search.marks,
          flat: this.#sorted !== null,
          store: this.#store,
          sparklines: this.#sparklines,
        });
        this.#elements.set(row.node, line);
      }
      line.place(row, index, this.#selected.has(row.node), row.node === this.#active);
      line.element.style.transform = `translateY(${index * rowHeight}px)`;
      if (line.element === next) next = next.nextSibling;
      else this.#list.insertBefore(line.element, next);
    }
    this.#pointAtActive();
    this.onView();
  }

  #pointAtActive(): void {
    const active = this.#active === null ? undefined : this.#elements.get(this.#active);
    if (active === undefined) this.#grid.removeAttribute("aria-activedescendant");
    else this.#grid.setAttribute("aria-activedescendant", active.element.id);
  }

  /** New grades: of the lines in view only the badges change; a search that asks for grades runs again after a while. */
  #patch(changed: ReadonlySet<TensorNode>): void {
    const touched = new Set<TreeNode>(changed);
    for (const node of changed) {
      for (let above: GroupNode | null = node.parent; above !== null && !touched.has(above); above = above.parent) {
        touched.add(above);
      }
    }
    this.#sparklines.forget([...changed].flatMap(({ tensor }) => matrixId(tensor, 0) ?? []));
    for (const [node, line] of this.#elements) {
      if (!touched.has(node)) continue;
      line.updateGrade();
      line.updateSpectrum();
    }
    const byGrade = this.#store.state.sort?.by === "grade";
    if ((this.#matches === null && !byGrade) || this.#matching !== undefined) return;
    this.#matching = setTimeout(() => {
      this.#matching = undefined;
      if (byGrade) this.#sort();
      if (this.#matches !== null) this.#find();
      this.#rebuild();
    }, 300);
  }

  #updateNumbers(metric: MetricKey): void {
    if (this.#store.state.sort?.by === metric) {
      this.#sort();
      this.#rebuild();
    }
    if (!this.#columns.some(({ key }) => key === metric)) return;
    for (const line of this.#elements.values()) line.updateNumbers();
  }

  #drawSpectra(ids: ReadonlySet<string>): void {
    for (const [node, line] of this.#elements) {
      if (node.kind === "tensor" && ids.has(matrixId(node.tensor, 0) ?? "")) line.updateSpectrum();
    }
  }

  #follow(): void {
    const { checkpoint, state } = this.#store;
    const selected = checkpoint === null ? [] : selectedNodes(checkpoint, state.selection);
    this.#selected = new Set(selected);
    if (this.#active === null || (selected.length > 0 && !this.#selected.has(this.#active))) {
      this.#active = selected.at(-1) ?? null;
    }
    if (selected.length === 0 && state.selection.kind === "nothing") this.#active = null;
    if (this.#anchor === null || !this.#selected.has(this.#anchor)) this.#anchor = this.#active;
    this.#render();
  }

  #reveal(node: TreeNode): void {
    // A search that hides it gives way.
    if (this.#matches !== null && node.kind === "tensor" && !this.#matches.tensors.has(node)) this.#showAll();
    // So does an order, where there are no blocks.
    if (node.kind === "group" && this.#sorted !== null) this.#store.sort(null);
    let opened = false;
    for (let above = node.parent; above !== null && above.level > 0; above = above.parent) {
      if (this.#isExpanded(above)) continue;
      this.#expanded.add(above.key);
      this.#closed.delete(above.key);
      opened = true;
    }
    if (opened) {
      this.#keepExpanded();
      this.#rebuild();
    }
    this.#scrollTo(node, "center");
  }

  /** Why there are no lines. */
  #nothing(): HTMLElement {
    if (this.#matches === null) {
      const broken = this.#store.checkpoint?.catalogue.problems.some(({ severity }) => severity === "error") === true;
      return broken
        ? emptyState("warning", t("No tensor of this checkpoint can be read."))
        : emptyState("layers", t("This checkpoint holds no tensors."));
    }
    const showAll = button(
      t("Show all tensors"),
      () => {
        this.#showAll();
        this.focus();
      },
      { secondary: true, testid: "show-all" },
    );
    return emptyState("search", t("No tensor matches the search."), showAll);
  }

  #showAll(): void {
    this.#store.narrow(noFacets);
    this.#store.search("");
  }

  #scrollTo(node: TreeNode, align: "auto" | "center" = "auto"): void {
    const index = this.#indices.get(node);
    if (index === undefined) return;
    const top = index * rowHeight;
    const { scrollTop } = this.#scroller;
    const height = this.#viewHeight;
    if (top >= scrollTop && top + rowHeight <= scrollTop + height) return;
    if (align === "center") this.#scroller.scrollTop = top - (height - rowHeight) / 2;
    else this.#scroller.scrollTop = top < scrollTop ? top : top + rowHeight - height;
  }

  #keepExpanded(): void {
    this.#store.update({ expanded: [...this.#expanded] });
  }

  #setExpanded(group: GroupNode, expanded: boolean): void {
    if (this.#matches !== null) {
      if (expanded) this.#closed.delete(group.key);
      else this.#closed.add(group.key);
    } else {
      if (expanded) this.#expanded.add(group.key);
      else this.#expanded.delete(group.key);
      this.#keepExpanded();
    }
    this.#rebuild();
  }

  #select(node: TreeNode): void {
    this.#active = node;
    this.#anchor = node;
    this.#store.select(
      node.kind === "group"
        ? { kind: "group", key: node.key }
        : { kind: "tensor", name: node.tensor.name, slice: null },
    );
    this.#scrollTo(node);
    this.#render();
  }

  /** Selects several tensors: to be compared, once there are two. */
  #selectAll(nodes: readonly TensorNode[], active: TreeNode): void {
    this.#active = active;
    this.#store.select(selectionOf(nodes.slice(0, mostSelected)));
    // It may be a block, which is not selected itself.
    this.#active = active;
    this.#scrollTo(active);
    this.#render();
  }

  /** The tensors that are selected, in the order of selection. */
  get #selectedTensors(): TensorNode[] {
    return [...this.#selected].filter((node) => node.kind === "tensor");
  }

  /** Adds a line to what is selected, or takes it away: of a block all its tensors. */
  #toggle(node: TreeNode): void {
    this.#selectAll(toggled(this.#selectedTensors, leaves(node, this.#matches?.tensors ?? null)), node);
    this.#anchor = node;
  }

  /** Selects from where the run began to a line. */
  #extend(index: number): void {
    const at = Math.max(0, Math.min(index, this.#rows.length - 1));
    const row = this.#rows[at];
    if (row === undefined) return;
    const from = this.#anchor === null ? at : (this.#indices.get(this.#anchor) ?? at);
    this.#anchor = this.#rows[from]?.node ?? row.node;
    const anchor = this.#anchor;
    this.#selectAll(span(this.#rows, from, at), row.node);
    this.#anchor = anchor;
  }

  #click(event: MouseEvent): void {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const element = target.closest(".row");
    const node = [...this.#elements].find(([, line]) => line.element === element)?.[0];
    if (node === undefined) return;
    const onTwistie = target.closest(".twistie") !== null;
    if (event.ctrlKey || event.metaKey) {
      this.#toggle(node);
      return;
    }
    if (event.shiftKey) {
      this.#extend(this.#indices.get(node) ?? 0);
      return;
    }
    if (node.kind === "group" && onTwistie) {
      this.#setExpanded(node, !this.#isExpanded(node));
      return;
    }
    // A first click shows a group and opens it; another one on the same group closes it.
    if (node.kind === "group") this.#setExpanded(node, this.#selected.has(node) ? !this.#isExpanded(node) : true);
    this.#select(node);
  }

  #key(event: KeyboardEvent): void {
    if (event.altKey) return;
    const acted =
      event.ctrlKey || event.metaKey
        ? this.#actAside(event.key)
        : event.shiftKey
          ? this.#actExtending(event.key) || this.#act(event.key)
          : this.#act(event.key);
    if (!acted) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** The line that keys act on; −1 without one. */
  get #at(): number {
    return this.#active === null ? -1 : (this.#indices.get(this.#active) ?? -1);
  }

  /** With Ctrl keys move without selecting, and Space selects more. */
  #actAside(key: string): boolean {
    const step = { ArrowDown: 1, ArrowUp: -1 }[key];
    const row =
      this.#rows[step === undefined ? this.#at : Math.max(0, Math.min(this.#rows.length - 1, this.#at + step))];
    if (row === undefined || (step === undefined && key !== " ")) return false;
    if (step === undefined) {
      this.#toggle(row.node);
      return true;
    }
    this.#active = row.node;
    this.#scrollTo(row.node);
    this.#render();
    return true;
  }

  /** With Shift keys select all the way from where the run began. */
  #actExtending(key: string): boolean {
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: this.#at + 1,
      ArrowUp: this.#at - 1,
      Home: 0,
      End: this.#rows.length - 1,
    };
    const to = steps[key];
    if (to === undefined) return false;
    this.#extend(to);
    return true;
  }

  /** Does what a key stands for; false for one that means nothing here. */
  #act(key: string): boolean {
    const at = this.#at;
    const page = Math.max(1, Math.floor(this.#viewHeight / rowHeight) - 1);
    switch (key) {
      case "ArrowDown":
        this.#selectAt(at + 1);
        return true;
      case "ArrowUp":
        this.#selectAt(Math.max(0, at - 1));
        return true;
      case "PageDown":
        this.#selectAt(at + page);
        return true;
      case "PageUp":
        this.#selectAt(Math.max(0, at - page));
        return true;
      case "Home":
        this.#selectAt(0);
        return true;
      case "End":
        this.#selectAt(this.#rows.length - 1);
        return true;
      case "ArrowRight":
        this.#enter(at);
        return true;
      case "ArrowLeft":
        this.#leave(at);
        return true;
      case "Enter":
      case " ":
        if (key === " " && this.#typed !== "" && performance.now() - this.#typedAt < typeAheadPause) {
          return this.#typeAhead(key, at);
        }
        return this.#activate(at, key === " ");
      default:
        return key.length === 1 && this.#typeAhead(key, at);
    }
  }

  #selectAt(index: number): void {
    const row = this.#rows[Math.min(index, this.#rows.length - 1)];
    if (row !== undefined) this.#select(row.node);
  }

  #enter(at: number): void {
    const row = this.#rows[at];
    if (row?.node.kind !== "group") return;
    if (row.expanded === false) this.#setExpanded(row.node, true);
    else this.#selectAt(at + 1);
  }

  #leave(at: number): void {
    const row = this.#rows[at];
    if (row === undefined) return;
    if (row.node.kind === "group" && row.expanded === true) this.#setExpanded(row.node, false);
    else if (row.node.parent !== null && row.node.parent.level > 0) this.#select(row.node.parent);
  }

  /** @param select whether it selects a tensor, or takes it from those selected, instead of going to its details */
  #activate(at: number, select: boolean): boolean {
    const row = this.#rows[at];
    if (row === undefined) return false;
    if (row.node.kind === "group") this.#setExpanded(row.node, row.expanded === false);
    else if (select) this.#toggle(row.node);
    else this.element.dispatchEvent(new CustomEvent("activate", { bubbles: true }));
    return true;
  }

  /** Goes to the next line that begins with what was typed, or else to the next that holds it. */
  #typeAhead(character: string, at: number): boolean {
    const now = performance.now();
    const continued = this.#typed !== "" && now - this.#typedAt < typeAheadPause;
    this.#typed = continued ? this.#typed + character.toLowerCase() : character.toLowerCase();
    this.#typedAt = now;
    // A word that grows may stay where it is; the first character moves on.
    const start = continued ? Math.max(at, 0) : at + 1;
    const rows = [...this.#rows.slice(start), ...this.#rows.slice(0, start)];
    const found =
      rows.find(({ node }) => node.label.toLowerCase().startsWith(this.#typed)) ??
      rows.find(({ node }) => node.label.toLowerCase().includes(this.#typed));
    if (found !== undefined) this.#select(found.node);
    return true;
  }
}

function selectionOf(nodes: readonly TensorNode[]): Selection {
  const [first] = nodes;
  if (first === undefined) return { kind: "nothing" };
  if (nodes.length === 1) return { kind: "tensor", name: first.tensor.name, slice: null };
  return { kind: "tensors", names: nodes.map(({ tensor }) => tensor.name) };
}

/** The lines that a selection is about. */
function selectedNodes(checkpoint: Checkpoint, selection: Selection): TreeNode[] {
  const named = (name: string): TreeNode[] => {
    const node = checkpoint.tensor(name);
    return node === undefined ? [] : [node];
  };
  switch (selection.kind) {
    case "group": {
      const group = checkpoint.groups.get(selection.key);
      return group === undefined ? [] : [group];
    }
    case "tensor":
    case "portion":
      return named(selection.name);
    case "tensors":
      return selection.names.flatMap(named);
    case "heads": {
      const block = selection.block === null ? undefined : checkpoint.block(selection.block);
      return block === undefined ? [] : [block];
    }
    case "nothing":
    case "matrices":
    case "role":
      return [];
  }
}
