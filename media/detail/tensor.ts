/** A tensor: its facts and, where it is a matrix, its verdict, spectrum and metrics. */
import type { MatrixDetail } from "../../server/protocol.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { energyPlot } from "../charts/energy.ts";
import { histogramPlot, prefersLogarithmic } from "../charts/histogram.ts";
import { valuesPlot } from "../charts/values.ts";
import { matrixId, matrixIds } from "../model/matrix-ids.ts";
import { entryCount, type TensorNode } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { baseName, formatBytes, formatCount, formatInteger, formatShape } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { breadcrumb } from "./breadcrumb.ts";
import { entriesCard } from "./entries.ts";
import { metricTable } from "./metric-table.ts";
import { sliceTable } from "./slices.ts";
import { verdictCard } from "./verdict.ts";
import type { DetailView } from "./view.ts";
import { waitingCard } from "./waiting.ts";

export class TensorView implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #node: TensorNode;
  readonly #id: string | null;
  readonly #body = create("div", { class: "detail-body" });
  #charts: ChartCard[] = [];
  #slices: ReturnType<typeof sliceTable> | null = null;
  /** Counts requests: an answer to an earlier one is stale. */
  #request = 0;
  #detail: MatrixDetail | null = null;
  #disposed = false;
  #waitedIn = "";

  constructor(store: Store, node: TensorNode, slice: number | null) {
    this.#store = store;
    this.#node = node;
    this.#id = matrixId(node.tensor, slice);
    this.element = create(
      "article",
      { class: "tensor" },
      breadcrumb(store, node, slice === null ? undefined : `slice ${slice}`),
      create("h2", { class: "title", attributes: { tabindex: "-1" } }, visibleText(node.tensor.name, 400)),
      this.#facts(),
      this.#body,
    );
    if (node.tensor.matrices === 0) {
      this.#body.append(create("p", { class: "hint", testid: "no-matrix" }, whyNoMatrix(node)));
    } else if (this.#id === null) {
      this.#slices = sliceTable(store, node);
      this.#body.append(this.#slices.element);
    } else {
      this.#body.append(this.#waiting());
      void this.#ask();
    }
  }

  readonly results = (changed: ReadonlySet<TensorNode>): void => {
    if (!changed.has(this.#node)) return;
    this.#slices?.update();
    if (this.#id === null || this.#store.checkpoint?.result(this.#id) === undefined) return;
    const grade = this.#store.checkpoint.result(this.#id)?.grade;
    if (this.#detail === null || this.#detail.grade !== grade) void this.#ask();
  };

  readonly analysis = (): void => {
    const waiting = this.#body.querySelector('[data-testid="waiting"]');
    if (waiting === null || this.#detail !== null) return;
    // The button under someone's finger must not be replaced by an equal one.
    if (this.#waitedIn !== this.#waitingKey()) waiting.replaceWith(this.#waiting());
  };

  #waiting(): HTMLElement {
    this.#waitedIn = this.#waitingKey();
    const { tensor } = this.#node;
    return waitingCard(this.#store, { tensor: tensor.name, ids: matrixIds(tensor) });
  }

  /** What the waiting card depends on. */
  #waitingKey(): string {
    const { analysis, engine } = this.#store;
    return JSON.stringify([analysis, engine]);
  }

  dispose(): void {
    this.#disposed = true;
    this.#disposeCharts();
  }

  #disposeCharts(): void {
    for (const chart of this.#charts) chart.dispose();
    this.#charts = [];
  }

  async #ask(): Promise<void> {
    if (this.#id === null) return;
    this.#request += 1;
    const request = this.#request;
    const stale = (): boolean => this.#disposed || request !== this.#request;
    try {
      const detail = await this.#store.host.matrix(this.#id);
      if (stale() || detail === null) return;
      this.#detail = detail;
      this.#show(detail);
    } catch (error) {
      if (!stale()) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(message: string): void {
    this.#disposeCharts();
    this.#body.replaceChildren(
      create(
        "section",
        { class: "card failure", testid: "failure", attributes: { role: "alert" } },
        create("h3", {}, "The result could not be read"),
        create("p", {}, visibleText(message, 2000)),
        create(
          "div",
          { class: "actions" },
          button("Try again", () => {
            this.#body.replaceChildren(this.#waiting());
            void this.#ask();
          }),
        ),
      ),
    );
  }

  #show(detail: MatrixDetail): void {
    this.#disposeCharts();
    const parts: HTMLElement[] = [verdictCard(this.#store, detail.verdict, detail.rows === detail.columns)];
    const hasSpectrum = detail.singularValues.some((value) => value !== null);
    if (hasSpectrum) {
      this.#charts = [
        new ChartCard(this.#store, {
          testid: "chart-histogram",
          title: "Spectrum",
          subject: detail.id,
          switches: [
            {
              name: "histogram-log",
              label: "Log",
              title: "Logarithmic axis of singular values",
              initially: prefersLogarithmic(detail),
            },
          ],
          plot: (isOn) => histogramPlot(detail, isOn("histogram-log")),
        }),
        new ChartCard(this.#store, {
          testid: "chart-values",
          title: "Singular values by index",
          subject: detail.id,
          switches: [
            { name: "values-log", label: "Log", title: "Logarithmic axis of singular values", initially: false },
          ],
          plot: (isOn) => valuesPlot(detail, isOn("values-log")),
        }),
        ...energyCard(this.#store, detail),
      ];
      parts.push(
        create("div", { class: "columns" }, ...this.#charts.slice(0, 2).map(({ element }) => element)),
        create(
          "div",
          { class: "columns uneven" },
          metricTable(detail),
          create(
            "div",
            { class: "stack" },
            ...this.#charts.slice(2).map(({ element }) => element),
            ...(detail.entries === null ? [] : [entriesCard(detail.entries)]),
          ),
        ),
      );
    } else if (detail.entries !== null) {
      parts.push(entriesCard(detail.entries));
    }
    this.#body.replaceChildren(...parts);
    for (const chart of this.#charts) chart.draw();
  }

  #facts(): HTMLElement {
    const { tensor } = this.#node;
    const file = this.#store.checkpoint?.catalogue.files[tensor.file];
    const entries = entryCount(tensor);
    return factList([
      ["Role", tensor.role],
      ["Shape", formatShape(tensor.shape)],
      ["Dtype", tensor.dtype],
      ["Entries", formatCount(entries), formatInteger(entries)],
      ["Size", formatBytes(tensor.bytes), `${formatInteger(tensor.bytes)} bytes`],
      ...(file === undefined ? [] : [["File", visibleText(baseName(file.path), 120), visibleText(file.path)] as const]),
    ]);
  }
}

/** None for a matrix without energy. */
function energyCard(store: Store, detail: MatrixDetail): ChartCard[] {
  const plot = energyPlot(detail);
  return plot === null
    ? []
    : [
        new ChartCard(store, {
          testid: "chart-energy",
          title: "Cumulative energy",
          subject: detail.id,
          switches: [],
          plot: () => plot,
        }),
      ];
}

function whyNoMatrix({ tensor }: TensorNode): string {
  if (tensor.shape.length < 2) {
    return "A tensor with fewer than two dimensions has no singular values; it is listed with its facts only.";
  }
  return "This tensor is not analysed: it is no matrix of weights of its own.";
}
