import type { MatrixDetail } from "../protocol.ts";
import { formatNumber } from "../text/format.ts";
import { t } from "../text/l10n.ts";
import { bulkCurve } from "../spectrum/bulk-curve.ts";
import { binSpectrum } from "../spectrum/histogram.ts";

const width = 440;
const height = 104;
const margin = { left: 8, right: 8, top: 14, bottom: 20 };

/** A hover's picture does not know the theme: these are told apart on light and dark grounds, and without colour vision. */
const colours = { bulk: "#4a90d9", outlier: "#d9822b", noise: "#888888", text: "#888888" };

/** Values further out than this many times the upper edge are told in words: the bulk would shrink to nothing. */
const widestView = 3;

/**
 * A small histogram of a matrix's singular values, with the Marchenko–Pastur density at the bulk's σ and both its edges.
 * @returns SVG without any text out of a file; null where there is no spectrum.
 */
export function spectrumPicture(detail: MatrixDetail): string | null {
  const { lowerEdge, upperEdge, sigmaBulk } = detail.metrics;
  const values = detail.singularValues.filter((value) => value !== null);
  const largest = values[0];
  if (largest === undefined || largest === 0 || lowerEdge === null || upperEdge === null || sigmaBulk === null) {
    return null;
  }
  const end = upperEdge > 0 ? Math.min(largest, widestView * upperEdge) : largest;
  const shown = values.filter((value) => value <= end);
  const { bins, width: binWidth } = binSpectrum(shown, lowerEdge, upperEdge, false);
  const right = Math.max(bins.at(-1)?.to ?? end, upperEdge) * 1.02;
  const curve = bulkCurve(values.length, sigmaBulk, detail, { width: binWidth, logarithmic: false });
  const top = Math.max(1, ...bins.map(({ count }) => count), ...curve.map((point) => point.y));
  const x = (value: number): number => round(margin.left + (value / right) * (width - margin.left - margin.right));
  const y = (count: number): number =>
    round(height - margin.bottom - (count / top) * (height - margin.top - margin.bottom));
  const base = height - margin.bottom;

  const parts = bins
    .filter(({ count }) => count > 0)
    .map(({ from, to, count, part }) => {
      const left = x(Math.max(0, from));
      const fill = part === "bulk" ? colours.bulk : colours.outlier;
      const size = `width="${round(Math.max(0.8, x(to) - left - 0.6))}" height="${round(base - y(count))}"`;
      return `<rect x="${left}" y="${y(count)}" ${size} fill="${fill}"/>`;
    });
  if (curve.length > 0) {
    const points = curve.map((point) => `${x(point.x)},${y(point.y)}`).join(" ");
    parts.push(`<polyline points="${points}" fill="none" stroke="${colours.noise}" stroke-width="1.5"/>`);
  }
  for (const edge of [lowerEdge, upperEdge].filter((each) => each > 0)) {
    const line = `x1="${x(edge)}" x2="${x(edge)}" y1="${margin.top}" y2="${base}"`;
    parts.push(`<line ${line} stroke="${colours.noise}" stroke-dasharray="3 3"/>`, label(x(edge), edge));
  }
  parts.push(
    `<line x1="${margin.left}" x2="${width - margin.right}" y1="${base}" y2="${base}" stroke="${colours.text}"/>`,
  );
  const beyond = values.length - shown.length;
  if (beyond > 0) {
    const text = t("{0} more, up to {1} →", beyond, formatNumber(largest));
    parts.push(
      `<text x="${width - margin.right}" y="10" text-anchor="end" ${font} fill="${colours.outlier}">${text}</text>`,
    );
  } else {
    parts.push(label(x(largest), largest, "end"));
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${parts.join("")}</svg>`;
}

const font = 'font-family="sans-serif" font-size="10"';

function label(x: number, value: number, anchor: "middle" | "end" = "middle"): string {
  return `<text x="${x}" y="${height - 6}" text-anchor="${anchor}" ${font} fill="${colours.text}">${formatNumber(value)}</text>`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
