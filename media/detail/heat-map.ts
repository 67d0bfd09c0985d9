/** A metric by role and layer as a grid of colours: a real table, read out cell by cell, walked with the arrow keys. */
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import type { Cell, Measure, RoleLayers, RoleRow } from "../model/across.ts";
import { formatMeasure, rowLabel } from "../model/across-texts.ts";
import { metricLabels } from "../model/metric-texts.ts";
import type { TensorNode } from "../model/nodes.ts";
import { scaleColor, scaleGradient } from "../ui/color-scale.ts";
import { create } from "../ui/dom.ts";
import { plural } from "../ui/format.ts";

interface Range {
  readonly from: number;
  readonly to: number;
  /** Where a value lies, from 0 to 1. */
  readonly share: (value: number) => number;
}

/** Layers are numbered so that at most so many numbers stand below the map. */
const mostNumbers = 24;

export class HeatMap {
  readonly element = create("div", { class: "heat-map", testid: "heat-map" });
  readonly #choose: (node: TensorNode) => void;
  readonly #readOut = create("p", { class: "heat-read-out" });
  readonly #cells = new Map<HTMLElement, { readonly row: RoleRow; readonly layer: number; readonly cell: Cell }>();
  #table: HTMLTableElement | null = null;
  #metric: MetricKey = "effectiveRank";

  readonly #compare: (row: RoleRow) => void;

  /**
   * @param choose shows the matrix behind a cell
   * @param compare compares the matrices of a row
   */
  constructor(choose: (node: TensorNode) => void, compare: (row: RoleRow) => void) {
    this.#choose = choose;
    this.#compare = compare;
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

  show({ layers, rows }: RoleLayers, metric: MetricKey, measure: Measure): void {
    // The keyboard stays where it was while results come in.
    const focused = this.#position(document.activeElement);
    this.#metric = metric;
    this.#cells.clear();
    const range = rangeOf(rows, measure);
    const label = metricLabels.get(metric) ?? metric;
    const title = measure === "ratio" ? `${label} / noise` : label;
    const stride = Math.ceil(layers.length / mostNumbers);
    this.#table = create(
      "table",
      { class: "heat-table", attributes: { role: "grid" } },
      create("caption", { class: "visually-hidden" }, `${title} by role and layer`),
      create("colgroup", {}, create("col", { class: "heat-roles" })),
      create(
        "tbody",
        {},
        ...rows.map((row) =>
          create(
            "tr",
            {},
            create("th", { attributes: { scope: "row" } }, this.#rowButton(row)),
            ...row.cells.map((cell, index) => this.#cell(row, layers[index]!, cell, metric, measure, range)),
          ),
        ),
      ),
      create(
        "tfoot",
        { attributes: { "aria-hidden": "true" } },
        create(
          "tr",
          {},
          create("th", {}, "layer"),
          ...layers.map((layer, index) => create("td", {}, index % stride === 0 ? String(layer) : "")),
        ),
      ),
    );
    this.#readOut.textContent = "Point at a cell to read it; click to open the matrix.";
    this.element.replaceChildren(
      this.#table,
      create("div", { class: "heat-foot" }, this.#readOut, legend(range, metric, measure)),
    );
    const start = this.#at(focused?.row ?? 0, focused?.column ?? 0) ?? [...this.#cells.keys()][0];
    start?.setAttribute("tabindex", "0");
    if (focused !== null) start?.focus();
  }

  #rowButton(row: RoleRow): HTMLElement {
    return create(
      "button",
      {
        class: "heat-row",
        title: `Compare ${rowLabel(row)} over all layers`,
        attributes: { type: "button" },
        onClick: () => {
          this.#compare(row);
        },
      },
      rowLabel(row),
    );
  }

  #cell(
    row: RoleRow,
    layer: number,
    cell: Cell | null,
    metric: MetricKey,
    measure: Measure,
    range: Range | null,
  ): HTMLElement {
    const name = `${rowLabel(row)}, layer ${layer}`;
    if (cell === null)
      return create("td", { class: "heat-none", attributes: { role: "gridcell", "aria-label": `${name}: no matrix` } });
    const value = cell[measure];
    const text = formatMeasure(metric, measure, value);
    const element = create("td", {
      class: Number.isNaN(value) ? "heat-unknown" : "heat-cell",
      attributes: { role: "gridcell", tabindex: "-1", "aria-label": `${name}: ${text}` },
    });
    if (range !== null && !Number.isNaN(value)) element.style.background = scaleColor(range.share(value));
    this.#cells.set(element, { row, layer, cell });
    return element;
  }

  #tell(target: EventTarget | null): void {
    const known = target instanceof HTMLElement ? this.#cells.get(target) : undefined;
    if (known === undefined) return;
    const { row, layer, cell } = known;
    const value = formatMeasure(this.#metric, "value", cell.value);
    const noise = formatMeasure(this.#metric, "value", cell.noise);
    const ratio = Number.isFinite(cell.ratio) ? ` (${formatMeasure(this.#metric, "ratio", cell.ratio)})` : "";
    const several = cell.matrices > 1 ? `, median of ${plural(cell.matrices, "matrix", "matrices")}` : "";
    this.#readOut.replaceChildren(
      create("strong", {}, `${rowLabel(row)}, layer ${layer}`),
      Number.isNaN(cell.value) ? "  not known" : `  ${value}, noise ${noise}${ratio}${several}`,
    );
  }

  #open(target: EventTarget | null): void {
    const known = target instanceof HTMLElement ? this.#cells.get(target) : undefined;
    if (known !== undefined) this.#choose(known.cell.node);
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

/** From the lowest to the highest value; logarithmic where they span more than a factor of 30. Null without values. */
function rangeOf(rows: readonly RoleRow[], measure: Measure): Range | null {
  let from = Infinity;
  let to = -Infinity;
  for (const { cells } of rows) {
    for (const cell of cells) {
      const value = cell?.[measure] ?? NaN;
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
    const mark = create("span", { class: "scale-mark", title: "noise" });
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
