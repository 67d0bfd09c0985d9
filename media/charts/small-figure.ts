/** The frame of a drawing small enough to stand beside many of its kind. */
import { createSvg } from "../ui/dom.ts";

export const width = 168;
export const height = 60;

/** The drawing over its axis; decorative, for its numbers are said beside it. */
export function smallFigure(...shapes: readonly SVGElement[]): SVGSVGElement {
  return createSvg(
    "svg",
    {
      class: "small-figure",
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    },
    ...shapes,
    createSvg("line", { class: "small-axis", x1: "0", x2: String(width), y1: String(height), y2: String(height) }),
  );
}
