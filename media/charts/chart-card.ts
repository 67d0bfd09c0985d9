/** A chart with its title, legend, switches, and the same numbers as a table. */
import { t } from "../../server/text/l10n.ts";
import {
  BarController,
  BarElement,
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  type Point,
  Tooltip,
} from "chart.js";
import type { Store } from "../store.ts";
import { create, uniqueId } from "../ui/dom.ts";
import { icon } from "../ui/icons.ts";
import { menuButton, type MenuAction } from "../ui/menu.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { chartColors, onThemeChange } from "../ui/theme.ts";
import { csvText } from "../../server/text/csv.ts";
import { chartPicture, type PictureWords } from "./picture.ts";
import type { LegendEntry, LegendScale, Plot } from "./plot.ts";
import { chartVector } from "./vector.ts";
import { chartKey, rangesOf, showRanges, zoomable, zoomHelp } from "./zoom.ts";

Chart.register(
  BarController,
  BarElement,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  Tooltip,
);

export interface ChartSwitch {
  /** Name under which its state is kept. */
  readonly name: string;
  readonly label: string;
  readonly title: string;
  readonly initially: boolean;
}

export interface ChartCardOptions {
  readonly testid: string;
  readonly title: string;
  /** What the chart is about, for files made of it. Untrusted text. */
  readonly subject: string;
  readonly switches: readonly ChartSwitch[];
  readonly plot: (isOn: (name: string) => boolean) => Plot;
  /** The matrices whose spectra it shows, where a program can draw it from the file. */
  readonly matrices?: readonly string[];
}

/** How long the menu's button tells what was done, in milliseconds. */
const toldFor = 2000;

