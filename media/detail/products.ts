/**
 * Products of weights, computed when one asks: ΔW of a low-rank adapter in full, W_QᵀW_K of a layer's heads as small
 * multiples or a table, each of which opens in full.
 */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey, ProductResult } from "../../server/protocol.ts";
import type { ChartCard } from "../charts/chart-card.ts";
import { smallValues } from "../charts/small-values.ts";
import { gradePresentation } from "../model/grades.ts";
import { formatMetric, metricLabel } from "../model/metric-texts.ts";
import { productSpectrum } from "../model/shown-spectrum.ts";
import type { ProductChoice } from "../protocol.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { button, create } from "../ui/dom.ts";
import { asSentence, exact, formatInteger, formatNumber } from "../ui/format.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { moreLink } from "./more.ts";
import { productName, productPart } from "./product.ts";

const tableSwitch = "products-table";

const tableMetrics: readonly MetricKey[] = [
  "energy90",
  "effectiveRank",
  "stableRank",
  "top10Ratio",
  "firstLastRatio",
  "spectralNorm",
];

export class Products {
  readonly element = create("section", { class: "card products", testid: "products" });
  readonly #store: Store;
  readonly #which: ProductChoice;
  #running: AbortController | null = null;
  /** The one that is shown in full, where they are several. */
  #chosen: ProductResult | null = null;
  #charts: readonly ChartCard[] = [];

  constructor(store: Store, which: ProductChoice) {
    this.#store = store;
    this.#which = which;
    const known = store.products.get(this.#key);
    if (known === undefined) this.#offer("");
    // The charts are drawn when the element has its place.
    else
      requestAnimationFrame(() => {
        this.#show(known);
      });
  }

  dispose(): void {
    this.#running?.abort();
    this.#disposeCharts();
  }

  get #key(): string {
    return JSON.stringify(this.#which);
  }

  get #title(): string {
    return this.#which.kind === "update" ? t("Update ΔW = (α/r)·B·A") : t("W_QᵀW_K of each head");
  }

  #disposeCharts(): void {
    for (const chart of this.#charts) chart.dispose();
    this.#charts = [];
  }

