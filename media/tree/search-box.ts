/** The search box over the tree, with the number of matches, and buttons that open and close the tree. */
import { t } from "../../server/text/l10n.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { plural } from "../ui/format.ts";
import { icon, iconButton } from "../ui/icons.ts";
import { visibleText } from "../ui/text.ts";
import { columnMenu } from "./column-menu.ts";
import { filterChips, filterMenu } from "./filter-menu.ts";
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
        placeholder: t("Search names, roles, dtypes, grades"),
        "aria-label": t("Search tensors by name, role, dtype or grade"),
        spellcheck: "false",
        autocomplete: "off",
      },
    });
    const count = create("span", { class: "search-count", testid: "search-count", attributes: { role: "status" } });
    const clear = iconButton("close", t("Clear the search"), () => {
      this.#clear(store);
    });
    clear.hidden = true;
    const expression = iconButton("regex", t("Use a regular expression on names"), () => {
      store.search(this.#input.value, !store.state.expression);
    });
    expression.dataset["testid"] = "expression";
    const error = create("p", { class: "search-error", testid: "search-error", attributes: { role: "alert" } });
    error.hidden = true;

    const line = create(
      "div",
      { class: "search" },
      create("div", { class: "search-field" }, icon("search"), this.#input, count, expression, clear),
      filterMenu(store),
      columnMenu(store),
      iconButton("expand", t("Expand all blocks"), () => {
        tree.setAllExpanded(true);
      }),
      iconButton("collapse", t("Collapse all blocks"), () => {
        tree.setAllExpanded(false);
      }),
    );
    this.element = create(
      "div",
      { class: "search-bar", attributes: { role: "search" } },
      line,
      error,
      filterChips(store),
    );

    let typing: ReturnType<typeof setTimeout> | undefined;
    this.#input.addEventListener("input", () => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        store.search(this.#input.value, store.state.expression);
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
    tree.onMatches = (found, problem) => {
      count.textContent = found === null ? "" : plural(found, "{0} match", "{0} matches");
      clear.hidden = store.state.search === "";
      this.#input.classList.toggle("no-match", found === 0);
      this.#input.setAttribute("aria-invalid", String(problem !== null));
      error.hidden = problem === null;
      error.textContent = problem === null ? "" : visibleText(problem, 200);
    };
    const show = (): void => {
      const { search: text, expression: on } = store.state;
      if (this.#input.value !== text) this.#input.value = text;
      this.#input.placeholder = on ? t("Regular expression on names") : t("Search names, roles, dtypes, grades");
      expression.setAttribute("aria-pressed", String(on));
    };
    store.on("checkpoint", show);
    store.on("query", show);
  }

  focus(): void {
    this.#input.focus();
    this.#input.select();
  }

  #clear(store: Store): void {
    this.#input.value = "";
    store.search("", store.state.expression);
  }
}
