/** A metric as a grid of colours: a real table, read out cell by cell, walked with the arrow keys. */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import type { Measure } from "../model/across.ts";
import { formatMeasure } from "../model/across-texts.ts";
import type { Tone } from "../model/grades.ts";
import { metricLabel } from "../model/metric-texts.ts";
import { scaleColor, scaleGradient } from "../ui/color-scale.ts";
import { create, type Child } from "../ui/dom.ts";

/** What a cell shows, and what it stands for. */
export interface HeatCell<Item> {
  /** NaN for what is not known or does not exist. */
  readonly value: number;
  readonly noise: number;
  readonly ratio: number;
  /** More about the value, such as of how many it is the median. */
  readonly note?: string;
  /** A word and its tone instead of a number and its colour; null while it is not known. */
  readonly word?: { readonly text: string; readonly tone: Tone } | null;
  readonly item: Item;
}

export interface HeatRow<Item> {
  readonly label: string;
  /** Stands before its cells; the label where it is left out. */
  readonly heading?: Child;
  readonly cells: readonly (HeatCell<Item> | null)[];
}

export interface HeatGrid<Item> {
  /** What is counted from left to right, such as `layer`. */
  readonly across: string;
  readonly columns: readonly (string | number)[];
  readonly rows: readonly HeatRow<Item>[];
  /** What the map shows, for who cannot see it. */
  readonly caption: string;
}

/** A cell as it is on show. */
interface Shown<Item> {
  readonly name: string;
  readonly cell: HeatCell<Item>;
  readonly color: string;
}

interface Range {
  readonly from: number;
  readonly to: number;
  /** Where a value lies, from 0 to 1. */
  readonly share: (value: number) => number;
}

/** Columns are numbered so that at most so many numbers stand below the map. */
const mostNumbers = 24;

export class HeatMap<Item> {
  readonly element = create("div", { class: "heat-map", testid: "heat-map" });
  readonly #choose: (item: Item) => void;
  readonly #hint: string;
  readonly #readOut = create("p", { class: "heat-read-out" });
  /** What the read-out is about, by its name. */
  #told: string | null = null;
  readonly #cells = new Map<HTMLElement, Shown<Item>>();
  #table: HTMLTableElement | null = null;
  /** Rows, columns and gaps of the table, to tell whether new numbers fit into it. */
  #layout = "";
  readonly #foot = create("div", { class: "heat-foot" });
  #metric: MetricKey = "effectiveRank";

  /**
   * @param choose shows what is behind a cell
   * @param hint what can be done with the map
   */
  constructor(choose: (item: Item) => void, hint = t("Point at a cell to read it; click to open the matrix.")) {
    this.#choose = choose;
    this.#hint = hint;
    this.element.addEventListener("pointerover", ({ target }) => {
      this.#tell(target);
    });
    this.element.addEventListener("focusin", ({ target }) => {
      this.#tell(target);
    });
    this.element.addEventListener("click", ({ target }) => {
      this.#open(target);
    });
    this.element.addEventListener("keydown", (event) => {
      this.#move(event);
    });
  }

