/** Small multiples of the heads in a weight: one histogram each, all on the same axes, and the same numbers as a table. */
import { t } from "../../server/text/l10n.ts";
import type { HeadGroup, MetricKey } from "../../server/protocol.ts";
import { smallAxes, smallHistogram } from "../charts/small-histogram.ts";
import { comparedOf, type Compared } from "../model/compared.ts";
import { gradePresentation } from "../model/grades.ts";
import { formatMetric, metricLabel } from "../model/metric-texts.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { button, create } from "../ui/dom.ts";
import { exact, formatDuration, formatInteger, formatNumber, plural } from "../ui/format.ts";
import { dataTable } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { Throttle } from "../ui/throttle.ts";

/** While results stream in, the spectra are asked for again so often. In milliseconds. */
const refreshAfter = 400;
const tableSwitch = "heads-table";

const tableMetrics: readonly MetricKey[] = [
  "outliersRight",
  "outliersLeft",
  "energy90",
  "effectiveRank",
  "stableRank",
  "top10Ratio",
  "least10Ratio",
  "firstLastRatio",
  "spectralNorm",
];

export class HeadGrid {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #groups: readonly HeadGroup[];
  readonly #ids: readonly string[];
  readonly #body = create("div", { class: "head-grid-body" });
  readonly #status = create("p", { class: "hint", attributes: { role: "status" } });
  readonly #actions = create("div", { class: "actions" });
  readonly #table: HTMLButtonElement;
  #known: readonly Compared[] = [];
  readonly #refresh = new Throttle(() => void this.#ask(), refreshAfter);
  #request = 0;
  #disposed = false;
  #asked = false;

