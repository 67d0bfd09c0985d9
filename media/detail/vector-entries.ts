/** A vector (a norm's weights, a bias): its entries against their index, and what they amount to. */
import { t } from "../../server/text/l10n.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { vectorPlot } from "../charts/vector-entries.ts";
import type { Store } from "../store.ts";
import { create } from "../ui/dom.ts";
import { exact, formatInteger, formatNumber } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";

/** As many as a chart has pixels for. */
const runs = 600;

export class VectorEntries {
  readonly element = create("div", { class: "stack", testid: "vector" });
  readonly #store: Store;
  readonly #tensor: string;
  #chart: ChartCard | null = null;
  #disposed = false;

  constructor(store: Store, tensor: string) {
    this.#store = store;
    this.#tensor = tensor;
    this.element.append(create("p", { class: "hint", attributes: { role: "status" } }, t("Reading the entries …")));
    void this.#ask();
  }

  dispose(): void {
    this.#disposed = true;
    this.#chart?.dispose();
  }

  async #ask(): Promise<void> {
    try {
      const profile = await this.#store.host.vector(this.#tensor, runs);
      if (this.#disposed) return;
      const number = (name: string, value: number | null): [string, string, string] => [
        name,
        formatNumber(value),
        exact(value),
      ];
      this.#chart = new ChartCard(this.#store, {
        testid: "chart-vector",
        title: t("Entries"),
        subject: this.#tensor,
        switches: [],
        plot: () => vectorPlot(profile),
      });
      this.element.replaceChildren(
        create(
          "section",
          { class: "card", testid: "vector-facts", attributes: { "aria-label": t("What the entries amount to") } },
          factList([
            number(t("Mean"), profile.mean),
            number(t("Standard deviation"), profile.deviation),
            number(t("Minimum"), profile.minimum),
            number(t("Maximum"), profile.maximum),
            [t("Zeros"), formatInteger(profile.zeros)],
            [t("NaN or infinite"), formatInteger(profile.nonFinite)],
          ]),
        ),
        this.#chart.element,
      );
      this.#chart.draw();
    } catch (error) {
      if (this.#disposed) return;
      this.element.replaceChildren(
        create(
          "section",
          { class: "card failure", testid: "failure", attributes: { role: "alert" } },
          create("h3", {}, t("The entries could not be read")),
          create("p", {}, visibleText(error instanceof Error ? error.message : String(error), 2000)),
        ),
      );
    }
  }
}
