/** The right-hand side: the overview, a block, or a tensor, as the selection says. */
import { t } from "../../server/text/l10n.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { visibleText } from "../ui/text.ts";
import { isComparison } from "../model/compared.ts";
import { CompareView } from "./compare.ts";
import { GroupView } from "./group.ts";
import { HeadsView } from "./heads.ts";
import { Overview } from "./overview.ts";
import { TensorView } from "./tensor.ts";
import type { DetailView } from "./view.ts";

export class DetailPane {
  readonly element = create("main", {
    class: "detail",
    testid: "detail",
    attributes: { tabindex: "-1", "aria-label": t("Details") },
  });
  readonly #store: Store;
  #view: DetailView | null = null;
  #frame = 0;

  constructor(store: Store) {
    this.#store = store;
    this.element.append(
      create("p", { class: "hint loading", attributes: { role: "status" } }, t("Reading the headers …")),
    );
    store.on("selection", () => {
      // Holding an arrow key in the tree passes many tensors: only where it rests is drawn.
      cancelAnimationFrame(this.#frame);
      this.#frame = requestAnimationFrame(() => {
        this.#frame = 0;
        this.#choose();
      });
    });
    store.on("results", (changed) => this.#view?.results?.(changed));
    store.on("analysis", () => this.#view?.analysis?.());
    store.on("engine", () => this.#view?.analysis?.());
    store.on("failure", (message) => {
      this.#replace({
        element: create(
          "section",
          { class: "card failure", testid: "failure", attributes: { role: "alert" } },
          create("h2", { class: "title", attributes: { tabindex: "-1" } }, t("This checkpoint cannot be opened")),
          create("p", {}, visibleText(message, 2000)),
        ),
      });
    });
  }

  /** Moves the keyboard to what is shown. */
  focus(): void {
    if (this.#frame !== 0) {
      // What is about to be shown takes the focus, not what it replaces.
      cancelAnimationFrame(this.#frame);
      this.#frame = 0;
      this.#choose();
    }
    const title = this.element.querySelector<HTMLElement>(".title");
    (title ?? this.element).focus();
  }

  #choose(): void {
    const { checkpoint, state } = this.#store;
    if (checkpoint === null) return;
    const { selection } = state;
    if (selection.kind === "group") {
      const group = checkpoint.groups.get(selection.key);
      if (group !== undefined) {
        this.#replace(new GroupView(this.#store, group));
        return;
      }
    }
    if (selection.kind === "tensor") {
      const node = checkpoint.tensor(selection.name);
      if (node !== undefined) {
        this.#replace(new TensorView(this.#store, node, { slice: selection.slice }));
        return;
      }
    }
    if (selection.kind === "portion") {
      const node = checkpoint.tensor(selection.name);
      if (node !== undefined) {
        this.#replace(new TensorView(this.#store, node, { portion: selection.id }));
        return;
      }
    }
    if (selection.kind === "heads") {
      this.#replace(new HeadsView(this.#store, checkpoint, selection.block));
      return;
    }
    if (isComparison(selection)) {
      this.#replace(new CompareView(this.#store, checkpoint, selection));
      return;
    }
    this.#replace(new Overview(this.#store, checkpoint));
  }

  #replace(view: DetailView): void {
    this.#view?.dispose?.();
    this.#view = view;
    this.element.replaceChildren(view.element);
    this.element.scrollTop = 0;
  }
}