  /** @param groups of one role */
  constructor(store: Store, title: string, groups: readonly HeadGroup[], secondsEach: number) {
    this.#store = store;
    this.#groups = groups;
    this.#ids = groups.flatMap(({ ids }) => ids);
    this.#table = create(
      "button",
      {
        class: "switch",
        title: t("Show the numbers of the heads as a table"),
        testid: "switch-heads-table",
        attributes: { type: "button" },
        onClick: () => {
          store.setSwitch(tableSwitch, !store.isOn(tableSwitch, false));
          this.#draw();
        },
      },
      t("Table"),
    );
    const compare = create(
      "button",
      {
        class: "switch",
        title: t("Lay the spectra of these heads over each other"),
        testid: "compare-heads",
        attributes: { type: "button" },
        onClick: () => {
          store.select({ kind: "matrices", ids: this.#ids });
        },
      },
      t("Compare"),
    );
    this.element = create(
      "section",
      { class: "card head-grid", testid: "head-grid" },
      create(
        "div",
        { class: "card-head" },
        create("h3", {}, title),
        create("div", { class: "switches" }, compare, this.#table),
      ),
      create(
        "ul",
        { class: "legend", attributes: { "aria-label": t("Legend") } },
        ...(
          [
            [t("bulk"), "bar", "bulk"],
            [t("outliers"), "bar", "outlier"],
            ["Marchenko–Pastur", "line", "noise"],
          ] as const
        ).map(([label, shape, series]) =>
          create("li", {}, create("span", { class: `swatch swatch-${shape} series-${series}` }), label),
        ),
      ),
      this.#status,
      this.#actions,
      this.#body,
    );
    this.#seconds = secondsEach;
    this.#draw();
    void this.#ask();
  }

  readonly #seconds: number;

  /** Results came, or the analysis changed its state. */
  refresh(): void {
    this.#tellState();
    this.#refresh.request();
  }

  dispose(): void {
    this.#disposed = true;
    this.#refresh.cancel();
  }

  async #ask(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    try {
      const spectra = await this.#store.host.spectra(this.#ids, null);
      if (this.#disposed || request !== this.#request) return;
      const before = this.#known.length;
      this.#known = spectra.map(comparedOf);
      if (before !== this.#known.length) this.#draw();
    } catch (error) {
      if (this.#disposed || request !== this.#request) return;
      this.#status.hidden = false;
      this.#status.textContent = visibleText(error instanceof Error ? error.message : String(error), 400);
    }
  }

  #draw(): void {
    const asTable = this.#store.isOn(tableSwitch, false);
    this.#table.setAttribute("aria-pressed", String(asTable));
    this.#tellState();
    if (this.#known.length === 0) this.#body.replaceChildren();
    else this.#body.replaceChildren(asTable ? this.#numbers() : this.#pictures());
  }

  #tellState(): void {
    const missing = this.#ids.length - this.#known.length;
    const { analysis, engine } = this.#store;
    const running = analysis.phase === "running" && (analysis.asked !== undefined || this.#asked);
    this.#status.hidden = missing === 0;
    if (missing === 0) {
      this.#actions.replaceChildren();
      return;
    }
    if (engine?.phase === "unavailable") {
      this.#status.textContent = engine.message ?? t("There is no GPU adapter to compute the heads with.");
      this.#actions.replaceChildren();
      return;
    }
    if (running) {
      this.#status.textContent = plural(
        this.#ids.length,
        "Computing … {1} of {0} head done.",
        "Computing … {1} of {0} heads done.",
        formatInteger(this.#known.length),
      );
      this.#actions.replaceChildren();
      return;
    }
    const time = formatDuration(missing * this.#seconds);
    this.#status.textContent =
      this.#known.length > 0
        ? plural(
            missing,
            "{0} of {1} heads of this weight is not analysed yet; each is a matrix of its own. That takes about {2} here.",
            "{0} of {1} heads of this weight are not analysed yet; each is a matrix of its own. That takes about {2} here.",
            formatInteger(this.#ids.length),
            time,
          )
        : plural(
            missing,
            "{0} head of this weight is not analysed yet; it is a matrix of its own. That takes about {1} here.",
            "{0} heads of this weight are not analysed yet; each is a matrix of its own. That takes about {1} here.",
            time,
          );
    if (this.#actions.hasChildNodes()) return;
    this.#actions.replaceChildren(
      button(
        missing === this.#ids.length ? t("Analyse heads") : t("Analyse the rest"),
        () => {
          void this.#start();
        },
        { testid: "analyse-heads" },
      ),
    );
  }

  async #start(): Promise<void> {
    this.#asked = true;
    this.#actions.replaceChildren();
    try {
      await this.#store.host.analyseHeads(this.#groups.map(({ tensor }) => tensor));
      this.refresh();
    } catch (error) {
      this.#status.hidden = false;
      this.#status.textContent = visibleText(error instanceof Error ? error.message : String(error), 400);
    } finally {
      this.#asked = false;
    }
  }

  #pictures(): HTMLElement {
    const known = new Map(this.#known.map((each) => [each.spectrum.id, each]));
    const drawn = this.#known.map(({ spectrum, values }) => ({ ...spectrum, values }));
    const axes = smallAxes(drawn);
    const cells = this.#groups.flatMap(({ ids, role }) =>
      ids.map((id, head) => {
        const found = known.get(id);
        if (found === undefined) {
          return create(
            "li",
            { class: "head-cell" },
            create("div", { class: "head-cell-head" }, t("head {0}", head), gradeBadge(null)),
          );
        }
        const { spectrum, values } = found;
        const { metrics, noise, grade, rows, columns } = spectrum;
        const rank = t("rank 90 %: {0} of {1}", formatNumber(metrics.energy90), Math.min(rows, columns));
        const outside = plural(
          (metrics.outliersRight ?? 0) + (metrics.outliersLeft ?? 0),
          "{0} outlier",
          "{0} outliers",
        );
        return create(
          "li",
          {},
          create(
            "button",
            {
              class: "head-cell",
              testid: "head",
              title: `${gradePresentation(grade).meaning}\n${t("noise: {0} directions for 90 % of the energy", formatNumber(noise.energy90))}`,
              attributes: {
                type: "button",
                "aria-label": `${t("{0} head {1}", role, head)}: ${gradePresentation(grade).label}, ${outside}, ${rank}, ${t("noise {0}", formatNumber(noise.energy90))}`,
              },
              onClick: () => {
                this.#store.select({ kind: "portion", name: spectrum.tensor, id });
              },
            },
            // Read with spaces, in the order of the label: who speaks what is seen finds the button.
            create("span", { class: "head-cell-head" }, t("head {0}", head), " ", gradeBadge(grade), " "),
            smallHistogram({ ...spectrum, values }, axes),
            create("span", { class: "head-cell-foot" }, create("span", {}, outside), " ", rank),
          ),
        );
      }),
    );
    return create(
      "div",
      {},
      create("ul", { class: "head-cells", testid: "head-cells" }, ...cells),
      create(
        "p",
        { class: "chart-note" },
        t(
          "All on one axis of singular values, from {0} to {1}; what lies beyond is in the last bar. Click a head for all of it.",
          formatNumber(Number(axes.from.toPrecision(2))),
          formatNumber(Number(axes.to.toPrecision(3))),
        ),
      ),
    );
  }

  #numbers(): HTMLElement {
    const known = new Map(this.#known.map((each) => [each.spectrum.id, each]));
    return create(
      "div",
      { class: "table-scroll" },
      dataTable({
        caption: t("Heads, and the most telling of their metrics beside those of noise"),
        columns: [t("Head"), t("Grade"), ...tableMetrics.map((key) => metricLabel(key))],
        rows: this.#groups.flatMap(({ ids }) =>
          ids.flatMap((id, head) => {
            const found = known.get(id);
            if (found === undefined) return [];
            const { tensor, grade, metrics, noise } = found.spectrum;
            return [
              [
                create(
                  "button",
                  {
                    class: "link",
                    attributes: { type: "button" },
                    onClick: () => {
                      this.#store.select({ kind: "portion", name: tensor, id });
                    },
                  },
                  t("head {0}", head),
                ),
                gradeBadge(grade),
                ...tableMetrics.map((key) =>
                  create(
                    "span",
                    { title: `${exact(metrics[key])}\n${t("noise: {0}", exact(noise[key]))}` },
                    formatMetric(key, metrics[key]),
                    create("span", { class: "head-noise" }, ` ${formatMetric(key, noise[key])}`),
                  ),
                ),
              ],
            ];
          }),
        ),
      }),
      create("p", { class: "chart-note" }, t("Beside each value, what noise of the same shape would give.")),
    );
  }
}
