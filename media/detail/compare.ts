/** Several matrices side by side: their spectra over each other, and their metrics beside those of noise. */
import { t } from "../../server/text/l10n.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { ChartCard, type ChartSwitch } from "../charts/chart-card.ts";
import { csvText, type NumberTable } from "../../server/text/csv.ts";
import { energyOverlay, valuesOverlay } from "../charts/overlay.ts";
import {
  comparedIds,
  comparedOf,
  mostCompared,
  shortNames,
  type Compared,
  type Comparison,
} from "../model/compared.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { rowLabel } from "../model/across-texts.ts";
import { formatMetric, metricGroups, metricLabel, type MetricText } from "../model/metric-texts.ts";
import type { TensorNode } from "../model/nodes.ts";
import type { Store } from "../store.ts";
import { gradeBadge } from "../ui/badge.ts";
import { button, create, type Child } from "../ui/dom.ts";
import { exact, formatInteger, formatRatio, formatShape, plural } from "../ui/format.ts";
import { visibleName, visibleText } from "../ui/text.ts";
import { Throttle } from "../ui/throttle.ts";
import type { DetailView } from "./view.ts";
import { waitingCard } from "./waiting.ts";

/** While results stream in, the spectra are asked for again so often. In milliseconds. */
const refreshAfter = 800;
/** With more matrices than so, each has a line of the table instead of a column. */
const mostColumns = 4;

function relative(name: string, initially: boolean): ChartSwitch {
  const title = t("Index as a share of all: matrices of different sizes side by side");
  return { name, label: t("Relative"), title, initially };
}

