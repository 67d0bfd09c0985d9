/** The matrices that come first in an order one chooses, such as those most like noise. */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { ranking, type Column, type Order } from "../model/across.ts";
import { formatMeasure } from "../model/across-texts.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { matrixId } from "../model/matrix-ids.ts";
import { metricLabel } from "../model/metric-texts.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { create } from "../ui/dom.ts";
import { formatInteger, plural } from "../ui/format.ts";
import { visibleName } from "../ui/text.ts";

const most = 50;

export class Ranking {
  readonly element = create("div", { class: "table-scroll", testid: "ranking" });
  readonly #store: Store;
  readonly #checkpoint: Checkpoint;
  #order: Order = { by: "ratio", descending: false };
  #shown: { readonly column: Column; readonly metric: MetricKey } | null = null;

  constructor(store: Store, checkpoint: Checkpoint) {
    this.#store = store;
    this.#checkpoint = checkpoint;
  }

  show(column: Column, metric: MetricKey): void {
    this.#shown = { column, metric };
    let ranked = ranking(this.#checkpoint, column, this.#order, most);
    if (ranked.length === 0 && this.#order.by === "ratio") {
      // Noise has none of it, so that nothing can be held against noise.
      ranked = ranking(this.#checkpoint, column, { by: "value", descending: true }, most);
    }
    const label = metricLabel(metric);
    this.element.replaceChildren(
      create(
        "table",
        { class: "list-table ranking" },
        create("caption", { class: "visually-hidden" }, t("Matrices by {0}", label)),
        create(
          "thead",
          {},
          create(
            "tr",
            {},
            create("th", { attributes: { scope: "col" } }, t("Matrix")),
            this.#heading("value", label),
            this.#heading("noise", t("Noise")),
            this.#heading("ratio", t("Value / noise")),
            create("th", { attributes: { scope: "col" } }, t("Grade")),
          ),
        ),
        create(
          "tbody",
          {},
          ...ranked.map(({ node, slice, value, noise, ratio }) => {
            const { name } = node.tensor;
            const id = matrixId(node.tensor, slice) ?? name;
            return create(
              "tr",
              {},
              create(
                "th",
                { attributes: { scope: "row" }, title: visibleName(id) },
                create(
                  "button",
                  {
                    class: "link",
                    attributes: { type: "button" },
                    onClick: () => {
                      this.#store.reveal(name, slice);
                    },
                  },
                  visibleName(id, 120),
                ),
              ),
              create("td", { class: "number", title: String(value) }, formatMeasure(metric, "value", value)),
              create("td", { class: "number", title: String(noise) }, formatMeasure(metric, "value", noise)),
              create(
                "td",
                { class: "number" },
                Number.isFinite(ratio) ? formatMeasure(metric, "ratio", ratio) : formatMeasure(metric, "ratio", NaN),
              ),
              create("td", {}, gradeBadge(this.#checkpoint.result(id)?.grade ?? null)),
            );
          }),
        ),
      ),
      this.#checkpoint.root.tally.total > ranked.length
        ? create(
            "p",
            { class: "hint" },
            plural(
              this.#checkpoint.root.tally.total,
              "The first {1} of {0} matrix.",
              "The first {1} of {0} matrices.",
              formatInteger(ranked.length),
            ),
          )
        : "",
    );
  }

  #heading(by: Order["by"], label: string): HTMLElement {
    const { by: current, descending } = this.#order;
    const sorted = by !== current ? "none" : descending ? "descending" : "ascending";
    return create(
      "th",
      { class: "number", attributes: { scope: "col", "aria-sort": sorted } },
      create(
        "button",
        {
          class: "sort",
          testid: `sort-${by}`,
          attributes: { type: "button" },
          onClick: () => {
            this.#order = { by, descending: by === current ? !descending : false };
            if (this.#shown !== null) this.show(this.#shown.column, this.#shown.metric);
            this.element.querySelector<HTMLElement>(`[data-testid="sort-${by}"]`)?.focus();
          },
        },
        label,
        create(
          "span",
          { class: "sort-mark", attributes: { "aria-hidden": "true" } },
          { none: "", ascending: "↑", descending: "↓" }[sorted],
        ),
      ),
    );
  }
}
