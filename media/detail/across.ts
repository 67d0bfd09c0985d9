/** One metric over the whole checkpoint: by role and layer, against depth, and as a ranking. */
import { t } from "../../server/text/l10n.ts";
import { inSlices, nextTurn } from "../../server/collections/sliced.ts";
import { metricKeys, type MetricKey } from "../../server/spectrum/metrics.ts";
import { ChartCard } from "../charts/chart-card.ts";
import { profilePlot } from "../charts/profile.ts";
import { gatheringLayers, type Measure, type RoleLayers, type RoleRow } from "../model/across.ts";
import { rowLabel } from "../model/across-texts.ts";
import type { TensorNode } from "../model/nodes.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { metricGroups } from "../model/metric-texts.ts";
import type { Store } from "../store.ts";
import { create, uniqueId } from "../ui/dom.ts";
import { plural } from "../ui/format.ts";
import { visibleText } from "../ui/text.ts";
import { HeatMap, heatTitle, type HeatGrid } from "./heat-map.ts";
import { Ranking } from "./ranking.ts";

/** More layers than so have no room side by side: the ranking has them all. */
const mostLayers = 1024;
const ratioSwitch = "across-ratio";

export class Across {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #checkpoint: Checkpoint;
  readonly #map: HeatMap<TensorNode>;
  readonly #ranking: Ranking;
  readonly #profile: ChartCard;
  readonly #mapCard: HTMLElement;
  readonly #rankingCard: HTMLElement;
  readonly #ratio: HTMLButtonElement;
  readonly #failure = create("p", { class: "hint", attributes: { role: "status" } });
  readonly #stopListening: () => void;
  #layers: RoleLayers = { layers: [], rows: [] };
  /** Counts drawings: an earlier one that is not through is stale. */
  #drawing = 0;
  #disposed = false;

