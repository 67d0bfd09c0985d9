/** A tensor, or a part of one: its facts and, where it is a matrix, its verdict, spectrum, vectors, heads and values. */
import { t } from "../../server/text/l10n.ts";
import type { DrawnSpectrum, MatrixDetail } from "../../server/protocol.ts";
import { prefersLogarithmic } from "../../server/spectrum/bulk-curve.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { energyPlot } from "../charts/energy.ts";
import { histogramPlot } from "../charts/histogram.ts";
import { valuesPlot } from "../charts/values.ts";
import { matrixId, matrixIds } from "../model/matrix-ids.ts";
import { entryCount, type TensorNode } from "../model/nodes.ts";
import type { Portion, Portions } from "../model/portions.ts";
import { matrixSpectrum } from "../model/shown-spectrum.ts";
import type { Store } from "../store.ts";
import { button, create } from "../ui/dom.ts";
import { baseName, formatBytes, formatCount, formatInteger, formatShape } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleName, visibleText } from "../ui/text.ts";
import { breadcrumb } from "./breadcrumb.ts";
import { entriesCard } from "./entries.ts";
import { HeadGrid } from "./head-grid.ts";
import { metricTable } from "./metric-table.ts";
import { partsCard } from "./parts.ts";
import { Preview } from "./preview.ts";
import { Products } from "./products.ts";
import { sliceTable } from "./slices.ts";
import { VectorEntries } from "./vector-entries.ts";
import { vectorsPart } from "./vectors.ts";
import { verdictCard } from "./verdict.ts";
import type { DetailView } from "./view.ts";
import { waitingCard } from "./waiting.ts";

/** Which matrix of a tensor is shown. */
export interface Within {
  /** Of a stack. */
  readonly slice?: number | null;
  /** Id of a head, or of a part of a fused weight. */
  readonly portion?: string;
}

