/** One product of two weights in full: its verdict, its values and their energy beside those of noise, its metrics. */
import { t } from "../../server/text/l10n.ts";
import type { ProductResult } from "../../server/protocol.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { energyPlot } from "../charts/energy.ts";
import { valuesPlot } from "../charts/values.ts";
import { productSpectrum } from "../model/shown-spectrum.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { exact, formatInteger, formatNumber, formatShape } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { metricTable } from "./metric-table.ts";
import { verdictCard } from "./verdict.ts";

export interface ProductPart {
  readonly element: HTMLElement;
  /** To be drawn once the element is in the document. */
  readonly charts: readonly ChartCard[];
}

/** What a product is called. */
export function productName({ kind, alpha, head, keyHead }: ProductResult): string {
  if (kind === "attention") return t("W_QᵀW_K of query head {0} and key head {1}", head ?? 0, keyHead ?? 0);
  return alpha === null ? "B·A" : "ΔW = (α/r)·B·A";
}

export function productPart(store: Store, product: ProductResult): ProductPart {
  const { module, rows, columns, rank, singularValues, metrics, noise, verdict } = product;
  const facts = factList([
    [t("Module"), visibleText(module, 200)],
    [t("Shape"), formatShape([rows, columns])],
    [product.kind === "update" ? t("Rank r") : t("Size of a head"), formatInteger(rank)],
    ...(product.kind === "update" ? scaleFacts(product) : []),
  ]);
  const parts: HTMLElement[] = [facts, verdictCard(store, verdict, false)];
  if (!(singularValues.length > 0 && metrics.frobeniusNorm !== null)) {
    return { element: create("div", { class: "stack", testid: "product" }, ...parts), charts: [] };
  }
  const shown = productSpectrum(product);
  const energy = energyPlot(shown);
  const subject = `${module} ${productName(product)}`;
  const charts = [
    new ChartCard(store, {
      ...{ testid: "chart-product-values", title: t("Singular values by index"), subject },
      switches: [
        {
          ...{ name: "product-log", label: t("Log"), initially: false },
          title: t("Logarithmic axis of singular values"),
        },
      ],
      plot: (isOn) => valuesPlot(shown, isOn("product-log")),
    }),
    ...(energy === null
      ? []
      : [
          new ChartCard(store, {
            ...{ testid: "chart-product-energy", title: t("Cumulative energy"), subject },
            ...{ switches: [], plot: () => energy },
          }),
        ]),
  ];
  parts.push(
    create("div", { class: "columns" }, ...charts.map(({ element }) => element)),
    metricTable(store, { metrics, noise, count: singularValues.length, knownOnly: true }),
  );
  return { element: create("div", { class: "stack", testid: "product" }, ...parts), charts };
}

function scaleFacts({ alpha, scale }: ProductResult): (readonly [string, string, string?])[] {
  if (alpha === null || scale === null) return [["α", t("unknown: no config tells")]];
  return [
    ["α", formatNumber(alpha), exact(alpha)],
    [t("Factor"), formatNumber(scale), exact(scale)],
  ];
}
