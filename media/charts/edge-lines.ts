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
      for (const { at, label, below = false } of lines) {
        if (at < scale.min || at > scale.max) continue;
        const pixel = scale.getPixelForValue(at);
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
        ctx.fillStyle = colors.muted;
        const width = ctx.measureText(label).width;
        if (axis === "x") {
          ctx.textBaseline = "bottom";
          ctx.textAlign = "left";
          const left = Math.min(Math.max(pixel - width / 2, chartArea.left), chartArea.right - width);
          ctx.fillText(label, left, chartArea.top - 6);
        } else {
          ctx.textBaseline = below ? "top" : "bottom";
          ctx.textAlign = "right";
          ctx.fillText(label, chartArea.right - 2, pixel + (below ? 2 : -2));
        }
      }
      ctx.restore();
    },
  };
}
