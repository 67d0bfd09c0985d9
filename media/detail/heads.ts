/** The attention heads: of one block as small multiples, of the whole checkpoint as a map of one metric. */
import { t } from "../../server/text/l10n.ts";
import type { Role } from "../../server/protocol.ts";
import { metricKeys, type MetricKey } from "../../server/spectrum/metrics.ts";
import { decodeColumn, type Column, type Measure } from "../model/across.ts";
import type { Checkpoint } from "../model/checkpoint.ts";
import { gradePresentation } from "../model/grades.ts";
import { metricGroups } from "../model/metric-texts.ts";
import type { TensorNode } from "../model/nodes.ts";
import { basisText, headGrid, headRoles, type HeadPlace, type Portions } from "../model/portions.ts";
import type { Store } from "../store.ts";
import { button, create, uniqueId } from "../ui/dom.ts";
import { formatDuration, formatInteger, plural } from "../ui/format.ts";
import { factList } from "../ui/table.ts";
import { visibleText } from "../ui/text.ts";
import { Throttle } from "../ui/throttle.ts";
import { HeadGrid } from "./head-grid.ts";
import { Products } from "./products.ts";
import { HeatMap, heatTitle, type HeatCell } from "./heat-map.ts";
import type { DetailView } from "./view.ts";

/** While results stream in, the numbers are asked for again so often. In milliseconds. */
const refreshAfter = 1000;
const ratioSwitch = "heads-ratio";
const gradeSwitch = "heads-grade";

export class HeadsView implements DetailView {
  readonly element: HTMLElement;
  readonly #store: Store;
  readonly #checkpoint: Checkpoint;
  readonly #block: string | null;
  readonly #body = create("div", { class: "detail-body" });
  readonly #status = create("p", { class: "hint", attributes: { role: "status" } });
  readonly #map: HeatMap<HeadPlace>;
  readonly #mapActions = create("div", { class: "actions" });
  #portions: Portions | null = null;
  #grid: HeadGrid | null = null;
  #products: Products | null = null;
  #column: Column | null = null;
  readonly #refresh = new Throttle(() => void this.#ask(), refreshAfter);
  #request = 0;
  #disposed = false;