  constructor(store: Store, checkpoint: Checkpoint) {
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#map = new HeatMap(({ tensor }) => {
      store.reveal(tensor.name, tensor.matrices > 1 ? 0 : null);
    });
    this.#ranking = new Ranking(store, checkpoint);
    this.#profile = new ChartCard(store, {
      testid: "chart-profile",
      title: t("Against depth"),
      subject: checkpoint.catalogue.path.split(/[/\\]/u).slice(-2).join("/"),
      switches: [],
      plot: () => profilePlot(this.#layers, this.#metric, this.#measure),
    });
    this.#mapCard = card(t("By role and layer"), this.#map.element);
    this.#rankingCard = card(t("Ranking"), this.#ranking.element);
    this.#ratio = create(
      "button",
      {
        class: "switch",
        testid: "switch-across-ratio",
        title: t("Show each value divided by what noise of the same shape would give"),
        attributes: { type: "button" },
        onClick: () => {
          store.setSwitch(ratioSwitch, !this.#wantsRatio);
          void this.#draw();
        },
      },
      t("÷ noise"),
    );
    const select = this.#select();
    this.element = create(
      "section",
      { class: "across", testid: "across", attributes: { "aria-label": t("One metric over the whole checkpoint") } },
      create(
        "div",
        { class: "across-head" },
        create("label", { class: "across-title", attributes: { for: select.id } }, t("Across the model")),
        select,
        this.#ratio,
        this.#failure,
      ),
      this.#mapCard,
      this.#profile.element,
      this.#rankingCard,
    );
    this.element.hidden = true;
    this.#stopListening = store.on("metric", (metric) => {
      if (metric === this.#metric) this.#take();
    });
    this.#want();
  }

  dispose(): void {
    this.#disposed = true;
    this.#stopListening();
    this.#store.metrics.release(this);
    this.#profile.dispose();
  }

  get #metric(): MetricKey {
    return this.#store.state.metric;
  }

  get #wantsRatio(): boolean {
    return this.#store.isOn(ratioSwitch, true);
  }

  /** The ratio where it is wanted and noise has any of the metric at all. */
  get #measure(): Measure {
    return this.#wantsRatio && this.#hasRatio() ? "ratio" : "value";
  }

  #hasRatio(): boolean {
    const cells = this.#layers.rows.flatMap(({ cells: all }) => all.filter((cell) => cell !== null));
    const valued = cells.filter(({ value }) => !Number.isNaN(value)).length;
    return 2 * cells.filter(({ ratio }) => !Number.isNaN(ratio)).length >= valued;
  }

  #want(): void {
    const { metrics } = this.#store;
    metrics.want(this, [this.#metric]);
    if (metrics.get(this.#metric) !== null) this.#take();
  }

  /** Shows what is known of the metric now, or why nothing is. */
  #take(): void {
    const failure = this.#store.metrics.failure(this.#metric);
    this.#failure.textContent = failure === null ? "" : visibleText(failure, 400);
    if (failure !== null) this.element.hidden = false;
    void this.#draw();
  }

  /** Draws each part in a turn of its own: together they take longer than a page may stand still. */
  async #draw(): Promise<void> {
    const metric = this.#metric;
    const column = this.#store.metrics.get(metric);
    if (column === null) return;
    this.#drawing += 1;
    const drawing = this.#drawing;
    const isStale = (): boolean => this.#disposed || drawing !== this.#drawing;
    const found = await inSlices(gatheringLayers(this.#checkpoint, column));
    if (isStale()) return;
    this.#layers = found;
    const { layers, rows } = found;
    const known = column.values.some((value) => !Number.isNaN(value));
    const hasDepth = rows.length > 0 && layers.length > 1 && layers.length <= mostLayers;
    this.element.hidden = !known;
    this.#ratio.disabled = !this.#hasRatio();
    this.#ratio.setAttribute("aria-pressed", String(this.#measure === "ratio"));
    this.#mapCard.hidden = !hasDepth;
    this.#profile.element.hidden = !hasDepth;
    if (!known) return;
    const parts = [
      ...(hasDepth
        ? [
            () => {
              this.#map.show(this.#grid(), metric, this.#measure);
            },
            () => {
              this.#profile.draw();
            },
          ]
        : []),
      () => {
        this.#ranking.show(column, metric);
      },
    ];
    for (const part of parts) {
      await nextTurn();
      if (isStale()) return;
      part();
    }
  }

  #grid(): HeatGrid<TensorNode> {
    const { layers, rows } = this.#layers;
    return {
      across: t("layer"),
      columns: layers,
      caption: t("{0} by role and layer", heatTitle(this.#metric, this.#measure)),
      rows: rows.map((row) => ({
        label: rowLabel(row),
        heading: this.#compareButton(row),
        cells: row.cells.map(
          (cell) =>
            cell && {
              ...cell,
              item: cell.node,
              ...(cell.matrices > 1
                ? { note: plural(cell.matrices, "median of {0} matrix", "median of {0} matrices") }
                : {}),
            },
        ),
      })),
    };
  }

  #compareButton(row: RoleRow): HTMLElement {
    const { role, stack } = row;
    return create(
      "button",
      {
        class: "heat-row",
        title: t("Compare {0} over all layers", rowLabel(row)),
        attributes: { type: "button" },
        onClick: () => {
          this.#store.select({ kind: "role", role, stack, ends: null });
        },
      },
      rowLabel(row),
    );
  }

  #select(): HTMLSelectElement {
    const select = create(
      "select",
      { class: "select", testid: "metric-select", attributes: { id: uniqueId("metric") } },
      ...metricGroups().map(({ title, metrics }) =>
        create(
          "optgroup",
          { attributes: { label: title } },
          ...metrics.map(({ key, label }) => create("option", { attributes: { value: key } }, label)),
        ),
      ),
    );
    select.value = this.#metric;
    select.addEventListener("change", () => {
      const metric = metricKeys.find((key) => key === select.value);
      if (metric === undefined) return;
      this.#store.update({ metric });
      this.#want();
    });
    return select;
  }
}

function card(title: string, content: HTMLElement): HTMLElement {
  return create("section", { class: "card" }, create("div", { class: "card-head" }, create("h3", {}, title)), content);
}
