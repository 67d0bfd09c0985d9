import type { Plugin } from "chart.js";
import type { ChartColors } from "../ui/theme.ts";

export interface EdgeLine {
  /** On the axis, in data units. */
  readonly at: number;
  readonly label: string;
  /** The label stands below a horizontal line instead of above it, where curves pass above. */
  readonly below?: boolean;
}

/** Draws dashed lines across the plot with their labels: at the ends of a Marchenko–Pastur bulk. */
export function edgeLines(lines: readonly EdgeLine[], axis: "x" | "y", colors: ChartColors): Plugin {
  return {
    id: "edgeLines",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      const scale = scales[axis];
      if (scale === undefined) return;
      ctx.save();
      ctx.font = `${colors.fontSize}px ${colors.fontFamily}`;
      ctx.lineWidth = 1;
      const shown = lines
        .filter(({ at }) => at >= scale.min && at <= scale.max)
        .map((line) => ({
          ...line,
          pixel: scale.getPixelForValue(line.at),
          width: ctx.measureText(line.label).width,
        }));
      const lefts = axis === "x" ? labelsBeside(shown, chartArea) : [];
      for (const [index, { pixel, label, width, below = false }] of shown.entries()) {
        ctx.strokeStyle = colors.edge;
        ctx.setLineDash([4, 3]);
        ctx.beginPath();
        if (axis === "x") {
          ctx.moveTo(pixel, chartArea.top - 4);
          ctx.lineTo(pixel, chartArea.bottom);
        } else {
          ctx.moveTo(chartArea.left, pixel);
          ctx.lineTo(chartArea.right, pixel);
        }
        ctx.stroke();
        if (axis === "x") {
          ctx.textBaseline = "bottom";
          ctx.textAlign = "left";
          ctx.fillStyle = colors.muted;
          ctx.fillText(label, lefts[index]!, chartArea.top - 6);
        } else {
          ctx.textBaseline = below ? "top" : "bottom";
          ctx.textAlign = "right";
          const right = chartArea.right - 2;
          const baseline = pixel + (below ? 2 : -2);
          // Curves pass behind it.
          ctx.fillStyle = colors.ground;
          ctx.fillRect(right - width - 2, below ? baseline : baseline - colors.fontSize, width + 4, colors.fontSize);
          ctx.fillStyle = colors.muted;
          ctx.fillText(label, right, baseline);
        }
      }
      ctx.restore();
    },
  };
}

const gap = 8;

/** Where labels begin so that each is over its line: those of lines close to each other end and begin between them. */
function labelsBeside(
  lines: readonly { readonly pixel: number; readonly width: number }[],
  area: { readonly left: number; readonly right: number },
): number[] {
  const within = (left: number, width: number): number => Math.min(Math.max(left, area.left), area.right - width);
  const lefts = lines.map(({ pixel, width }) => within(pixel - width / 2, width));
  for (let index = 1; index < lines.length; index++) {
    const [before, line] = [lines[index - 1]!, lines[index]!];
    if (lefts[index]! >= lefts[index - 1]! + before.width + gap) continue;
    const middle = (before.pixel + line.pixel) / 2;
    lefts[index - 1] = within(middle - gap / 2 - before.width, before.width);
    lefts[index] = within(Math.max(middle + gap / 2, lefts[index - 1]! + before.width + gap), line.width);
  }
  return lefts;
}
