/** The headings over the tree's columns: a click orders all tensors by one, another turns the order, a third ends it. */
import { t } from "../../server/text/l10n.ts";
import type { TreeColumn } from "../model/columns.ts";
import type { Sort } from "../model/sort.ts";
import { create } from "../ui/dom.ts";

export type HeadKey = Sort["by"];

/** What a click on a heading leads to. Texts begin with A, numbers with the largest. */
export function nextSort(current: Sort | null, by: HeadKey, numeric: boolean): Sort | null {
  if (current?.by !== by) return { by, descending: numeric };
  return current.descending === numeric ? { by, descending: !numeric } : null;
}

export function columnHeads(
  columns: readonly TreeColumn[],
  sort: Sort | null,
  {
    choose,
    sash,
  }: { readonly choose: (sort: Sort | null) => void; readonly sash: (column: TreeColumn) => HTMLElement },
): HTMLElement[] {
  const head = (key: HeadKey, label: string, full: string, end: boolean, sortable: boolean): HTMLElement => {
    const sorted = sort?.by !== key ? "none" : sort.descending ? "descending" : "ascending";
    const cell = create("span", {
      class: `cell cell-${key}${end ? " cell-end" : ""}`,
      title: sortable ? t("{0}: click to order all tensors by it", full) : full,
      attributes: { role: "columnheader", ...(sortable ? { "aria-sort": sorted } : {}) },
    });
    if (!sortable) {
      cell.append(create("span", { class: "column-label" }, label));
      return cell;
    }
    const mark = { none: "", ascending: "↑", descending: "↓" }[sorted];
    cell.append(
      create(
        "button",
        {
          class: "column-sort",
          testid: `tree-sort-${key}`,
          attributes: { type: "button" },
          onClick: () => {
            choose(nextSort(sort, key, key !== "name" && key !== "role" && key !== "dtype" && key !== "grade"));
          },
        },
        create("span", { class: "column-label" }, label),
        mark === "" ? "" : create("span", { class: "sort-mark", attributes: { "aria-hidden": "true" } }, mark),
      ),
    );
    return cell;
  };
  return [
    head("name", t("Name"), t("Name"), false, true),
    ...columns.map((column) => {
      const { key, label, title, end, sortable } = column;
      const cell = head(key, label, title, end, sortable);
      cell.append(sash(column));
      return cell;
    }),
  ];
}