  constructor(store: Store, checkpoint: Checkpoint, block: string | null) {
    this.#store = store;
    this.#checkpoint = checkpoint;
    this.#block = block;
    this.#map = new HeatMap(({ tensor, id }) => {
      store.select({ kind: "portion", name: tensor, id });
    }, t("Point at a cell to read it; click to open the head."));
    this.element = create(
      "article",
      { class: "heads", testid: "heads" },
      this.#breadcrumb(),
      create(
        "h2",
        { class: "title", attributes: { tabindex: "-1" } },
        block === null ? t("Attention heads") : t("Attention heads of {0}", visibleText(block, 200)),
      ),
      this.#body,
    );
    this.#body.append(create("p", { class: "hint loading", attributes: { role: "status" } }, t("Looking for heads …")));
    void this.#load();
  }

  readonly results = (changed: ReadonlySet<TensorNode>): void => {
    if (changed.size === 0) return;
    this.#grid?.refresh();
    if (this.#block !== null) return;
    this.#refresh.request();
  };

  readonly analysis = (): void => {
    this.#grid?.refresh();
    this.#tellState();
  };

  dispose(): void {
    this.#disposed = true;
    this.#refresh.cancel();
    this.#grid?.dispose();
    this.#products?.dispose();
  }

  async #load(): Promise<void> {
    try {
      const portions = await this.#store.portions();
      if (this.#disposed) return;
      this.#portions = portions;
      this.#show(portions);
    } catch (error) {
      if (!this.#disposed) this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#body.replaceChildren(
      create(
        "section",
        { class: "card failure", testid: "failure", attributes: { role: "alert" } },
        create("h3", {}, t("The heads could not be read")),
        create("p", {}, visibleText(error instanceof Error ? error.message : String(error), 2000)),
        create(
          "div",
          { class: "actions" },
          button(t("Try again"), () => {
            void this.#load();
          }),
        ),
      ),
    );
  }

  #show(portions: Portions): void {
    this.#grid?.dispose();
    this.#grid = null;
    const groups = this.#block === null ? portions.groups : portions.inBlock(this.#block);
    const [first] = groups;
    if (first === undefined) {
      this.#body.replaceChildren(
        create(
          "section",
          { class: "card", testid: "no-heads" },
          create("h3", {}, t("No attention heads are known here")),
          create(
            "p",
            { class: "hint" },
            this.#block === null
              ? t("Neither the names of the weights nor a config.json beside the file tells of any.")
              : t("This block has no attention, or its weights do not divide into heads."),
          ),
        ),
      );
      return;
    }
    const roles = headRoles.filter((role) => groups.some((group) => group.role === role));
    const role = roles.find((each) => each === this.#store.state.headRole) ?? roles[0]!;
    const count = (of: Role): number => groups.find((group) => group.role === of)?.ids.length ?? 0;
    const chosen = groups.filter((group) => group.role === role);
    this.#body.replaceChildren(
      factList([
        [t("Query heads"), formatInteger(count("query"))],
        [t("Key and value heads"), formatInteger(count("key"))],
        [t("Size of a head"), formatInteger(Math.min(first.rows, first.columns)), `${first.rows} × ${first.columns}`],
        [t("Size known from"), basisText(first.basis)],
        ...(this.#block === null ? [[t("All heads"), formatInteger(portions.heads)] as const] : []),
      ]),
      create("div", { class: "heads-bar" }, this.#roleChoice(roles, role), this.#layerChoice(portions)),
    );
    if (this.#block === null) {
      this.#body.append(this.#mapCard(portions, role));
      void this.#ask();
      return;
    }
    const each = portions.estimatedSeconds / Math.max(1, this.#missing(portions));
    this.#grid = new HeadGrid(this.#store, t("{0} heads", title(role)), chosen, each);
    // Whichever role is shown, the products are of queries and keys.
    this.#products ??= new Products(this.#store, { kind: "attention", blocks: [this.#block] });
    this.#body.append(this.#grid.element, this.#products.element);
  }

  #missing(portions: Portions): number {
    return portions.groups.reduce(
      (sum, { ids }) => sum + ids.filter((id) => this.#checkpoint.result(id) === undefined).length,
      0,
    );
  }

  #roleChoice(roles: readonly Role[], chosen: Role): HTMLElement {
    return create(
      "div",
      { class: "switches", testid: "head-roles", attributes: { role: "group", "aria-label": t("Role") } },
      ...roles.map((role) =>
        create(
          "button",
          {
            class: "switch",
            testid: `head-role-${role}`,
            attributes: { type: "button", "aria-pressed": String(role === chosen) },
            onClick: () => {
              this.#store.update({ headRole: role });
              if (this.#portions !== null) this.#show(this.#portions);
              this.#body.querySelector<HTMLElement>(`[data-testid="head-role-${role}"]`)?.focus();
            },
          },
          title(role),
        ),
      ),
    );
  }

  #layerChoice(portions: Portions): HTMLElement {
    const id = uniqueId("layer");
    const select = create(
      "select",
      { class: "select", testid: "head-layer", attributes: { id } },
      create("option", { attributes: { value: "" } }, t("all layers, as a map")),
      ...portions.blocks.map((block, index) =>
        create("option", { attributes: { value: String(index) } }, visibleText(block, 80)),
      ),
    );
    const current = this.#block === null ? -1 : portions.blocks.indexOf(this.#block);
    select.value = current < 0 ? "" : String(current);
    select.addEventListener("change", () => {
      const block = select.value === "" ? null : (portions.blocks[Number(select.value)] ?? null);
      this.#store.select({ kind: "heads", block });
    });
    return create(
      "span",
      { class: "heads-layer" },
      create("label", { class: "hint", attributes: { for: id } }, t("Layer")),
      select,
    );
  }

  #mapCard(portions: Portions, role: Role): HTMLElement {
    const grades = (): boolean => this.#store.isOn(gradeSwitch, false);
    const id = uniqueId("metric");
    const select = create(
      "select",
      { class: "select", testid: "head-metric", attributes: { id } },
      create("option", { attributes: { value: "" } }, t("Grade")),
      ...metricGroups().map(({ title: label, metrics }) =>
        create(
          "optgroup",
          { attributes: { label } },
          ...metrics.map(({ key, label: name }) => create("option", { attributes: { value: key } }, name)),
        ),
      ),
    );
    select.value = grades() ? "" : this.#metric;
    const ratio = create(
      "button",
      {
        class: "switch",
        testid: "switch-heads-ratio",
        title: t("Show each value divided by what noise of the same shape would give"),
        attributes: { type: "button", "aria-pressed": String(this.#store.isOn(ratioSwitch, true)) },
        onClick: () => {
          this.#store.setSwitch(ratioSwitch, !this.#store.isOn(ratioSwitch, true));
          ratio.setAttribute("aria-pressed", String(this.#store.isOn(ratioSwitch, true)));
          this.#draw(portions, role);
        },
      },
      t("÷ noise"),
    );
    ratio.disabled = grades();
    select.addEventListener("change", () => {
      const metric = metricKeys.find((key) => key === select.value);
      this.#store.setSwitch(gradeSwitch, metric === undefined);
      if (metric !== undefined) this.#store.update({ metric });
      ratio.disabled = metric === undefined;
      void this.#ask();
    });
    return create(
      "section",
      { class: "card", testid: "head-map" },
      create(
        "div",
        { class: "card-head" },
        create("h3", {}, t("{0} heads by layer", title(role))),
        create(
          "div",
          { class: "switches" },
          create("label", { class: "visually-hidden", attributes: { for: id } }, t("Metric")),
          select,
          ratio,
        ),
      ),
      this.#status,
      this.#mapActions,
      this.#map.element,
    );
  }

  get #metric(): MetricKey {
    return this.#store.state.metric;
  }

  get #role(): Role {
    const groups = this.#portions?.groups ?? [];
    const chosen = groups.some(({ role }) => role === this.#store.state.headRole);
    return chosen
      ? this.#store.state.headRole
      : (headRoles.find((role) => groups.some((each) => each.role === role)) ?? "query");
  }

  async #ask(): Promise<void> {
    const portions = this.#portions;
    if (portions === null) return;
    this.#request += 1;
    const request = this.#request;
    try {
      const column = decodeColumn(await this.#store.host.headMetric(this.#metric));
      if (this.#disposed || request !== this.#request) return;
      this.#column = column;
      this.#draw(portions, this.#role);
    } catch (error) {
      if (!this.#disposed && request === this.#request) this.#fail(error);
    }
  }

  #draw(portions: Portions, role: Role): void {
    this.#tellState();
    const column = this.#column;
    if (column === null) return;
    const byGrade = this.#store.isOn(gradeSwitch, false);
    const measure: Measure = this.#store.isOn(ratioSwitch, true) ? "ratio" : "value";
    const { layers, rows } = headGrid(portions, role);
    const cell = (place: HeadPlace | null): HeatCell<HeadPlace> | null => {
      if (place === null) return null;
      const value = column.values[place.position] ?? NaN;
      const noise = column.noise[place.position] ?? NaN;
      const grade = this.#checkpoint.result(place.id)?.grade;
      const presentation = grade === undefined ? null : gradePresentation(grade);
      return {
        ...{ value, noise, item: place },
        ratio: Number.isFinite(value / noise) ? value / noise : NaN,
        ...(byGrade ? { word: presentation && { text: presentation.label, tone: presentation.tone } } : {}),
      };
    };
    this.#map.show(
      {
        across: t("layer"),
        columns: layers,
        rows: rows.map((cells, head) => ({ label: t("head {0}", head), cells: cells.map(cell) })),
        caption: t("{0} of the {1} heads by layer", byGrade ? t("Grade") : heatTitle(this.#metric, measure), role),
      },
      this.#metric,
      measure,
    );
  }

  #tellState(): void {
    const portions = this.#portions;
    if (portions === null || this.#block !== null) return;
    const missing = this.#missing(portions);
    const { analysis, engine } = this.#store;
    this.#status.hidden = missing === 0;
    if (missing === 0 || engine?.phase === "unavailable") {
      this.#status.textContent = missing === 0 ? "" : (engine?.message ?? t("There is no GPU adapter."));
      this.#mapActions.replaceChildren();
      return;
    }
    if (analysis.phase === "running" && analysis.asked !== undefined) {
      const { done, total } = analysis.asked;
      this.#status.textContent = t("Computing … {0} of {1} done.", formatInteger(done), formatInteger(total));
      this.#mapActions.replaceChildren(
        button(
          t("Stop"),
          () => {
            this.#store.host.send({ type: "command", command: "cancel" });
          },
          { secondary: true },
        ),
      );
      return;
    }
    const known = portions.heads - missing;
    const time = formatDuration(portions.estimatedSeconds);
    this.#status.textContent =
      known === 0
        ? plural(
            portions.heads,
            "The {0} head is not analysed; that takes about {1} here.",
            "None of {0} heads are analysed; all take about {1} here.",
            time,
          )
        : plural(
            known,
            "{0} of {1} heads is analysed; all take about {2} here.",
            "{0} of {1} heads are analysed; all take about {2} here.",
            formatInteger(portions.heads),
            time,
          );
    this.#mapActions.replaceChildren(
      button(
        t("Analyse all heads"),
        () => {
          this.#mapActions.replaceChildren();
          this.#store.host.analyseHeads(null).catch((error: unknown) => {
            this.#fail(error);
          });
        },
        { testid: "analyse-all-heads" },
      ),
    );
  }

  #breadcrumb(): HTMLElement {
    const link = (label: string, run: () => void): HTMLElement =>
      create("button", { class: "link", attributes: { type: "button" }, onClick: run }, label);
    const block = this.#block;
    const group = block === null ? undefined : this.#checkpoint.block(block);
    return create(
      "nav",
      { class: "breadcrumb", attributes: { "aria-label": t("Position in the checkpoint") } },
      link(t("Overview"), () => {
        this.#store.select({ kind: "nothing" });
      }),
      ...(group === undefined
        ? []
        : [
            link(visibleText(group.label, 60), () => {
              this.#store.select({ kind: "group", key: group.key });
            }),
          ]),
      create("span", { attributes: { "aria-current": "page" } }, t("Heads")),
    );
  }
}

function title(role: Role): string {
  return role.charAt(0).toUpperCase() + role.slice(1);
}