  /** Before it is computed. @param said what came of the last attempt */
  #offer(said: string): void {
    const start = button(
      t("Compute"),
      () => {
        void this.#compute();
      },
      { testid: "compute-products", secondary: true },
    );
    this.#demand(start, said);
  }

  #demand(action: HTMLElement, said: string): void {
    const status = create("p", { class: "hint", testid: "products-status", attributes: { role: "status" } }, said);
    this.element.classList.add("on-demand");
    this.element.replaceChildren(
      create(
        "div",
        {},
        create("h3", {}, this.#title),
        create(
          "p",
          { class: "hint" },
          this.#which.kind === "update"
            ? t("What the adapter adds to its weight: the product of this factor and its other.")
            : t(
                "How a head compares two positions: the product of each query head with the key head that it reads, without rotary embeddings and norms.",
              ),
        ),
        status,
      ),
      create("div", { class: "actions" }, action),
    );
  }

  async #compute(): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const stop = button(
      t("Stop"),
      () => {
        running.abort();
      },
      { testid: "stop-products", secondary: true },
    );
    this.#demand(stop, t("Computing …"));
    stop.focus();
    try {
      const products = await this.#store.host.products(this.#which, {
        signal: running.signal,
        onProgress: ({ done, total }) => {
          const status = this.element.querySelector('[data-testid="products-status"]');
          if (status === null) return;
          status.textContent = t("Computing … {0} of {1} done.", formatInteger(done), formatInteger(total));
        },
      });
      this.#store.products.set(this.#key, products);
      this.#show(products);
      this.element.querySelector<HTMLElement>("h3")?.focus();
    } catch (error) {
      const said = running.signal.aborted ? t("Stopped.") : error instanceof Error ? error.message : String(error);
      this.#offer(asSentence(visibleText(said, 400)));
      this.element.querySelector<HTMLElement>("button")?.focus();
    } finally {
      this.#running = null;
    }
  }

  #show(products: readonly ProductResult[]): void {
    const [first] = products;
    this.#disposeCharts();
    this.element.classList.remove("on-demand");
    if (first === undefined) {
      this.element.replaceChildren(
        this.#head(),
        create(
          "p",
          { class: "hint" },
          this.#which.kind === "update"
            ? t("The other factor is not in this checkpoint, or the two do not fit each other.")
            : t("The queries and keys of this layer do not pair up."),
        ),
      );
      return;
    }
    if (products.length === 1) {
      const { element, charts } = productPart(this.#store, first);
      this.#charts = charts;
      this.element.replaceChildren(this.#head(), element, this.#more());
    } else {
      const asTable = this.#store.isOn(tableSwitch, false);
      const chosen = this.#chosen === null ? null : productPart(this.#store, this.#chosen);
      this.#charts = chosen?.charts ?? [];
      this.element.replaceChildren(
        this.#head(this.#tableSwitch(products)),
        asTable ? this.#numbers(products) : this.#pictures(products),
        this.#more(),
        ...(chosen === null || this.#chosen === null
          ? []
          : [create("h4", { class: "product-title" }, productName(this.#chosen)), chosen.element]),
      );
    }
    for (const chart of this.#charts) chart.draw();
  }

  #head(...switches: readonly HTMLElement[]): HTMLElement {
    return create(
      "div",
      { class: "card-head" },
      create("h3", { attributes: { tabindex: "-1" } }, this.#title),
      create("div", { class: "switches" }, ...switches),
    );
  }

  #more(): HTMLElement {
    return create(
      "p",
      { class: "chart-note" },
      t("Noise is a product of two random factors that is as large."),
      " ",
      moreLink(this.#store, "products"),
    );
  }

  #tableSwitch(products: readonly ProductResult[]): HTMLElement {
    const on = this.#store.isOn(tableSwitch, false);
    return create(
      "button",
      {
        class: "switch",
        title: t("Show the numbers of the heads as a table"),
        testid: "switch-products-table",
        attributes: { type: "button", "aria-pressed": String(on) },
        onClick: () => {
          this.#store.setSwitch(tableSwitch, !on);
          this.#show(products);
          this.element.querySelector<HTMLElement>('[data-testid="switch-products-table"]')?.focus();
        },
      },
      t("Table"),
    );
  }

  /** Shows one in full, or no longer. */
  #choose(products: readonly ProductResult[], index: number): void {
    const product = products[index] ?? null;
    this.#chosen = this.#chosen === product ? null : product;
    this.#show(products);
    this.element.querySelectorAll<HTMLElement>('[data-testid="product-choice"]')[index]?.focus();
  }

  #pictures(products: readonly ProductResult[]): HTMLElement {
    const highest = Math.max(0, ...products.map(({ singularValues }) => singularValues[0] ?? 0));
    const cells = products.map((product, index) => {
      const { verdict, metrics, noise, rank } = product;
      const needed = t("rank 90 %: {0} of {1}", formatNumber(metrics.energy90), rank);
      const grade = gradePresentation(verdict.grade);
      return create(
        "li",
        {},
        create(
          "button",
          {
            class: "head-cell",
            testid: "product-choice",
            title: visibleText(verdict.reason, 400),
            attributes: {
              type: "button",
              "aria-pressed": String(product === this.#chosen),
              "aria-label": `${labelOf(product, products)}: ${grade.label}, ${needed}, ${t("noise {0}", formatNumber(noise.energy90))}`,
            },
            onClick: () => {
              this.#choose(products, index);
            },
          },
          create("span", { class: "head-cell-head" }, labelOf(product, products), " ", gradeBadge(verdict.grade), " "),
          smallValues(productSpectrum(product), highest),
          create("span", { class: "head-cell-foot" }, needed),
        ),
      );
    });
    return create(
      "div",
      {},
      create("ul", { class: "head-cells", testid: "product-cells" }, ...cells),
      create(
        "p",
        { class: "chart-note" },
        t(
          "Singular values from the strongest, all on one axis up to {0}; dashed, what noise would give. Click a head for all of it.",
          formatNumber(Number(highest.toPrecision(3))),
        ),
      ),
    );
  }

  #numbers(products: readonly ProductResult[]): HTMLElement {
    return create(
      "div",
      { class: "table-scroll" },
      dataTable({
        caption: t("Products of the heads, and the most telling of their metrics beside those of noise"),
        columns: [t("Head"), t("Grade"), ...tableMetrics.map((key) => metricLabel(key))],
        rows: products.map((product, index) => [
          create(
            "button",
            {
              class: "link",
              testid: "product-choice",
              attributes: { type: "button", "aria-pressed": String(product === this.#chosen) },
              onClick: () => {
                this.#choose(products, index);
              },
            },
            labelOf(product, products),
          ),
          gradeBadge(product.verdict.grade),
          ...tableMetrics.map((key) =>
            create(
              "span",
              { title: `${exact(product.metrics[key])}\n${t("noise: {0}", exact(product.noise[key]))}` },
              formatMetric(key, product.metrics[key]),
              create("span", { class: "head-noise" }, ` ${formatMetric(key, product.noise[key])}`),
            ),
          ),
        ]),
      }),
      create("p", { class: "chart-note" }, t("Beside each value, what noise of the same shape would give.")),
    );
  }
}

/** Which of several; with its key head where several query heads read one. */
function labelOf({ kind, head, keyHead, expert }: ProductResult, all: readonly ProductResult[]): string {
  if (kind === "update") return t("slice {0}", expert ?? 0);
  return all.every((product) => product.head === product.keyHead)
    ? t("head {0}", head ?? 0)
    : t("head {0}, key {1}", head ?? 0, keyHead ?? 0);
}
