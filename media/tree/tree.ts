/** The tree of blocks and tensors: only the lines in view exist as elements, however many tensors there are. */
import { elementScroll, observeElementOffset, observeElementRect, Virtualizer } from "@tanstack/virtual-core";
import { matrixIds } from "../model/matrix-ids.ts";
import type { GroupNode, TensorNode, TreeNode } from "../model/nodes.ts";
import { parseSearch, searchWords } from "../model/search.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { RowElement } from "./row.ts";
import { findMatches, visibleRows, type Matches, type Row } from "./rows.ts";

/** Height of a line in pixels, as in VS Code's own trees; editor.css says the same. */
export const rowHeight = 22;
const typeAheadPause = 800;
const columns = { name: "Name", role: "Role", dtype: "Dtype", shape: "Shape", size: "Size", grade: "Grade" };

export class Tree {
  readonly element: HTMLElement;
  /** Called when other lines come into view. */
  onView: () => void = () => undefined;
  /** Called with the tensors a search found, null without a search. */
  onMatches: (found: number | null) => void = () => undefined;

  readonly #store: Store;
  readonly #scroller: HTMLElement;
  readonly #list: HTMLElement;
  readonly #empty = create("p", { class: "tree-empty" }, "No tensor matches.");
  readonly #virtualizer: Virtualizer<HTMLElement, HTMLElement>;
  readonly #elements = new Map<TreeNode, RowElement>();
  #rows: readonly Row[] = [];
  #indices = new Map<TreeNode, number>();
  #matches: Matches | null = null;
  #words: readonly string[] = [];
  readonly #expanded = new Set<string>();
  /** Groups closed by hand among the matches of a search, where all are open. */
  readonly #closed = new Set<string>();
  #selected: TreeNode | null = null;
  #typed = "";
  #typedAt = 0;
  #matching: ReturnType<typeof setTimeout> | undefined;

  constructor(store: Store) {
    this.#store = store;
    this.#list = create("div", {
      class: "tree-list",
      testid: "tree",
      attributes: { role: "tree", tabindex: "0", "aria-label": "Tensors" },
    });
    this.#empty.hidden = true;
    const heads = create(
      "div",
      { class: "tree-columns", attributes: { "aria-hidden": "true" } },
      ...Object.entries(columns).map(([key, label]) => create("span", { class: `cell cell-${key}` }, label)),
    );
    this.#scroller = create("div", { class: "tree-scroller" }, heads, this.#list, this.#empty);
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
    this.#list.addEventListener("keydown", (event) => {
      this.#key(event);
    });
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
    store.on("search", () => {
      this.#closed.clear();
      this.#scroller.scrollTop = 0;
      this.#search();
      this.#rebuild();
    });
  }

  /** To be called once the element is in the document. */
  mount(): void {
    this.#virtualizer._willUpdate();
  }

  focus(): void {
    this.#list.focus();
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
    this.#rebuild();
  }

  #open(): void {
    this.#expanded.clear();
    this.#closed.clear();
    for (const key of this.#store.state.expanded) this.#expanded.add(key);
    const { scroll } = this.#store.state;
    this.#search();
    this.#rebuild();
    this.#scroller.scrollTop = scroll;
    this.#follow();
  }

  #search(): void {
    const { checkpoint, state } = this.#store;
    const predicate = parseSearch(state.search);
    this.#matches = predicate === null || checkpoint === null ? null : findMatches(checkpoint.tensors, predicate);
    this.#words = searchWords(state.search);
    // Names are marked anew.
    this.#elements.clear();
    this.#list.replaceChildren();
    this.onMatches(this.#matches?.tensors.size ?? null);
  }

  #isExpanded(group: GroupNode): boolean {
    return this.#matches === null ? this.#expanded.has(group.key) : !this.#closed.has(group.key);
  }

  #rebuild(): void {
    const { checkpoint } = this.#store;
    if (checkpoint === null) return;
    this.#rows = visibleRows(checkpoint.root, (group) => this.#isExpanded(group), this.#matches);
    this.#indices = new Map(this.#rows.map(({ node }, index) => [node, index]));
    this.#empty.hidden = this.#rows.length > 0;
    this.#empty.textContent =
      this.#matches === null ? "This checkpoint holds no tensors." : "No tensor matches the search.";
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
        line = new RowElement(row, this.#words);
        this.#elements.set(row.node, line);
      }
      line.place(row, this.#selected);
      line.element.style.transform = `translateY(${index * rowHeight}px)`;
      if (line.element === next) next = next.nextSibling;
      else this.#list.insertBefore(line.element, next);
    }
    this.#pointAtActive();
    this.onView();
  }

  #pointAtActive(): void {
    const active = this.#selected === null ? undefined : this.#elements.get(this.#selected);
    if (active === undefined) this.#list.removeAttribute("aria-activedescendant");
    else this.#list.setAttribute("aria-activedescendant", active.element.id);
  }

  /** New grades: of the lines in view only the badges change; a search that asks for grades runs again after a while. */
  #patch(changed: ReadonlySet<TensorNode>): void {
    const touched = new Set<TreeNode>(changed);
    for (const node of changed) {
      for (let above: GroupNode | null = node.parent; above !== null && !touched.has(above); above = above.parent) {
        touched.add(above);
      }
    }
    for (const [node, line] of this.#elements) if (touched.has(node)) line.updateGrade();
    if (this.#matches === null || this.#matching !== undefined) return;
    this.#matching = setTimeout(() => {
      this.#matching = undefined;
      if (this.#matches === null) return;
      const before = this.#matches.tensors.size;
      this.#search();
      if (this.#matches.tensors.size !== before) this.#rebuild();
      else this.#render();
    }, 300);
  }

  #follow(): void {
    const { checkpoint, state } = this.#store;
    const { selection } = state;
    this.#selected = null;
    if (selection.kind === "group") this.#selected = checkpoint?.groups.get(selection.key) ?? null;
    if (selection.kind === "tensor") this.#selected = checkpoint?.tensor(selection.name) ?? null;
    this.#render();
  }

  #reveal(node: TreeNode): void {
    // A search that hides it gives way.
    if (this.#matches !== null && node.kind === "tensor" && !this.#matches.tensors.has(node)) this.#store.search("");
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
    this.#store.select(
      node.kind === "group"
        ? { kind: "group", key: node.key }
        : { kind: "tensor", name: node.tensor.name, slice: null },
    );
    this.#scrollTo(node);
  }

  #click(event: MouseEvent): void {
    const { target } = event;
    if (!(target instanceof Element)) return;
    const element = target.closest(".row");
    const node = [...this.#elements].find(([, line]) => line.element === element)?.[0];
    if (node === undefined) return;
    const onTwistie = target.closest(".twistie") !== null;
    if (node.kind === "group" && onTwistie) {
      this.#setExpanded(node, !this.#isExpanded(node));
      return;
    }
    // A first click shows a group and opens it; another one on the same group closes it.
    if (node.kind === "group") this.#setExpanded(node, node === this.#selected ? !this.#isExpanded(node) : true);
    this.#select(node);
  }

  #key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!this.#act(event.key)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Does what a key stands for; false for one that means nothing here. */
  #act(key: string): boolean {
    const at = this.#selected === null ? -1 : (this.#indices.get(this.#selected) ?? -1);
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
        return this.#activate(at);
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

  #activate(at: number): boolean {
    const row = this.#rows[at];
    if (row === undefined) return false;
    if (row.node.kind === "group") this.#setExpanded(row.node, row.expanded === false);
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
