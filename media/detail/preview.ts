/** Some entries of a tensor: as a heat map of any slice, and as the numbers themselves. */
import { t } from "../../server/text/l10n.ts";
import { csvText } from "../../server/text/csv.ts";
import { parseSlice, places, wholeSide, type Slice } from "../model/slice.ts";
import type { Store } from "../store.ts";
import { divergingScale } from "../ui/color-scale.ts";
import { create, uniqueId } from "../ui/dom.ts";
import { formatInteger, formatNumber, plural } from "../ui/format.ts";
import { menuButton } from "../ui/menu.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { chartColors, onThemeChange } from "../ui/theme.ts";

/** Rows and columns that are shown at once. */
const most = 64;
const corner = 48;
const numbersSwitch = "preview-numbers";
/** The colours span all but the outermost entries, which would make the rest pale. */
const spanned = 0.995;

/** A matrix within a tensor, row-major. */
export interface PreviewedMatrix {
  readonly tensor: string;
  /** Position of its first entry in the tensor. */
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

interface Shown {
  readonly rows: Slice;
  readonly columns: Slice;
  readonly values: Float64Array;
  readonly exact: readonly string[] | null;
}

export class Preview {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #matrix: PreviewedMatrix;
  readonly #inputs: { readonly rows: HTMLInputElement; readonly columns: HTMLInputElement };
  readonly #canvas = create("canvas", { class: "preview-map", attributes: { role: "img", tabindex: "0" } });
  readonly #cursor = create("div", { class: "preview-cursor", attributes: { "aria-hidden": "true" } });
  readonly #picture: HTMLElement;
  readonly #readOut = create("p", { class: "heat-read-out", attributes: { "aria-live": "polite" } });
  readonly #legend = create("span", { class: "scale" });
  readonly #table = create("div", {
    class: "preview-table",
    testid: "preview-table",
    attributes: { tabindex: "0", role: "region", "aria-label": t("Entries as numbers") },
  });
  readonly #status = create("p", { class: "hint", attributes: { role: "status" } });
  readonly #numbers: HTMLButtonElement;
  readonly #stopListening: () => void;
  #shown: Shown | null = null;
  #at: { row: number; column: number } | null = null;
  #request = 0;
  #disposed = false;

  constructor(store: Store, matrix: PreviewedMatrix) {
    this.#store = store;
    this.#matrix = matrix;
    this.#inputs = {
      rows: this.#input("rows", t("Which of the {0} rows: 0:64, ::8, 100, -16:", matrix.rows)),
      columns: this.#input("columns", t("Which of the {0} columns: 0:64, ::8, 100, -16:", matrix.columns)),
    };
    this.#numbers = this.#switch(t("Numbers"), "switch-preview-numbers", t("Show the entries as numbers"), () => {
      store.setSwitch(numbersSwitch, !store.isOn(numbersSwitch, false));
      this.#draw();
    });
    this.#picture = create(
      "div",
      { class: "preview-picture" },
      create("div", { class: "preview-frame" }, this.#canvas, this.#cursor),
      create("div", { class: "heat-foot" }, this.#readOut, this.#legend),
    );
    const actions = menuButton("export", t("Save or copy these values"), () => [
      {
        label: t("Copy entries, tab-separated"),
        testid: "preview-copy",
        run: () => {
          void this.#copy();
        },
      },
      {
        label: t("Save entries as CSV"),
        testid: "preview-save",
        run: () => {
          this.#save();
        },
      },
    ]);
    actions.trigger.dataset["testid"] = "preview-actions";
    this.element = create(
      "section",
      { class: "card preview", testid: "preview" },
      create(
        "div",
        { class: "card-head" },
        create("h3", {}, t("Values")),
        create(
          "div",
          { class: "switches" },
          this.#switch(t("Corner"), "preview-corner", t("The first rows and columns"), () => {
            this.#choose(`0:${Math.min(corner, matrix.rows)}`, `0:${Math.min(corner, matrix.columns)}`);
          }),
          this.#switch(t("Whole"), "preview-whole", t("Rows and columns from the whole matrix, evenly spaced"), () => {
            this.#choose(wholeSide(matrix.rows, most), wholeSide(matrix.columns, most));
          }),
          this.#numbers,
          actions.element,
        ),
      ),
      create(
        "div",
        { class: "preview-bar" },
        this.#field(t("Rows"), this.#inputs.rows, matrix.rows),
        this.#field(t("Columns"), this.#inputs.columns, matrix.columns),
      ),
      this.#status,
      this.#picture,
      this.#table,
    );
    this.#picture.hidden = true;
    this.#table.hidden = true;
    this.#listen();
    this.#stopListening = onThemeChange(() => {
      this.#draw();
    });
    this.#choose(`0:${Math.min(corner, matrix.rows)}`, `0:${Math.min(corner, matrix.columns)}`);
  }

  dispose(): void {
    this.#disposed = true;
    this.#stopListening();
  }

  #input(name: string, title: string): HTMLInputElement {
    const input = create("input", {
      class: "preview-input",
      testid: `preview-${name}`,
      title,
      attributes: { type: "text", spellcheck: "false", autocomplete: "off", id: uniqueId(name) },
    });
    input.addEventListener("change", () => {
      void this.#ask();
    });
    input.addEventListener("keydown", (event) => {
      // Escape gives the keyboard back to the tree; in a field it would surprise.
      if (event.key === "Escape") event.stopPropagation();
    });
    return input;
  }

  #field(label: string, input: HTMLInputElement, length: number): HTMLElement {
    return create(
      "span",
      { class: "preview-field" },
      create("label", { attributes: { for: input.id } }, label),
      input,
      create("span", { class: "hint" }, t("of {0}", formatInteger(length))),
    );
  }

  #switch(label: string, testid: string, title: string, onClick: () => void): HTMLButtonElement {
    return create("button", { class: "switch", title, testid, attributes: { type: "button" }, onClick }, label);
  }

  #choose(rows: string, columns: string): void {
    this.#inputs.rows.value = rows;
    this.#inputs.columns.value = columns;
    void this.#ask();
  }

  async #ask(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    try {
      const rows = parseSlice(this.#inputs.rows.value, this.#matrix.rows, most);
      const columns = parseSlice(this.#inputs.columns.value, this.#matrix.columns, most);
      const { values, exact } = await this.#store.host.entries(this.#matrix.tensor, {
        offset: this.#matrix.offset + rows.start * this.#matrix.columns + columns.start,
        rows: rows.count,
        columns: columns.count,
        rowStride: rows.step * this.#matrix.columns,
        columnStride: columns.step,
      });
      if (this.#disposed || request !== this.#request) return;
      this.#shown = { rows, columns, values: doubles(values), exact };
      this.#at = null;
      this.#status.textContent = "";
      this.#status.classList.remove("error");
      this.#draw();
    } catch (error) {
      if (this.#disposed || request !== this.#request) return;
      this.#status.classList.add("error");
      this.#status.textContent = visibleText(error instanceof Error ? error.message : String(error), 400);
    }
    this.#status.hidden = this.#status.textContent === "";
  }

  #draw(): void {
    const shown = this.#shown;
    const asNumbers = this.#store.isOn(numbersSwitch, false);
    this.#numbers.setAttribute("aria-pressed", String(asNumbers));
    this.#picture.hidden = asNumbers || shown === null;
    this.#table.hidden = !asNumbers || shown === null;
    if (shown === null) return;
    if (asNumbers) this.#table.replaceChildren(this.#numberTable(shown));
    else this.#paint(shown);
  }

  #paint({ rows, columns, values }: Shown): void {
    const { background, muted } = chartColors();
    const light =
      document.body.classList.contains("vscode-light") ||
      document.body.classList.contains("vscode-high-contrast-light");
    const bound = boundOf(values);
    const scale = divergingScale(!light, background);
    this.#canvas.width = columns.count;
    this.#canvas.height = rows.count;
    this.#canvas.style.aspectRatio = `${columns.count} / ${rows.count}`;
    this.#canvas.style.width = `min(100%, ${Math.round(Math.max(120, Math.min(440, (340 * columns.count) / rows.count)))}px)`;
    const context = this.#canvas.getContext("2d");
    if (context === null) return;
    let broken = 0;
    let beyond = 0;
    values.forEach((value, index) => {
      if (!Number.isFinite(value)) broken += 1;
      else if (Math.abs(value) > bound) beyond += 1;
      context.fillStyle = Number.isFinite(value) ? scale.color(bound === 0 ? 0 : value / bound) : muted;
      context.fillRect(index % columns.count, Math.floor(index / columns.count), 1, 1);
    });
    const bar = create("span", { class: "scale-bar", attributes: { "aria-hidden": "true" } });
    bar.style.background = scale.gradient;
    this.#legend.replaceChildren(`−${formatNumber(bound)}`, bar, formatNumber(bound));
    const notes = [
      ...(beyond > 0 ? [plural(beyond, "{0} entry beyond the scale", "{0} entries beyond the scale")] : []),
      ...(broken > 0 ? [plural(broken, "{0} entry NaN or infinite", "{0} entries NaN or infinite")] : []),
    ];
    this.#readOut.textContent =
      notes.length === 0
        ? t("Point at an entry to read it.")
        : t("Point at an entry to read it; {0}.", notes.join(", "));
    this.#cursor.hidden = true;
    this.#canvas.setAttribute(
      "aria-label",
      t(
        "{0} rows and {1} columns of entries as colours, from −{2} to {3}. Arrow keys read entries.",
        rows.count,
        columns.count,
        formatNumber(bound),
        formatNumber(bound),
      ),
    );
  }

  #numberTable({ rows, columns, values, exact }: Shown): HTMLElement {
    const down = places(rows);
    return dataTable({
      caption: t("Entries of the tensor"),
      columns: ["", ...places(columns).map(formatInteger)],
      rows: down.map((row, i) => [
        create("strong", {}, formatInteger(row)),
        ...Array.from({ length: columns.count }, (_, j) => {
          const index = i * columns.count + j;
          return create("span", { title: exactText(values, exact, index) }, formatNumber(values[index] ?? null));
        }),
      ]),
    });
  }

  #listen(): void {
    this.#canvas.addEventListener("pointermove", (event) => {
      const shown = this.#shown;
      if (shown === null) return;
      const { left, top, width, height } = this.#canvas.getBoundingClientRect();
      this.#read(
        Math.floor(((event.clientY - top) / height) * shown.rows.count),
        Math.floor(((event.clientX - left) / width) * shown.columns.count),
      );
    });
    this.#canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (step === undefined) return;
      event.preventDefault();
      const from = this.#at ?? { row: 0, column: -step[1]! };
      this.#read(from.row + step[0]!, from.column + step[1]!);
    });
  }

  /** Reads out an entry, and marks it. */
  #read(row: number, column: number): void {
    const shown = this.#shown;
    if (shown === null || row < 0 || column < 0 || row >= shown.rows.count || column >= shown.columns.count) return;
    this.#at = { row, column };
    const { rows, columns, values, exact } = shown;
    const index = row * columns.count + column;
    const place = `[${rows.start + row * rows.step}, ${columns.start + column * columns.step}]`;
    this.#readOut.replaceChildren(create("strong", {}, place), `  ${exactText(values, exact, index)}`);
    this.#cursor.hidden = false;
    const { offsetLeft, offsetTop, offsetWidth, offsetHeight } = this.#canvas;
    const [width, height] = [offsetWidth / columns.count, offsetHeight / rows.count];
    this.#cursor.style.left = `${offsetLeft + column * width}px`;
    this.#cursor.style.top = `${offsetTop + row * height}px`;
    this.#cursor.style.width = `${width}px`;
    this.#cursor.style.height = `${height}px`;
  }

  #lines({ rows, columns, values, exact }: Shown): string[][] {
    return Array.from({ length: rows.count }, (_, i) =>
      Array.from({ length: columns.count }, (_unused, j) => exactText(values, exact, i * columns.count + j)),
    );
  }

  async #copy(): Promise<void> {
    if (this.#shown === null) return;
    await navigator.clipboard.writeText(
      this.#lines(this.#shown)
        .map((cells) => cells.join("\t"))
        .join("\n"),
    );
  }

  #save(): void {
    const shown = this.#shown;
    if (shown === null) return;
    const { rows, columns, values, exact } = shown;
    const down = places(rows);
    const content = csvText({
      columns: ["row", ...places(columns).map(String)],
      rows: down.map((row, i) => [
        row,
        ...Array.from({ length: columns.count }, (_, j) => {
          const index = i * columns.count + j;
          return exact?.[index] ?? values[index] ?? NaN;
        }),
      ]),
    });
    this.#store.host.send({ type: "save", name: `${this.#matrix.tensor} values`, format: "csv", content });
  }
}

function exactText(values: Float64Array, exact: readonly string[] | null, index: number): string {
  return exact?.[index] ?? String(values[index]);
}

/** The magnitude that nearly all finite entries stay below. */
function boundOf(values: Float64Array): number {
  const magnitudes = values
    .filter((value) => Number.isFinite(value))
    .map(Math.abs)
    .sort();
  const quantile = magnitudes[Math.floor(spanned * (magnitudes.length - 1))] ?? 0;
  return quantile > 0 ? quantile : (magnitudes.at(-1) ?? 0);
}

/** Float64, little-endian, out of base64. */
function doubles(base64: string): Float64Array {
  const text = atob(base64);
  const view = new DataView(new ArrayBuffer(text.length));
  for (let at = 0; at < text.length; at++) view.setUint8(at, text.charCodeAt(at));
  return Float64Array.from({ length: text.length / 8 }, (_, index) => view.getFloat64(8 * index, true));
}