export class ChartCard {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #options: ChartCardOptions;
  readonly #legend = create("ul", { class: "legend", attributes: { "aria-label": t("Legend") } });
  readonly #canvas = create("canvas", { attributes: { role: "img" } });
  readonly #readOut = create("p", { class: "visually-hidden", attributes: { role: "status" } });
  readonly #plotArea = create(
    "div",
    { class: "plot", attributes: { tabindex: "0", role: "group" } },
    this.#canvas,
    this.#readOut,
  );
  readonly #table: HTMLElement;
  readonly #note = create("p", { class: "chart-note" });
  readonly #stopListening: () => void;
  /** What went wrong with an action. */
  readonly #trouble = create("p", { class: "chart-trouble", attributes: { role: "alert" } });
  readonly #actions = menuButton("export", t("Save or copy this chart"), () => this.#menu());
  readonly #wholeButton = create(
    "button",
    {
      class: "switch zoomed",
      testid: "zoom-reset",
      title: t("Show the whole chart again (double click, or 0)"),
      attributes: { type: "button" },
      onClick: () => {
        this.#showWhole();
      },
    },
    t("Reset zoom"),
  );
  #plot: Plot | null = null;
  #chart: Chart<"bar" | "line", Point[]> | null = null;
  /** What the axes show, to tell whether they still do. */
  #axes = "";

  constructor(store: Store, options: ChartCardOptions) {
    this.#store = store;
    this.#options = options;
    const heading = uniqueId("chart");
    const tableId = uniqueId("table");
    const tableSwitch: ChartSwitch = {
      name: `${options.testid}-table`,
      label: t("Table"),
      title: t("Show the numbers of this chart as a table"),
      initially: false,
    };
    this.#table = create("div", {
      class: "chart-table",
      testid: `${options.testid}-table`,
      attributes: { id: tableId, tabindex: "0", role: "region", "aria-labelledby": heading },
    });
    this.element = create(
      "figure",
      { class: "card chart", testid: options.testid, attributes: { "aria-labelledby": heading } },
      create(
        "figcaption",
        { class: "card-head" },
        create("h3", { title: options.title, attributes: { id: heading } }, options.title),
        create(
          "div",
          { class: "switches" },
          ...options.switches.map((each) => this.#switch(each)),
          this.#switch(tableSwitch, tableId),
          this.#actions.element,
        ),
      ),
      this.#trouble,
      this.#legend,
      this.#plotArea,
      this.#table,
      this.#note,
    );
    this.#actions.trigger.dataset["testid"] = "chart-actions";
    this.#trouble.hidden = true;
    this.#wholeButton.hidden = true;
    this.#plotArea.append(this.#wholeButton);
    this.#canvas.title = t("Drag to zoom, Shift and drag to move, double click to see all");
    this.#canvas.addEventListener("dblclick", () => {
      this.#showWhole();
    });
    this.#plotArea.addEventListener("keydown", (event) => {
      if (this.#chart === null) return;
      const known = chartKey(this.#chart, event, (text) => {
        this.#readOut.textContent = text;
      });
      if (!known) return;
      this.#zoomed();
      event.preventDefault();
      event.stopPropagation();
    });
    this.#stopListening = onThemeChange(() => {
      this.draw();
    });
  }

  /** Draws, or draws again; the element must be in the document for its size to be known. */
  draw(): void {
    const isOn = (name: string): boolean =>
      this.#store.isOn(name, this.#options.switches.find((each) => each.name === name)?.initially ?? false);
    const plot = this.#options.plot(isOn);
    this.#plot = plot;
    const asTable = isOn(`${this.#options.testid}-table`);
    this.#plotArea.hidden = asTable;
    this.#table.hidden = !asTable;
    this.#canvas.setAttribute("aria-label", plot.description);
    this.#plotArea.setAttribute("aria-label", `${this.#options.title}. ${zoomHelp()}`);
    const colors = chartColors();
    this.#legend.replaceChildren(
      ...plot.legend.map((entry) => legendItem(entry)),
      ...(plot.scale === undefined ? [] : [legendScale(plot.scale(colors))]),
    );
    this.#table.replaceChildren(dataTable(plot.table));
    this.#note.textContent = plot.note ?? "";
    this.#note.hidden = plot.note === undefined;
    // New numbers on the same axes leave in view what was.
    const configuration = plot.configuration(colors);
    const axes = JSON.stringify(Object.values(configuration.options?.scales ?? {}).map((scale) => axisName(scale)));
    const before = axes === this.#axes ? this.#chart : null;
    const ranges = before === null ? null : rangesOf(before);
    this.#axes = axes;
    const zooming = zoomable(configuration, colors, () => {
      this.#zoomed();
    });
    // Quicker than a new one, unless plugins of its own draw what belongs to the old data.
    if (before !== null && configuration.plugins === undefined) {
      before.data = zooming.data;
      before.options = zooming.options ?? {};
      before.update("none");
    } else {
      this.#chart?.destroy();
      this.#chart = new Chart(this.#canvas, zooming);
    }
    if (ranges !== null && this.#chart !== null) showRanges(this.#chart, ranges);
    this.#zoomed();
  }

  #zoomed(): void {
    this.#wholeButton.hidden = this.#plotArea.hidden || this.#chart?.isZoomedOrPanned() !== true;
  }

  #showWhole(): void {
    this.#chart?.resetZoom("none");
    if (document.activeElement === this.#wholeButton) this.#plotArea.focus();
    this.#zoomed();
  }

  dispose(): void {
    this.#stopListening();
    this.#chart?.destroy();
    this.#chart = null;
  }

  /** What can be done with what one sees: a chart that a table stands for has no picture. */
  #menu(): MenuAction[] {
    const { matrices } = this.#options;
    return [
      ...(this.#plotArea.hidden
        ? []
        : [
            {
              label: t("Save picture as PNG"),
              testid: "save-png",
              run: () => {
                this.#save("png", chartPicture(this.#canvas, this.#words(), chartColors()));
              },
            },
            {
              label: t("Save picture as SVG"),
              testid: "save-svg",
              run: () => {
                this.#saveVector();
              },
            },
          ]),
      {
        label: t("Save numbers as CSV"),
        testid: "save-csv",
        run: () => {
          if (this.#plot !== null) this.#save("csv", csvText(this.#plot.numbers()));
        },
      },
      ...(matrices === undefined
        ? []
        : [
            {
              label: t("Copy Python program"),
              testid: "copy-python",
              run: () => {
                void this.#copy(matrices);
              },
            },
          ]),
    ];
  }

  #save(format: "png" | "svg" | "csv", content: string): void {
    const { title, subject } = this.#options;
    this.#store.host.send({ type: "save", name: `${subject} ${title}`, format, content });
  }

  #saveVector(): void {
    if (this.#plot === null || this.#chart === null) return;
    const colors = chartColors();
    const { width, height, scales } = this.#chart;
    const ranges = Object.fromEntries(Object.entries(scales).map(([id, { min, max }]) => [id, { min, max }]));
    this.#save("svg", chartVector(this.#plot.configuration(colors), { width, height, ranges }, this.#words(), colors));
  }

  async #copy(matrices: readonly string[]): Promise<void> {
    let trouble = "";
    try {
      await this.#store.host.copyPython(matrices);
    } catch (error) {
      trouble = visibleText(error instanceof Error ? error.message : String(error), 400);
    }
    this.#trouble.textContent = trouble;
    this.#trouble.hidden = trouble === "";
    if (trouble !== "") return;
    const { trigger } = this.#actions;
    this.#readOut.textContent = t("Copied");
    trigger.replaceChildren(icon("check"));
    setTimeout(() => {
      trigger.replaceChildren(icon("export"));
    }, toldFor);
  }

  /** What stands over the chart in a picture of it. */
  #words(): PictureWords {
    const { title, subject } = this.#options;
    const scale = this.#plot?.scale?.(chartColors());
    const entries = [...this.#legend.children].filter((entry) => !entry.classList.contains("scale"));
    const legend = entries.map((entry) => ({
      label: entry.textContent,
      color: getComputedStyle(entry.firstElementChild ?? entry).color,
    }));
    if (scale !== undefined)
      legend.unshift({ label: scale.from, color: scale.colors[0] }, { label: `… ${scale.to}`, color: scale.colors[1] });
    return { title, subject: visibleText(subject, 120), legend };
  }

  #switch({ name, label, title, initially }: ChartSwitch, controls?: string): HTMLButtonElement {
    const element = create(
      "button",
      {
        class: controls === undefined ? "switch" : "switch table-switch",
        title,
        testid: `switch-${name}`,
        attributes: {
          type: "button",
          "aria-pressed": String(this.#store.isOn(name, initially)),
          ...(controls === undefined ? {} : { "aria-label": label, "aria-controls": controls }),
        },
        onClick: () => {
          const on = !this.#store.isOn(name, initially);
          this.#store.setSwitch(name, on);
          element.setAttribute("aria-pressed", String(on));
          this.draw();
        },
      },
      ...(controls === undefined ? [label] : [icon("matrix"), create("span", {}, label)]),
    );
    return element;
  }
}

/** What an axis shows and how. */
function axisName(scale: unknown): unknown {
  if (typeof scale !== "object" || scale === null) return null;
  const { type, title }: { type?: unknown; title?: { text?: unknown } } = scale;
  return [type, title?.text];
}

function legendItem({ label, series, color, shape }: LegendEntry): HTMLElement {
  const swatch = create("span", { class: `swatch swatch-${shape}${series === undefined ? "" : ` series-${series}`}` });
  if (color !== undefined) swatch.style.color = color;
  return create("li", {}, swatch, label);
}

function legendScale({ from, to, gradient }: LegendScale): HTMLElement {
  const bar = create("span", { class: "scale-bar", attributes: { "aria-hidden": "true" } });
  bar.style.background = gradient;
  return create("li", { class: "scale" }, from, bar, to);
}
