/** The metrics of a spectrum, each beside its value under noise and with a short explanation on demand, which leads to the long one. */
import { t } from "../../server/text/l10n.ts";
import type { Metrics } from "../../server/protocol.ts";
import { formatMetric, metricGroups, type MetricText } from "../model/metric-texts.ts";
import type { Store } from "../store.ts";
import { create, uniqueId } from "../ui/dom.ts";
import { exact, formatRatio } from "../ui/format.ts";
import { moreLink } from "./more.ts";

/** Value over noise on a logarithmic scale from 1/8 to 8, drawn from the middle. */
function ratioBar(value: number | null, noise: number | null): HTMLElement {
  const bar = create("span", { class: "ratio-bar", attributes: { "aria-hidden": "true" } });
  if (value === null || noise === null || value <= 0 || noise <= 0) return bar;
  const octaves = Math.max(-3, Math.min(3, Math.log2(value / noise)));
  const fill = create("span", { class: "ratio-fill" });
  const width = (Math.abs(octaves) / 3) * 50;
  fill.style.width = `${width}%`;
  fill.style.left = `${octaves < 0 ? 50 - width : 50}%`;
  bar.append(fill);
  return bar;
}

interface Measured {
  readonly metrics: Metrics;
  readonly noise: Metrics;
  /** How many singular values there are. */
  readonly count: number;
  /** Metrics that do not exist are left out. */
  readonly knownOnly?: boolean;
}

export function metricTable(store: Store, { metrics, noise, count, knownOnly = false }: Measured): HTMLElement {
  const line = ({ key, label, explanation }: MetricText): HTMLElement[] => {
    const id = uniqueId("explanation");
    const value = metrics[key];
    const expected = noise[key];
    const full = (number: number | null): string =>
      key.startsWith("energy") ? t("{0} of {1}", exact(number), count) : exact(number);
    const explanationRow = create(
      "tr",
      { class: "explanation", attributes: { id } },
      create("td", { attributes: { colspan: "5" } }, explanation, " ", moreLink(store, key)),
    );
    explanationRow.hidden = true;
    const ask = create(
      "button",
      {
        class: "ask",
        title: explanation,
        attributes: {
          type: "button",
          "aria-expanded": "false",
          "aria-controls": id,
          "aria-label": t("What is {0}?", label),
        },
        onClick: () => {
          explanationRow.hidden = !explanationRow.hidden;
          ask.setAttribute("aria-expanded", String(!explanationRow.hidden));
        },
      },
      "?",
    );
    const row = create(
      "tr",
      { testid: "metric" },
      create("th", { attributes: { scope: "row" } }, label, ask),
      create("td", { class: "number", title: full(value) }, formatMetric(key, value)),
      create("td", { class: "number noise", title: full(expected) }, formatMetric(key, expected)),
      create("td", { class: "number ratio" }, formatRatio(value, expected)),
      create("td", { class: "ratio-cell" }, ratioBar(value, expected)),
    );
    row.dataset["metric"] = key;
    return [row, explanationRow];
  };
  return create(
    "section",
    { class: "card metrics", testid: "metrics" },
    create("div", { class: "card-head" }, create("h3", {}, t("Metrics"))),
    create(
      "table",
      { class: "metric-table" },
      create("caption", { class: "visually-hidden" }, t("Metrics of the spectrum beside their values under noise")),
      create(
        "thead",
        {},
        create(
          "tr",
          {},
          create("th", { attributes: { scope: "col" } }, t("Metric")),
          create("th", { class: "number", attributes: { scope: "col" } }, t("Value")),
          create(
            "th",
            {
              class: "number",
              title: t("What independent random entries of the same shape and size would give"),
              attributes: { scope: "col" },
            },
            t("Noise"),
          ),
          create("th", { class: "number", attributes: { scope: "col", colspan: "2" } }, t("Value / noise")),
        ),
      ),
      ...metricGroups().flatMap(({ title, metrics: members }) => {
        const listed = members.filter(({ key }) => !knownOnly || metrics[key] !== null);
        if (listed.length === 0) return [];
        const heading = create("th", { attributes: { scope: "colgroup", colspan: "5" } }, title);
        return [create("tbody", {}, create("tr", { class: "group" }, heading), ...listed.flatMap(line))];
      }),
    ),
  );
}
