/** The metrics of a spectrum, each beside its value under noise and with a short explanation on demand. */
import type { MatrixDetail } from "../../server/protocol.ts";
import type { MetricKey } from "../../server/spectrum/metrics.ts";
import { create, uniqueId } from "../ui/dom.ts";
import { exact, formatNumber, formatRatio, formatShare } from "../ui/format.ts";

interface MetricText {
  readonly key: MetricKey;
  readonly label: string;
  readonly explanation: string;
}

interface MetricGroup {
  readonly title: string;
  readonly metrics: readonly MetricText[];
}

const groups: readonly MetricGroup[] = [
  {
    title: "Rank",
    metrics: [
      {
        key: "effectiveRank",
        label: "Effective rank",
        explanation:
          "exp of the entropy of the energies s²/Σs²: how many directions of equal strength would spread the energy as evenly.",
      },
      {
        key: "participationRatio",
        label: "Participation ratio",
        explanation: "(Σs²)²/Σs⁴: how many directions carry the energy, weighted towards the strong ones.",
      },
      {
        key: "stableRank",
        label: "Stable rank",
        explanation: "Σs²/s₁²: the whole energy in units of the strongest direction.",
      },
    ],
  },
  {
    title: "Energy",
    metrics: [
      {
        key: "energy60",
        label: "Components for 60 %",
        explanation: "The fewest singular values whose squares add up to 60 % of the energy.",
      },
      {
        key: "energy80",
        label: "Components for 80 %",
        explanation: "The fewest singular values whose squares add up to 80 % of the energy.",
      },
      {
        key: "energy90",
        label: "Components for 90 %",
        explanation: "The fewest singular values whose squares add up to 90 % of the energy.",
      },
      {
        key: "top10Ratio",
        label: "Top-10 ratio",
        explanation: "The ten largest singular values, as a share of the sum of all.",
      },
      {
        key: "least10Ratio",
        label: "Least-10 ratio",
        explanation: "The ten smallest singular values, as a share of the sum of all.",
      },
      {
        key: "firstLastRatio",
        label: "First / last",
        explanation: "The largest singular value over the smallest: the condition number.",
      },
    ],
  },
  {
    title: "Outliers",
    metrics: [
      {
        key: "outliersRight",
        label: "Above the bulk",
        explanation:
          "Singular values above the upper Marchenko–Pastur edge: directions stronger than noise can make them.",
      },
      {
        key: "outliersLeft",
        label: "Below the bulk",
        explanation:
          "Singular values below the lower edge: directions weaker than noise leaves them. A square matrix has no lower edge.",
      },
      {
        key: "powerLawAlpha",
        label: "Power-law α",
        explanation: "Exponent of a power law fitted to the tail of the energies s² by maximum likelihood.",
      },
    ],
  },
  {
    title: "Scale",
    metrics: [
      {
        key: "sigmaEntries",
        label: "σ of the entries",
        explanation: "‖W‖/√(mn): the size of an entry, which outliers inflate.",
      },
      {
        key: "sigmaBulk",
        label: "σ of the bulk",
        explanation: "median(s)/√(n μ): the size of an entry of the noise alone, from the median singular value.",
      },
      { key: "lowerEdge", label: "Lower edge s₋", explanation: "σ(√n − √m), with the σ of the bulk." },
      { key: "upperEdge", label: "Upper edge s₊", explanation: "σ(√n + √m), with the σ of the bulk." },
      { key: "spectralNorm", label: "Spectral norm", explanation: "The largest singular value, s₁." },
      { key: "frobeniusNorm", label: "Frobenius norm", explanation: "√Σs²: the root of the whole energy." },
    ],
  },
];

const counts: readonly MetricKey[] = ["energy60", "energy80", "energy90", "outliersLeft", "outliersRight"];
const shares: readonly MetricKey[] = ["top10Ratio", "least10Ratio"];

function format(key: MetricKey, value: number | null): string {
  if (value === null) return formatNumber(null);
  if (shares.includes(key)) return formatShare(value);
  // A count that is expected is not whole, but its digits after the second mean nothing.
  if (counts.includes(key)) return formatNumber(value >= 10 ? Math.round(value) : Number(value.toPrecision(2)));
  return formatNumber(value);
}

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

export function metricTable({ metrics, noise, rows, columns }: MatrixDetail): HTMLElement {
  const small = Math.min(rows, columns);
  const line = ({ key, label, explanation }: MetricText): HTMLElement[] => {
    const id = uniqueId("explanation");
    const value = metrics[key];
    const expected = noise[key];
    const ofAll = key.startsWith("energy") ? ` of ${small}` : "";
    const explanationRow = create(
      "tr",
      { class: "explanation", attributes: { id } },
      create("td", { attributes: { colspan: "5" } }, explanation),
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
          "aria-label": `What is ${label}?`,
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
      create("td", { class: "number", title: exact(value) + ofAll }, format(key, value)),
      create("td", { class: "number noise", title: exact(expected) + ofAll }, format(key, expected)),
      create("td", { class: "number ratio" }, formatRatio(value, expected)),
      create("td", { class: "ratio-cell" }, ratioBar(value, expected)),
    );
    row.dataset["metric"] = key;
    return [row, explanationRow];
  };
  return create(
    "section",
    { class: "card metrics", testid: "metrics" },
    create("div", { class: "card-head" }, create("h3", {}, "Metrics")),
    create(
      "table",
      { class: "metric-table" },
      create("caption", { class: "visually-hidden" }, "Metrics of the spectrum beside their values under noise"),
      create(
        "thead",
        {},
        create(
          "tr",
          {},
          create("th", { attributes: { scope: "col" } }, "Metric"),
          create("th", { class: "number", attributes: { scope: "col" } }, "Value"),
          create(
            "th",
            {
              class: "number",
              title: "What independent random entries of the same shape and size would give",
              attributes: { scope: "col" },
            },
            "Noise",
          ),
          create("th", { class: "number", attributes: { scope: "col", colspan: "2" } }, "Value / noise"),
        ),
      ),
      ...groups.map(({ title, metrics: members }) =>
        create(
          "tbody",
          {},
          create("tr", { class: "group" }, create("th", { attributes: { scope: "colgroup", colspan: "5" } }, title)),
          ...members.flatMap(line),
        ),
      ),
    ),
  );
}
