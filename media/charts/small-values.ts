/** Singular values against their index, small enough to stand beside many of their kind, over what noise would give. */
import { createSvg } from "../ui/dom.ts";
import { height, smallFigure, width } from "./small-figure.ts";
import type { ShownSpectrum } from "../model/shown-spectrum.ts";
import { thin } from "./thin.ts";

/**
 * The drawing; decorative, for its numbers are said beside it.
 * @param highest the value at its upper end, the same for all that are compared
 */
export function smallValues({ singularValues, noiseAt }: ShownSpectrum, highest: number): SVGSVGElement {
  const count = singularValues.length;
  const line = (name: string, valueAt: (index: number) => number | null): SVGPolylineElement => {
    const points = thin(count).flatMap((index) => {
      const value = valueAt(index);
      if (value === null || !(highest > 0)) return [];
      const x = count < 2 ? width / 2 : (index / (count - 1)) * width;
      return [`${x.toFixed(1)},${(height - Math.min(1, value / highest) * (height - 4)).toFixed(1)}`];
    });
    return createSvg("polyline", { class: name, points: points.join(" ") });
  };
  return smallFigure(
    line("small-noise", noiseAt),
    line("small-values", (index) => singularValues[index] ?? null),
  );
}
