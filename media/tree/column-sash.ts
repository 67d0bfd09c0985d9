/** The edge between two columns of the tree: dragged, or moved with the arrow keys; a double click fits the column. */
import { t } from "../../server/text/l10n.ts";
import { leastWidth, type ColumnKey, type TreeColumn } from "../model/columns.ts";
import { create } from "../ui/dom.ts";

const step = 8;

export interface SashActions {
  /** @param width in pixels; what there is no room for is not taken */
  readonly resize: (key: ColumnKey, width: number) => void;
  /** As wide as what is in it. */
  readonly fit: (key: ColumnKey) => void;
}

/** The left edge of a column: what the column gains, the names lose. */
export class ColumnSash {
  readonly element: HTMLElement;
  #width = 0;
  #most = 0;

  constructor({ key, title }: TreeColumn, { resize, fit }: SashActions) {
    const element = create("span", {
      class: "column-sash",
      testid: `tree-sash-${key}`,
      title: t("Drag to change the width, double click to fit"),
      attributes: {
        role: "separator",
        tabindex: "0",
        "aria-orientation": "vertical",
        "aria-label": t("Width of the column {0}", title),
        "aria-valuemin": String(leastWidth),
      },
    });
    this.element = element;
    let from: { readonly x: number; readonly width: number } | null = null;
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      element.classList.add("dragging");
      from = { x: event.clientX, width: this.#width };
      event.preventDefault();
      element.focus();
    });
    element.addEventListener("pointermove", ({ clientX }) => {
      if (from !== null) resize(key, from.width + from.x - clientX);
    });
    element.addEventListener("lostpointercapture", () => {
      from = null;
      element.classList.remove("dragging");
    });
    element.addEventListener("dblclick", () => {
      fit(key);
    });
    element.addEventListener("keydown", (event) => {
      const widths: Readonly<Record<string, number>> = {
        ArrowLeft: this.#width + step,
        ArrowRight: this.#width - step,
        Home: leastWidth,
        End: this.#most,
      };
      const width = widths[event.key];
      if (width !== undefined) resize(key, width);
      else if (event.key === "Enter") fit(key);
      else return;
      event.preventDefault();
    });
  }

  /** Tells how wide the column is, and how wide it could be, in pixels. */
  tell(width: number, most: number): void {
    this.#width = width;
    this.#most = most;
    this.element.setAttribute("aria-valuenow", String(width));
    this.element.setAttribute("aria-valuemax", String(most));
    this.element.setAttribute("aria-valuetext", t("{0} pixels", width));
  }
}