export class TensorView implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #node: TensorNode;
  readonly #slice: number | null;
  readonly #portion: string | null;
  readonly #id: string | null;
  readonly #heading = create("h2", { class: "title", attributes: { tabindex: "-1" } });
  readonly #facts = create("div", { class: "facts-of" });
  readonly #body = create("div", { class: "detail-body" });
  /** What lies within the matrix: parts of a fused weight, heads. */
  readonly #within = create("div", { class: "stack within" });
  readonly #preview: Preview | null;
  readonly #vector: VectorEntries | null;
  /** What an adapter's factor changes, together with its other. */
  readonly #update: Products | null;
  #charts: ChartCard[] = [];
  #grids: HeadGrid[] = [];
  #parts: ReturnType<typeof partsCard> | null = null;
  #slices: ReturnType<typeof sliceTable> | null = null;
  /** Counts requests: an answer to an earlier one is stale. */
  #request = 0;
  #detail: MatrixDetail | null = null;
  /** A fresh matrix that is shown beside this one. */
  #drawn: DrawnSpectrum | null = null;
  #disposed = false;
  #waitedIn = "";

  constructor(store: Store, node: TensorNode, { slice = null, portion }: Within) {
    this.#store = store;
    this.#node = node;
    this.#slice = slice;
    this.#portion = portion ?? null;
    this.#id = portion ?? matrixId(node.tensor, slice);
    const { tensor } = node;
    const last =
      portion === undefined ? (slice === null ? undefined : t("slice {0}", slice)) : suffix(portion, tensor.name);
    this.#heading.textContent = visibleName(tensor.name, 400);
    this.#facts.append(this.#factsOf(null));
    this.#preview = portion === undefined ? previewOf(store, node, slice) : null;
    this.#vector = tensor.shape.length === 1 && entryCount(tensor) > 0 ? new VectorEntries(store, tensor.name) : null;
    const isFactor = (tensor.role === "lora-a" || tensor.role === "lora-b") && tensor.matrices > 0;
    this.#update =
      isFactor && portion === undefined && slice === null
        ? new Products(store, { kind: "update", tensors: [tensor.name] })
        : null;
    this.element = create(
      "article",
      { class: "tensor" },
      breadcrumb(store, node, last),
      this.#heading,
      this.#facts,
      this.#body,
      this.#within,
      ...(this.#update === null ? [] : [this.#update.element]),
      ...(this.#preview === null ? [] : [this.#preview.element]),
    );
    if (this.#vector !== null) {
      this.#body.append(this.#vector.element);
    } else if (tensor.matrices === 0) {
      this.#body.append(create("p", { class: "hint", testid: "no-matrix" }, whyNoMatrix(node)));
    } else if (this.#id === null) {
      this.#slices = sliceTable(store, node);
      this.#body.append(this.#slices.element);
    } else {
      this.#body.append(this.#waiting());
      void this.#ask();
    }
    if (tensor.matrices > 0) void this.#lookWithin();
  }

  readonly results = (changed: ReadonlySet<TensorNode>): void => {
    if (!changed.has(this.#node)) return;
    this.#slices?.update();
    this.#parts?.update();
    for (const grid of this.#grids) grid.refresh();
    if (this.#id === null || this.#store.checkpoint?.result(this.#id) === undefined) return;
    const grade = this.#store.checkpoint.result(this.#id)?.grade;
    const waitsForVectors = this.#body.querySelector('[data-testid="vectors-on-demand"] button:disabled') !== null;
    if (this.#detail === null || this.#detail.grade !== grade || waitsForVectors) void this.#ask();
  };

  readonly analysis = (): void => {
    for (const grid of this.#grids) grid.refresh();
    const waiting = this.#body.querySelector('[data-testid="waiting"]');
    if (waiting === null || this.#detail !== null) return;
    // The button under someone's finger must not be replaced by an equal one.
    if (this.#waitedIn !== this.#waitingKey()) waiting.replaceWith(this.#waiting());
  };

  /** What the waiting card depends on. */
  #waitingKey(): string {
    const { analysis, engine } = this.#store;
    return JSON.stringify([analysis, engine]);
  }

  dispose(): void {
    this.#disposed = true;
    this.#disposeCharts();
    this.#update?.dispose();
    this.#preview?.dispose();
    this.#vector?.dispose();
    for (const grid of this.#grids) grid.dispose();
  }

  #disposeCharts(): void {
    for (const chart of this.#charts) chart.dispose();
    this.#charts = [];
  }

  /** A part is computed when someone asks for it, the rest by itself. */
  #waiting(): HTMLElement {
    const id = this.#portion;
    this.#waitedIn = this.#waitingKey();
    if (id === null || this.#store.engine?.phase === "unavailable") {
      const { tensor } = this.#node;
      return waitingCard(this.#store, { tensor: tensor.name, ids: matrixIds(tensor) });
    }
    const running = this.#store.analysis.phase === "running" && this.#store.analysis.asked !== undefined;
    return create(
      "section",
      { class: running ? "card waiting busy" : "card waiting", testid: "waiting", attributes: { role: "status" } },
      create("h3", {}, running ? t("Computing …") : t("Not analysed yet")),
      create("p", {}, t("It is a matrix of its own within this weight, and is analysed when you ask for it.")),
      running
        ? ""
        : create(
            "div",
            { class: "actions" },
            button(
              t("Analyse"),
              () => {
                this.#store.host.analyse([id]).catch((error: unknown) => {
                  this.#fail(error instanceof Error ? error.message : String(error));
                });
              },
              { testid: "analyse-portion" },
            ),
          ),
    );
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
        create("h3", {}, t("The result could not be read")),
        create("p", {}, visibleText(message, 2000)),
        create(
          "div",
          { class: "actions" },
          button(t("Try again"), () => {
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
      const shown = matrixSpectrum(detail);
      const spectra = [
        new ChartCard(this.#store, {
          testid: "chart-histogram",
          title: t("Spectrum"),
          subject: detail.id,
          switches: [
            {
              name: "histogram-log",
              label: t("Log"),
              title: t("Logarithmic axis of singular values"),
              initially: prefersLogarithmic(detail.singularValues[0] ?? null, detail.metrics),
            },
          ],
          plot: (isOn) => histogramPlot(detail, isOn("histogram-log")),
          matrices: [detail.id],
        }),
        new ChartCard(this.#store, {
          testid: "chart-values",
          title: t("Singular values by index"),
          subject: detail.id,
          switches: [
            { name: "values-log", label: t("Log"), title: t("Logarithmic axis of singular values"), initially: false },
          ],
          plot: (isOn) => valuesPlot(shown, isOn("values-log"), this.#drawn),
          matrices: [detail.id],
        }),
      ];
      const energy = energyCards(this.#store, detail);
      const vectors = vectorsPart(this.#store, detail);
      this.#charts = [...spectra, ...energy, ...vectors.charts];
      parts.push(
        create("div", { class: "columns" }, ...spectra.map(({ element }) => element)),
        create(
          "div",
          { class: "columns uneven" },
          metricTable(this.#store, { ...detail, count: Math.min(detail.rows, detail.columns) }),
          create(
            "div",
            { class: "stack" },
            ...energy.map(({ element }) => element),
            ...(detail.entries === null ? [] : [entriesCard(detail.entries)]),
          ),
        ),
        ...(vectors.charts.length > 0
          ? [vectors.element, this.#drawCard(detail, spectra[1]!)]
          : [create("div", { class: "columns" }, vectors.element, this.#drawCard(detail, spectra[1]!))]),
      );
    } else if (detail.entries !== null) {
      parts.push(entriesCard(detail.entries));
    }
    this.#body.replaceChildren(...parts);
    for (const chart of this.#charts) chart.draw();
  }

  /** Lays the spectrum of a freshly drawn matrix over the values. */
  #drawCard(detail: MatrixDetail, values: ChartCard): HTMLElement {
    const status = create("p", { class: "hint", attributes: { role: "status" } });
    const say = (): void => {
      const { initialiser, seed } = this.#drawn ?? {};
      status.textContent =
        initialiser === undefined
          ? t("Draws a matrix as this one may have begun, and lays its singular values over these.")
          : t("Seed {0}: {1}.", seed ?? 1, visibleText(initialiser.words, 200));
    };
    say();
    const action = button(
      this.#drawn === null ? t("Draw a fresh matrix") : t("Draw another"),
      () => {
        action.disabled = true;
        status.textContent = t("Drawing …");
        this.#store.host
          .draw(detail.id, (this.#drawn?.seed ?? 0) + 1)
          .then(
            (drawn) => {
              if (this.#disposed || this.#detail !== detail) return;
              this.#drawn = drawn;
              say();
              if (drawn === null) status.textContent = t("There is nothing fresh that compares with this matrix.");
              else {
                action.textContent = t("Draw another");
                values.draw();
              }
            },
            (error: unknown) => {
              status.textContent = visibleText(error instanceof Error ? error.message : String(error), 400);
            },
          )
          .finally(() => {
            action.disabled = false;
          });
      },
      { secondary: true, testid: "draw" },
    );
    return create(
      "section",
      { class: "card on-demand", testid: "draw-card" },
      create("div", {}, create("h3", {}, t("Beside a fresh matrix")), status),
      create("div", { class: "actions" }, action),
    );
  }

  /** Parts and heads, or what this part is called. They may be many: the rest is there first. */
  async #lookWithin(): Promise<void> {
    let portions: Portions;
    try {
      portions = await this.#store.portions();
    } catch {
      // The matrix itself is shown all the same.
      return;
    }
    if (this.#disposed) return;
    if (this.#portion !== null) {
      const portion = portions.portion(this.#portion);
      if (portion === undefined) return;
      this.#heading.replaceChildren(
        capitalised(portion.label),
        create("span", { class: "title-of" }, ` ${t("of {0}", visibleName(this.#node.tensor.name, 400))}`),
      );
      this.#facts.replaceChildren(this.#factsOf(portion));
      this.#addSiblings(portions, portion);
      return;
    }
    const { name } = this.#node.tensor;
    const parts = portions.partsOf(name, this.#slice);
    if (parts.length > 0) {
      this.#parts = partsCard(this.#store, parts);
      this.#within.append(this.#parts.element);
    }
    if (this.#slice !== null) return;
    const missing = portions.groups.reduce(
      (sum, { ids }) => sum + ids.filter((id) => this.#store.checkpoint?.result(id) === undefined).length,
      0,
    );
    const each = portions.estimatedSeconds / Math.max(1, missing);
    for (const group of portions.inTensor(name)) {
      const grid = new HeadGrid(this.#store, t("{0} heads", capitalised(group.role)), [group], each);
      this.#grids.push(grid);
      this.#within.append(grid.element);
    }
  }

  /** The way to the heads beside this one. */
  #addSiblings(portions: Portions, { head, tensor, role, block }: Portion): void {
    if (head === null) return;
    const ids = portions.inTensor(tensor).find((group) => group.role === role)?.ids ?? [];
    const step = (label: string, to: number): HTMLElement | string => {
      const id = ids[to];
      return id === undefined
        ? ""
        : create(
            "button",
            {
              class: "link",
              attributes: { type: "button" },
              onClick: () => {
                this.#store.select({ kind: "portion", name: tensor, id });
              },
            },
            label,
          );
    };
    this.#facts.append(
      create(
        "nav",
        { class: "siblings", testid: "siblings", attributes: { "aria-label": t("Other heads") } },
        step(t("‹ head {0}", head - 1), head - 1),
        step(t("head {0} ›", head + 1), head + 1),
        create(
          "button",
          {
            class: "link",
            attributes: { type: "button" },
            onClick: () => {
              this.#store.select({ kind: "heads", block });
            },
          },
          t("All heads of the layer"),
        ),
      ),
    );
  }

  #factsOf(portion: Portion | null): HTMLElement {
    const { tensor } = this.#node;
    const file = this.#store.checkpoint?.catalogue.files[tensor.file];
    const shape = portion === null ? tensor.shape : [portion.rows, portion.columns];
    const entries = shape.reduce((product, side) => product * side, 1);
    return factList([
      [t("Role"), portion?.role ?? tensor.role],
      [t("Shape"), formatShape(shape)],
      ...(tensor.packed === undefined
        ? [[t("Dtype"), tensor.dtype] as const]
        : [
            [t("Format"), tensor.packed.format] as const,
            [t("Stored as"), `${tensor.dtype} ${formatShape(tensor.packed.shape)}`] as const,
          ]),
      [t("Entries"), formatCount(entries), formatInteger(entries)],
      ...(portion === null
        ? [[t("Size"), formatBytes(tensor.bytes), t("{0} bytes", formatInteger(tensor.bytes))] as const]
        : []),
      ...(file === undefined
        ? []
        : [[t("File"), visibleText(baseName(file.path), 120), visibleText(file.path)] as const]),
    ]);
  }
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** `#head3` as `head 3`; the whole id where it says something else. */
function suffix(id: string, tensor: string): string {
  const own = id.slice(tensor.length).replace(/^#/u, "");
  const head = /^head(\d+)$/u.exec(own)?.[1];
  return head === undefined ? visibleText(own.replace("-", " "), 60) : t("head {0}", head);
}

/** The matrix that the tensor is read as, a slice of it, or none for a vector. */
function previewOf(store: Store, { tensor }: TensorNode, slice: number | null): Preview | null {
  const { shape, matrices, name } = tensor;
  const entries = shape.reduce((product, side) => product * side, 1);
  const [first] = shape;
  if (first === undefined || shape.length < 2 || entries === 0) return null;
  if (matrices > 1) {
    if (slice === null) return null;
    const rows = shape[1]!;
    const columns = entries / first / rows;
    return new Preview(store, { tensor: name, offset: slice * rows * columns, rows, columns });
  }
  // As it is analysed: convolutions as output × all the rest.
  return new Preview(store, { tensor: name, offset: 0, rows: first, columns: entries / first });
}

/** None for a matrix without energy. */
function energyCards(store: Store, detail: MatrixDetail): ChartCard[] {
  const plot = energyPlot(matrixSpectrum(detail));
  return plot === null
    ? []
    : [
        new ChartCard(store, {
          testid: "chart-energy",
          title: t("Cumulative energy"),
          subject: detail.id,
          switches: [],
          plot: () => plot,
          matrices: [detail.id],
        }),
      ];
}

function whyNoMatrix({ tensor }: TensorNode): string {
  if (tensor.auxiliary === true) {
    return t(
      "This tensor only helps to decode a quantised weight (scales, zero points, tables); it is not analysed itself.",
    );
  }
  if (tensor.shape.length < 2) {
    return t("A tensor with fewer than two dimensions has no singular values; it is listed with its facts only.");
  }
  return t("This tensor is not analysed: it is no matrix of weights of its own.");
}