  show(grid: HeatGrid<Item>, metric: MetricKey, measure: Measure): void {
    const { across, columns, rows, caption } = grid;
    this.#metric = metric;
    const range = rangeOf(rows, measure);
    const layout = layoutOf(grid);
    if (this.#table !== null && layout === this.#layout) {
      this.#update(this.#table, grid, measure, range);
      return;
    }
    this.#layout = layout;
    // The keyboard stays where it was while results come in.
    const focused = this.#position(document.activeElement);
    this.#cells.clear();
    const stride = Math.ceil(columns.length / mostNumbers);
    this.#table = create(
      "table",
      { class: "heat-table", attributes: { role: "grid" } },
      create("caption", { class: "visually-hidden" }, caption),
      create("colgroup", {}, create("col", { class: "heat-roles" })),
      create(
        "tbody",
        {},
        ...rows.map((row) =>
          create(
            "tr",
            {},
            create("th", { attributes: { scope: "row" } }, row.heading ?? row.label),
            ...row.cells.map((cell, index) =>
              this.#cell(`${row.label}, ${across} ${columns[index]!}`, cell, measure, range),
            ),
          ),
        ),
      ),
      create(
        "tfoot",
        { attributes: { "aria-hidden": "true" } },
        create(
          "tr",
          {},
          create("th", {}, across),
          ...columns.map((column, index) => create("td", {}, index % stride === 0 ? String(column) : "")),
        ),
      ),
    );
    this.#retell();
    this.#foot.replaceChildren(this.#readOut, legend(range, metric, measure));
    this.element.replaceChildren(this.#table, this.#foot);
    const start = this.#at(focused?.row ?? 0, focused?.column ?? 0) ?? [...this.#cells.keys()][0];
    start?.setAttribute("tabindex", "0");
    if (focused !== null) start?.focus();
  }

  #cell(name: string, cell: HeatCell<Item> | null, measure: Measure, range: Range | null): HTMLElement {
    if (cell === null)
      return create("td", {
        class: "heat-none",
        attributes: { role: "gridcell", "aria-label": t("{0}: no matrix", name) },
      });
    const element = create("td", { attributes: { role: "gridcell", tabindex: "-1" } });
    this.#fill(element, name, cell, measure, range);
    return element;
  }

  /** New numbers in the same table: what stays as it was is not touched, so that little is laid out and painted anew. */
  #update(
    table: HTMLTableElement,
    { across, columns, rows, caption }: HeatGrid<Item>,
    measure: Measure,
    range: Range | null,
  ): void {
    if (table.caption !== null && table.caption.textContent !== caption) table.caption.textContent = caption;
    rows.forEach((row, rowIndex) => {
      row.cells.forEach((cell, index) => {
        const element = this.#at(rowIndex, index);
        if (cell === null || element === null) return;
        this.#fill(element, `${row.label}, ${across} ${columns[index]!}`, cell, measure, range);
      });
    });
    this.#retell();
    this.#foot.replaceChildren(this.#readOut, legend(range, this.#metric, measure));
  }

  #fill(element: HTMLElement, name: string, cell: HeatCell<Item>, measure: Measure, range: Range | null): void {
    const before = this.#cells.get(element);
    const { word } = cell;
    const value = cell[measure];
    const known = word === undefined ? !Number.isNaN(value) : word !== null;
    const text = word === undefined ? formatMeasure(this.#metric, measure, value) : (word?.text ?? t("not known"));
    const tone = word === undefined || word === null ? "" : ` heat-tone tone-${word.tone}`;
    const label = `${name}: ${text}`;
    const className = known ? `heat-cell${tone}` : "heat-unknown";
    const color = word === undefined && range !== null && known ? scaleColor(range.share(value)) : "";
    if (element.getAttribute("aria-label") !== label) element.setAttribute("aria-label", label);
    if (element.className !== className) element.className = className;
    if (before?.color !== color) element.style.background = color;
    this.#cells.set(element, { name, cell, color });
  }

  #tell(target: EventTarget | null): void {
    const known = target instanceof HTMLElement ? this.#cells.get(target) : undefined;
    if (known === undefined) return;
    this.#told = known.name;
    this.#read(known);
  }

  /** The numbers of what was pointed at last, as they are now. */
  #retell(): void {
    const known = [...this.#cells.values()].find(({ name }) => name === this.#told);
    if (known !== undefined) this.#read(known);
    else this.#readOut.textContent = this.#hint;
  }

  #read({ name, cell }: Shown<Item>): void {
    this.#readOut.replaceChildren(create("strong", {}, name), `  ${this.#words(cell)}`);
  }

  #words({ value, noise, ratio, note = "", word }: HeatCell<Item>): string {
    if (word !== undefined) return word?.text ?? t("not known");
    if (Number.isNaN(value)) return t("not known");
    const times = Number.isFinite(ratio) ? ` (${formatMeasure(this.#metric, "ratio", ratio)})` : "";
    const read = (number: number): string => formatMeasure(this.#metric, "value", number);
    return `${read(value)}, ${t("noise {0}", read(noise))}${times}${note === "" ? "" : `, ${note}`}`;
  }

  #open(target: EventTarget | null): void {
    const known = target instanceof HTMLElement ? this.#cells.get(target) : undefined;
    if (known !== undefined) this.#choose(known.cell.item);
  }

  #move(event: KeyboardEvent): void {
    const from = this.#position(event.target);
    if (from === null) return;
    if (event.key === "Enter" || event.key === " ") {
      this.#open(event.target);
      event.preventDefault();
      return;
    }
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    // Over what has no matrix to the next that has one.
    for (let { row, column } = from; ;) {
      row += step[0]!;
      column += step[1]!;
      const next = this.#at(row, column);
      if (next === null) return;
      if (this.#cells.has(next)) {
        if (event.target instanceof HTMLElement) event.target.setAttribute("tabindex", "-1");
        next.setAttribute("tabindex", "0");
        next.focus();
        return;
      }
    }
  }

  #position(target: EventTarget | null): { readonly row: number; readonly column: number } | null {
    if (!(target instanceof HTMLTableCellElement) || !this.#cells.has(target)) return null;
    const row = target.parentElement;
    return row instanceof HTMLTableRowElement ? { row: row.rowIndex, column: target.cellIndex - 1 } : null;
  }

  #at(row: number, column: number): HTMLElement | null {
    const cells = this.#table?.tBodies[0]?.rows[row]?.cells;
    return column < 0 ? null : (cells?.[column + 1] ?? null);
  }
}

