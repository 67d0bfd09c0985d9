/** A histogram small enough to stand beside many of its kind: bars, the Marchenko–Pastur curve, the edges. */
import { cdf, density, valueAtAngle } from "../../server/statistics/marchenko-pastur.ts";
import type { Metrics } from "../../server/protocol.ts";
import { createSvg } from "../ui/dom.ts";
import { height, smallFigure, width } from "./small-figure.ts";

/** What is drawn; all histograms of a group share the axes, so that they can be compared. */
export interface SmallSpectrum {
  readonly rows: number;
  readonly columns: number;
  readonly values: readonly number[] | Float64Array;
  readonly metrics: Metrics;
}

export interface SmallAxes {
  readonly from: number;
  /** What lies beyond it is counted in the last bin. */
  readonly to: number;
  readonly bins: number;
  readonly highest: number;
}

const bins = 28;
const curvePoints = 48;

/** Axes that show every bulk in full and the outliers up to three times its edge. */
export function smallAxes(spectra: readonly SmallSpectrum[]): SmallAxes {
  let from = Infinity;
  let to = 0;
  for (const { values, metrics } of spectra) {
    const largest = values[0] ?? 0;
    const upper = metrics.upperEdge ?? 0;
    from = Math.min(from, values.at(-1) ?? 0, metrics.lowerEdge ?? Infinity);
    to = Math.max(to, upper > 0 ? Math.min(largest, 3 * upper) : largest, upper);
  }
  const start = Number.isFinite(from) && from > 0.35 * to ? 0.9 * from : 0;
  const axes = { from: start, to: to > start ? to * 1.02 : start + 1, bins, highest: 1 };
  const highest = Math.max(
    1,
    ...spectra.flatMap((spectrum) => [
      ...countBins(spectrum.values, axes),
      ...curveOf(spectrum, axes).map(({ count }) => count),
    ]),
  );
  return { ...axes, highest };
}

/** How many values lie in each bin; the last has those beyond as well. */
export function countBins(values: readonly number[] | Float64Array, { from, to, bins: count }: SmallAxes): number[] {
  const counts = new Array<number>(count).fill(0);
  for (const value of values) {
    const bin = Math.floor(((value - from) / (to - from)) * count);
    counts[Math.max(0, Math.min(count - 1, bin))]! += 1;
  }
  return counts;
}

/** Expected counts along the Marchenko–Pastur law of the bulk. */
function curveOf({ rows, columns, values, metrics }: SmallSpectrum, { from, to, bins: count }: SmallAxes) {
  const large = Math.max(rows, columns);
  const y = Math.min(rows, columns) / large;
  const unit = (metrics.sigmaBulk ?? 0) * Math.sqrt(large);
  const step = (to - from) / count;
  if (!(unit > 0)) return [];
  return Array.from({ length: curvePoints + 1 }, (_, k) => {
    const t = valueAtAngle((Math.PI * k) / curvePoints, y);
    // A bin's share, not the density: that of a square matrix does not fall to zero at zero.
    const share = cdf((t * unit + step / 2) / unit, y) - cdf(Math.max(0, t * unit - step / 2) / unit, y);
    return { value: t * unit, count: values.length * Math.min(share, (density(t, y) * step) / unit || share) };
  });
}

/** The drawing; decorative, for its numbers are said beside it. */
export function smallHistogram(spectrum: SmallSpectrum, axes: SmallAxes): SVGSVGElement {
  const x = (value: number): string => (((value - axes.from) / (axes.to - axes.from)) * width).toFixed(1);
  const y = (count: number): number => height - (count / axes.highest) * (height - 4);
  const { lowerEdge, upperEdge } = spectrum.metrics;
  const step = (axes.to - axes.from) / axes.bins;
  const bars = countBins(spectrum.values, axes).flatMap((count, bin) => {
    if (count === 0) return [];
    const middle = axes.from + (bin + 0.5) * step;
    const outlier = (upperEdge !== null && middle > upperEdge) || (lowerEdge !== null && middle < lowerEdge);
    const top = Math.min(y(count), height - 1.5);
    return [
      createSvg("rect", {
        class: outlier ? "series-outlier" : "series-bulk",
        x: ((bin * width) / axes.bins + 0.4).toFixed(1),
        y: top.toFixed(1),
        width: (width / axes.bins - 0.8).toFixed(1),
        height: (height - top).toFixed(1),
      }),
    ];
  });
  const points = curveOf(spectrum, axes).map(({ value, count }) => `${x(value)},${y(count).toFixed(1)}`);
  const edges = [lowerEdge, upperEdge].flatMap((edge) =>
    edge === null || edge <= axes.from || edge > axes.to
      ? []
      : [createSvg("line", { class: "small-edge", x1: x(edge), x2: x(edge), y1: "0", y2: String(height) })],
  );
  return smallFigure(...edges, ...bars, createSvg("polyline", { class: "small-curve", points: points.join(" ") }));
}
