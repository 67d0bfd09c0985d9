/** The two pictures of a spectrum: its histogram under the Marchenko–Pastur curve, and its values beside noise's. */
import type { MatrixDetail } from "../../protocol.ts";
import { bulkCurve, prefersLogarithmic } from "../../spectrum/bulk-curve.ts";
import { binSpectrum } from "../../spectrum/histogram.ts";
import { sides } from "../../spectrum/shape.ts";
import { noiseSpectrum } from "../../statistics/noise-spectrum.ts";
import { formatNumber } from "../../text/format.ts";
import { decimal, plural, t } from "../../text/l10n.ts";
import { linearAxis, logarithmicAxis, type Axis } from "./axis.ts";
import { markup, type Markup } from "./markup.ts";

const width = 480;
const height = 240;
const margin = { left: 46, right: 14, top: 32, bottom: 38 };
const plotWidth = width - margin.left - margin.right;
const plotHeight = height - margin.top - margin.bottom;
const base = margin.top + plotHeight;
const mostPoints = 240;

/** A histogram of the singular values; those outside the bulk stand out. Null where there is no spectrum. */
export function histogramFigure(detail: MatrixDetail): Markup | null {
  const values = detail.singularValues.filter((value) => value !== null);
  const { lowerEdge, upperEdge, sigmaBulk } = detail.metrics;
  const [largest] = values;
  if (largest === undefined || lowerEdge === null || upperEdge === null || sigmaBulk === null) return null;
  const logarithmic = prefersLogarithmic(largest, detail.metrics);
  const { bins, width: binWidth, leftOut } = binSpectrum(values, lowerEdge, upperEdge, logarithmic);
  const [first] = bins;
  const last = bins.at(-1);
  if (first === undefined || last === undefined) return null;
  const curve = bulkCurve(values.length, sigmaBulk, detail, { width: binWidth, logarithmic });
  const across = logarithmic ? logarithmicAxis(first.from, last.to) : linearAxis(Math.max(0, first.from), last.to);
  const up = linearAxis(0, 1.04 * Math.max(1, ...bins.map(({ count }) => count), ...curve.map(({ y }) => y)), 4);
  const bars = bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, part }) => {
      const left = x(across, Math.max(from, 0));
      // A single outlier stays visible beside a bulk of thousands.
      const tall = Math.max(2.5, base - y(up, count));
      return markup`<rect
        class="${part === "bulk" ? "bulk" : "outlier"}"
        x="${left}"
        y="${round(base - tall)}"
        width="${round(Math.max(1, x(across, to) - left - 0.7))}"
        height="${round(tall)}"
      />`;
    });
  const edges = [
    ...(lowerEdge > 0 ? [edge(across, lowerEdge, "s₋")] : []),
    ...(upperEdge > 0 ? [edge(across, upperEdge, "s₊")] : []),
  ];
  const outside = bins.reduce((sum, { count, part }) => (part === "bulk" ? sum : sum + count), 0);
  return figure({
    label: plural(
      values.length,
      "Histogram of {0} singular value from {1} to {2}, {3} of them outside the Marchenko–Pastur bulk from {4} to {5}.",
      "Histogram of {0} singular values from {1} to {2}, {3} of them outside the Marchenko–Pastur bulk from {4} to {5}.",
      formatNumber(values.at(-1) ?? null),
      formatNumber(largest),
      outside,
      formatNumber(lowerEdge),
      formatNumber(upperEdge),
    ),
    caption: leftOut > 0 ? t("Histogram, without {0} values of zero", leftOut) : t("Histogram"),
    across,
    up,
    titles: [t("singular value"), t("count")],
    content: [
      bars,
      polyline(
        curve.map((point) => [x(across, point.x), y(up, point.y)]),
        "curve",
      ),
      edges,
    ],
  });
}