/** What a table of cells is made of, apart from the numbers in them. */
function layoutOf({ across, columns, rows }: HeatGrid<unknown>): string {
  return JSON.stringify([across, columns, rows.map(({ label, cells }) => [label, cells.map((cell) => cell !== null)])]);
}

/** What a map of a metric is called. */
export function heatTitle(metric: MetricKey, measure: Measure): string {
  const label = metricLabel(metric);
  return measure === "ratio" ? t("{0} / noise", label) : label;
}

/** From the lowest to the highest value; logarithmic where they span more than a factor of 30. Null without values. */
function rangeOf(rows: readonly HeatRow<unknown>[], measure: Measure): Range | null {
  let from = Infinity;
  let to = -Infinity;
  for (const { cells } of rows) {
    for (const cell of cells) {
      const value = cell === null || cell.word !== undefined ? NaN : cell[measure];
      if (!Number.isFinite(value)) continue;
      from = Math.min(from, value);
      to = Math.max(to, value);
    }
  }
  if (from > to) return null;
  const logarithmic = from > 0 && to / from > 30;
  const at = (value: number): number => (logarithmic ? Math.log(value) : value);
  const width = at(to) - at(from);
  return { from, to, share: (value) => (width === 0 ? 0.5 : (at(value) - at(from)) / width) };
}

/** The scale with its ends, and where noise lies on it. */
function legend(range: Range | null, metric: MetricKey, measure: Measure): HTMLElement | string {
  if (range === null) return "";
  const bar = create("span", { class: "scale-bar", attributes: { "aria-hidden": "true" } });
  bar.style.background = scaleGradient;
  if (measure === "ratio" && range.from < 1 && range.to > 1) {
    const mark = create("span", { class: "scale-mark", title: t("noise") });
    mark.style.left = `${100 * range.share(1)}%`;
    bar.append(mark);
  }
  return create(
    "span",
    { class: "scale" },
    formatMeasure(metric, measure, range.from),
    bar,
    formatMeasure(metric, measure, range.to),
  );
}