export class CompareView implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #ids: readonly string[];
  readonly #body = create("div", { class: "detail-body" });
  readonly #left = create("p", { class: "hint", attributes: { role: "status" } });
  #compared: readonly Compared[] = [];
  #charts: ChartCard[] = [];
  readonly #refresh = new Throttle(() => void this.#ask(), refreshAfter);
  #request = 0;
  #disposed = false;

  constructor(store: Store, checkpoint: Checkpoint, comparison: Comparison) {
    this.#store = store;
    const all = comparedIds(checkpoint, comparison);
    this.#ids = all.slice(0, mostCompared);
    const overview = create(
      "button",
      {
        class: "link",
        attributes: { type: "button" },
        onClick: () => {
          store.select({ kind: "nothing" });
        },
      },
      t("Overview"),
    );
    this.element = create(
      "article",
      { class: "compare", testid: "compare" },
      create(
        "nav",
        { class: "breadcrumb", attributes: { "aria-label": t("Position in the checkpoint") } },
        overview,
        create("span", { attributes: { "aria-current": "page" } }, t("Compare")),
      ),
      create("h2", { class: "title", attributes: { tabindex: "-1" } }, titleOf(comparison, this.#ids.length)),
      comparison.kind === "role" ? layerChoice(store, comparison) : "",
      all.length > mostCompared
        ? create(
            "p",
            { class: "hint" },
            t("The first {0} of {1} are compared.", mostCompared, formatInteger(all.length)),
          )
        : "",
      this.#left,
      this.#body,
    );
    this.#left.hidden = true;
    if (this.#ids.length === 0) {
      this.#body.append(create("p", { class: "hint" }, t("None of what is selected has singular values to compare.")));
      return;
    }
    this.#body.append(waitingCard(store));
    void this.#ask();
  }

  readonly results = (changed: ReadonlySet<TensorNode>): void => {
    const names = new Set([...changed].map(({ tensor }) => tensor.name));
    const touched = this.#ids.some((id) => names.has(id) || names.has(id.replace(/\[\d+\]$|#.*$/u, "")));
    if (touched) this.#refresh.request();
  };

  readonly analysis = (): void => {
    const waiting = this.#body.querySelector('[data-testid="waiting"]');
    if (waiting === null) return;
    const next = waitingCard(this.#store);
    if (next.textContent !== waiting.textContent) waiting.replaceWith(next);
  };

  dispose(): void {
    this.#disposed = true;
    this.#refresh.cancel();
    for (const chart of this.#charts) chart.dispose();
  }

  async #ask(): Promise<void> {
    this.#request += 1;
    const request = this.#request;
    const stale = (): boolean => this.#disposed || request !== this.#request;
    try {
      const spectra = await this.#store.host.spectra(this.#ids, null);
      if (stale()) return;
      const before = this.#compared.length;
      this.#compared = spectra.map(comparedOf).filter(({ values }) => values.length > 0);
      const missing = this.#ids.length - this.#compared.length;
      this.#left.hidden = missing === 0 || this.#compared.length === 0;
      this.#left.textContent = plural(
        missing,
        "{0} matrix without a spectrum, so far, is left out.",
        "{0} matrices without a spectrum, so far, are left out.",
      );
      if (this.#compared.length > 0 && before !== this.#compared.length) this.#show();
    } catch (error) {
      if (!stale()) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  #fail(message: string): void {
    this.#body.replaceChildren(
      create(
        "section",
        { class: "card failure", testid: "failure", attributes: { role: "alert" } },
        create("h3", {}, t("The spectra could not be read")),
        create("p", {}, visibleText(message, 2000)),
        create(
          "div",
          { class: "actions" },
          button(t("Try again"), () => {
            void this.#ask();
          }),
        ),
      ),
    );
  }

  #show(): void {
    for (const chart of this.#charts) chart.dispose();
    const compared = this.#compared;
    const subject = shortSubject(compared);
    this.#charts = [
      new ChartCard(this.#store, {
        testid: "chart-overlay",
        title: t("Singular values"),
        subject,
        switches: [
          relative("overlay-relative", false),
          {
            name: "overlay-normalised",
            label: "÷ s₁",
            title: t("Each value divided by the largest of its matrix"),
            initially: false,
          },
          { name: "overlay-log", label: t("Log"), title: t("Logarithmic axis of singular values"), initially: false },
        ],
        plot: (isOn) =>
          valuesOverlay(compared, {
            logarithmic: isOn("overlay-log"),
            relative: isOn("overlay-relative"),
            normalised: isOn("overlay-normalised"),
          }),
        matrices: compared.map(({ spectrum }) => spectrum.id),
      }),
      new ChartCard(this.#store, {
        testid: "chart-overlay-energy",
        title: t("Cumulative energy"),
        subject,
        switches: [relative("overlay-energy-relative", true)],
        plot: (isOn) => energyOverlay(compared, { relative: isOn("overlay-energy-relative") }),
        matrices: compared.map(({ spectrum }) => spectrum.id),
      }),
    ];
    this.#body.replaceChildren(
      create("div", { class: "columns" }, ...this.#charts.map(({ element }) => element)),
      this.#table(compared),
    );
    for (const chart of this.#charts) chart.draw();
  }

  #table(compared: readonly Compared[]): HTMLElement {
    const names = shortNames(compared.map(({ spectrum }) => spectrum.id));
    const open = (index: number): HTMLElement =>
      create(
        "button",
        {
          class: "link",
          title: visibleName(compared[index]!.spectrum.id),
          attributes: { type: "button" },
          onClick: () => {
            const { tensor, id } = compared[index]!.spectrum;
            const slice = /\[(\d+)\]′*$/u.exec(id.slice(tensor.length));
            this.#store.reveal(tensor, slice === null ? null : Number(slice[1]));
          },
        },
        visibleName(names[index]!, 60),
      );
    const save = button(
      t("Save"),
      () => {
        const content = csvText(metricNumbers(compared));
        this.#store.host.send({ type: "save", name: `${shortSubject(compared)} metrics`, format: "csv", content });
      },
      { secondary: true, title: t("Save all metrics and their noise values as CSV"), testid: "save-metrics" },
    );
    save.className = "switch";
    return create(
      "section",
      { class: "card", testid: "compare-table" },
      create("div", { class: "card-head" }, create("h3", {}, t("Metrics, and how they compare with noise")), save),
      create(
        "div",
        { class: "table-scroll" },
        compared.length <= mostColumns ? byMetric(compared, open) : byMatrix(compared, open),
      ),
    );
  }
}

function allMetrics(): readonly MetricText[] {
  return metricGroups().flatMap(({ metrics }) => metrics);
}

function cell({ spectrum }: Compared, key: MetricKey): HTMLElement {
  const value = spectrum.metrics[key];
  const noise = spectrum.noise[key];
  const ratio = formatRatio(value, noise);
  return create(
    "td",
    { class: "number compare-cell", title: `${exact(value)}\n${t("noise: {0}", exact(noise))}` },
    formatMetric(key, value),
    create("span", { class: "compare-ratio" }, ratio),
  );
}

function heading(content: Child, title = "", number = true): HTMLElement {
  return create("th", { class: number ? "number" : "", title, attributes: { scope: "col" } }, content);
}

