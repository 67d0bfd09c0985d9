import { create, type Child } from "./dom.ts";

/** Rows of text under headings; the first column is what a row is about. */
export interface DataTable {
  readonly caption: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Child[])[];
}

/** A table of numbers, read row by row. */
export function dataTable({ caption, columns, rows }: DataTable): HTMLTableElement {
  return create(
    "table",
    { class: "data-table" },
    create("caption", { class: "visually-hidden" }, caption),
    create(
      "thead",
      {},
      create("tr", {}, ...columns.map((column) => create("th", { attributes: { scope: "col" } }, column))),
    ),
    create("tbody", {}, ...rows.map((cells) => create("tr", {}, ...cells.map((cell) => create("td", {}, cell))))),
  );
}

/** Names and values, such as facts and metadata. */
export function factList(facts: readonly (readonly [name: string, value: Child, title?: string])[]): HTMLElement {
  return create(
    "dl",
    { class: "facts" },
    ...facts.map(([name, value, title]) =>
      create(
        "div",
        { class: "fact" },
        create("dt", {}, name),
        create("dd", title === undefined ? {} : { title }, value),
      ),
    ),
  );
}
