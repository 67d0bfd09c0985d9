/** The search box over the tree, with the number of matches, and buttons that open and close the tree. */
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { plural } from "../ui/format.ts";
import { icon, iconButton } from "../ui/icons.ts";
import type { Tree } from "./tree.ts";

const searchAfter = 80;

export class SearchBox {
  readonly element: HTMLElement;
  readonly #input: HTMLInputElement;

  constructor(store: Store, tree: Tree) {
    this.#input = create("input", {
      class: "search-input",
      testid: "search",
      attributes: {
        type: "text",
        placeholder: "Search names, roles, dtypes, grades",
        "aria-label": "Search tensors by name, role, dtype or grade",
        spellcheck: "false",
        autocomplete: "off",
      },
    });
    const count = create("span", { class: "search-count", testid: "search-count", attributes: { role: "status" } });
    const clear = iconButton("close", "Clear the search", () => {
      this.#clear(store);
    });
    clear.hidden = true;

    this.element = create(
      "div",
      { class: "search", attributes: { role: "search" } },
      create("div", { class: "search-field" }, icon("search"), this.#input, count, clear),
      iconButton("expand", "Expand all blocks", () => {
        tree.setAllExpanded(true);
      }),
      iconButton("collapse", "Collapse all blocks", () => {
        tree.setAllExpanded(false);
      }),
    );

    let typing: ReturnType<typeof setTimeout> | undefined;
    this.#input.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        store.search(this.#input.value);
      }, searchAfter);
    });
    this.#input.addEventListener("keydown", (event) => {
      if (event.key === "Escape") {
        clearTimeout(typing);
        this.#clear(store);
      } else if (event.key === "ArrowDown" || event.key === "Enter") {
        tree.focus();
      } else {
        return;
      }
      event.preventDefault();
      event.stopPropagation();
    });
    tree.onMatches = (found) => {
      count.textContent = found === null ? "" : plural(found, "match", "matches");
      clear.hidden = found === null;
      this.#input.classList.toggle("no-match", found === 0);
    };
    store.on("checkpoint", () => {
      this.#input.value = store.state.search;
    });
    store.on("search", (query) => {
      if (this.#input.value !== query) this.#input.value = query;
    });
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #clear(store: Store): void {
    this.#input.value = "";
    store.search("");
  }
}