/** The singular values in descending order, beside those that noise of the same bulk would have. */
export function valuesFigure(detail: MatrixDetail): Markup | null {
  const values = detail.singularValues.flatMap((value, index) =>
    value === null || value <= 0 ? [] : [{ value, index }],
  );
  const [largest] = values;
  const smallest = values.at(-1);
  const { sigmaBulk, upperEdge, lowerEdge } = detail.metrics;
  if (largest === undefined || smallest === undefined || sigmaBulk === null) return null;
  const { m, n } = sides(detail);
  const noise = [...noiseSpectrum(m, n)].map((value) => value * sigmaBulk).filter((value) => value > 0);
  const top = Math.max(largest.value, noise[0] ?? 0);
  // A smallest value of nearly zero must not squeeze all others into a corner.
  const least = Math.max(Math.min(smallest.value, noise.at(-1) ?? Infinity), top * 1e-5);
  const up = top / least > 12 ? logarithmicAxis(least, top * 1.15) : linearAxis(0, top * 1.05, 4);
  const across = linearAxis(1, Math.max(2, m), 6);
  const outlying = thinned(
    values.filter(
      ({ value }) => (upperEdge !== null && value > upperEdge) || (lowerEdge !== null && value < lowerEdge),
    ),
  );
  return figure({
    label: plural(
      values.length,
      "{0} singular value in descending order, from {1} to {2}; noise would go from {3} to {4}.",
      "{0} singular values in descending order, from {1} to {2}; noise would go from {3} to {4}.",
      formatNumber(largest.value),
      formatNumber(smallest.value),
      formatNumber(noise[0] ?? null),
      formatNumber(noise.at(-1) ?? null),
    ),
    caption: t("Singular values by index"),
    across,
    up,
    titles: [t("index"), t("singular value")],
    content: [
      polyline(
        thinned(noise.map((value, index) => ({ value, index }))).map(({ value, index }) => [
          x(across, index + 1),
          y(up, value),
        ]),
        "curve dashed",
      ),
      polyline(
        thinned(values).map(({ value, index }) => [x(across, index + 1), y(up, value)]),
        "line",
      ),
      outlying.map(
        ({ value, index }) =>
          markup`<circle class="outlier" cx="${x(across, index + 1)}" cy="${y(up, value)}" r="2" />`,
      ),
    ],
  });
}

function figure({
  label,
  caption,
  across,
  up,
  titles,
  content,
}: {
  readonly label: string;
  readonly caption: string;
  readonly across: Axis;
  readonly up: Axis;
  readonly titles: readonly [across: string, up: string];
  readonly content: readonly (Markup | readonly Markup[])[];
}): Markup {
  const levels = up.ticks.map(
    (tick) =>
      markup`<line
          class="grid"
          x1="${margin.left}"
          x2="${width - margin.right}"
          y1="${y(up, tick)}"
          y2="${y(up, tick)}"
        /><text class="tick" x="${margin.left - 6}" y="${round(y(up, tick) + 3.5)}" text-anchor="end"
          >${tickText(tick)}</text
        >`,
  );
  const steps = across.ticks.map(
    (tick) =>
      markup`<text class="tick" x="${x(across, tick)}" y="${base + 14}" text-anchor="middle">${tickText(tick)}</text>`,
  );
  return markup`<figure>
    <figcaption>${caption}</figcaption>
    <svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">
      ${levels}${content}
      <line class="axis" x1="${margin.left}" x2="${width - margin.right}" y1="${base}" y2="${base}" />
      ${steps}
      <text class="tick" x="${margin.left + plotWidth / 2}" y="${height - 5}" text-anchor="middle">${titles[0]}</text>
      <text class="tick" x="0" y="10">${titles[1]}</text>
    </svg>
  </figure>`;
}

function edge(across: Axis, at: number, name: string): Markup {
  const place = x(across, at);
  return markup`<line class="edge" x1="${place}" x2="${place}" y1="${margin.top}" y2="${base}" /><text
      class="tick"
      x="${place}"
      y="${margin.top - 5}"
      text-anchor="middle"
      >${name}</text
    >`;
}

function polyline(points: readonly (readonly [number, number])[], name: string): Markup {
  return markup`<polyline class="${name}" points="${points.map(([px, py]) => `${px},${py}`).join(" ")}" />`;
}

/** At most as many as can be told apart; the first, where the outliers are, all. */
function thinned<Item>(items: readonly Item[]): readonly Item[] {
  if (items.length <= mostPoints) return items;
  const kept = 60;
  const step = (items.length - 1 - kept) / (mostPoints - 1 - kept);
  return Array.from({ length: mostPoints }, (_, k) => items[k < kept ? k : Math.round(kept + (k - kept) * step)]!);
}

function x(axis: Axis, value: number): number {
  return round(margin.left + axis.share(value) * plotWidth);
}

function y(axis: Axis, value: number): number {
  return round(base - axis.share(value) * plotHeight);
}

function tickText(value: number): string {
  const magnitude = Math.abs(value);
  return magnitude !== 0 && (magnitude >= 1e5 || magnitude < 1e-3) ? value.toExponential(0) : decimal(String(value));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