/** Few matrices: a column for each, a line for each metric. */
function byMetric(compared: readonly Compared[], open: (index: number) => HTMLElement): HTMLElement {
  return create(
    "table",
    { class: "list-table compare-table" },
    create("caption", { class: "visually-hidden" }, t("Metrics of the compared matrices")),
    create(
      "thead",
      {},
      create("tr", {}, heading(t("Metric"), "", false), ...compared.map((_, index) => heading(open(index)))),
    ),
    create(
      "tbody",
      {},
      create(
        "tr",
        {},
        create("th", { attributes: { scope: "row" } }, t("Grade")),
        ...compared.map(({ spectrum }) => create("td", { class: "number" }, gradeBadge(spectrum.grade))),
      ),
      create(
        "tr",
        {},
        create("th", { attributes: { scope: "row" } }, t("Shape")),
        ...compared.map(({ spectrum }) =>
          create("td", { class: "number" }, formatShape([spectrum.rows, spectrum.columns])),
        ),
      ),
      ...allMetrics().map(({ key, label, explanation }) =>
        create(
          "tr",
          {},
          create("th", { title: explanation, attributes: { scope: "row" } }, label),
          ...compared.map((each) => cell(each, key)),
        ),
      ),
    ),
  );
}

const shownOfMany: readonly MetricKey[] = [
  "effectiveRank",
  "participationRatio",
  "stableRank",
  "energy90",
  "top10Ratio",
  "outliersRight",
  "outliersLeft",
  "spectralNorm",
];

/** Many matrices: a line for each, a column for each of the metrics that are looked at most. */
function byMatrix(compared: readonly Compared[], open: (index: number) => HTMLElement): HTMLElement {
  const explanations = new Map(allMetrics().map(({ key, explanation }) => [key, explanation]));
  return create(
    "table",
    { class: "list-table compare-table" },
    create("caption", { class: "visually-hidden" }, t("Metrics of the compared matrices")),
    create(
      "thead",
      {},
      create(
        "tr",
        {},
        heading(t("Matrix"), "", false),
        heading(t("Shape")),
        heading(t("Grade"), "", false),
        ...shownOfMany.map((key) => heading(metricLabel(key), explanations.get(key))),
      ),
    ),
    create(
      "tbody",
      {},
      ...compared.map((each, index) =>
        create(
          "tr",
          {},
          create("th", { attributes: { scope: "row" } }, open(index)),
          create("td", { class: "number" }, formatShape([each.spectrum.rows, each.spectrum.columns])),
          create("td", {}, gradeBadge(each.spectrum.grade)),
          ...shownOfMany.map((key) => cell(each, key)),
        ),
      ),
    ),
  );
}

/** All metrics and their noise values, a line for each matrix. */
function metricNumbers(compared: readonly Compared[]): NumberTable {
  const keys = allMetrics().map(({ key }) => key);
  return {
    columns: ["matrix", "rows", "columns", "grade", ...keys.flatMap((key) => [key, `${key} of noise`])],
    rows: compared.map(({ spectrum }) => [
      spectrum.id,
      spectrum.rows,
      spectrum.columns,
      spectrum.grade,
      ...keys.flatMap((key) => [spectrum.metrics[key], spectrum.noise[key]]),
    ]),
  };
}

function titleOf(comparison: Comparison, count: number): string {
  if (comparison.kind === "role") return t("{0} over layers", rowLabel(comparison));
  return plural(count, "{0} matrix", "{0} matrices side by side");
}

function shortSubject(compared: readonly Compared[]): string {
  const [first] = compared;
  return first === undefined
    ? ""
    : plural(compared.length - 1, "{1} and {0} other", "{1} and {0} others", first.spectrum.id);
}

/** Which layers of a role are compared. */
function layerChoice(store: Store, comparison: Extract<Comparison, { kind: "role" }>): HTMLElement {
  const choices = [null, 2, 4, 8] as const;
  const group = create("div", {
    class: "switches",
    testid: "layer-choice",
    attributes: { role: "group", "aria-label": t("Layers") },
  });
  group.append(
    ...choices.map((ends) =>
      create(
        "button",
        {
          class: "switch",
          testid: `ends-${ends ?? "all"}`,
          attributes: { type: "button", "aria-pressed": String(ends === comparison.ends) },
          onClick: () => {
            store.select({ ...comparison, ends });
          },
        },
        ends === null ? t("All layers") : t("First and last {0}", ends),
      ),
    ),
  );
  return group;
}
