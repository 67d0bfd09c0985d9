/** A chart as a drawing of its own, in vectors: the same chart once more, drawn by a context that writes SVG. */
import { t } from "../../server/text/l10n.ts";
import { BasicPlatform, Chart, type Point } from "chart.js";
import type { ChartColors } from "../ui/theme.ts";
import type { PlotConfiguration } from "./plot.ts";
import type { PictureWords } from "./picture.ts";
import { escapeXml, SvgContext } from "./svg-context.ts";

const margin = 16;
const swatch = 10;

export interface VectorOptions {
  /** Of the chart, in pixels. */
  readonly width: number;
  readonly height: number;
  /** What is in view of each axis. */
  readonly ranges: Readonly<Record<string, { readonly min: number; readonly max: number }>>;
}

/** @returns a whole SVG file */
export function chartVector(
  { type, data, options = {}, plugins = [] }: PlotConfiguration,
  { width, height, ranges }: VectorOptions,
  words: PictureWords,
  colors: ChartColors,
): string {
  const text = document.createElement("canvas").getContext("2d");
  if (text === null) throw new Error(t("The picture could not be drawn."));
  const context = new SvgContext(width, height, (content, font) => {
    text.font = font;
    return text.measureText(content);
  });
  const scales = Object.fromEntries(
    Object.entries(options.scales ?? {}).map(([id, scale]) => [id, { ...scale, ...ranges[id] }]),
  );
  const chart = new Chart<"bar" | "line", Point[]>(context.canvas as unknown as HTMLCanvasElement, {
    type,
    platform: BasicPlatform,
    data: {
      // Lines with segments of their own are drawn step by step, not as paths that cannot be read back.
      datasets: data.datasets.map((dataset) => (dataset.type === "bar" ? { ...dataset } : { ...dataset, segment: {} })),
    },
    options: { ...options, scales, animation: false, responsive: false, devicePixelRatio: 1, events: [] },
    plugins,
  });
  chart.destroy();
  const line = colors.fontSize * 1.7;
  const head = margin + 3 * line;
  const write = (content: string, x: number, y: number, color: string, extra = ""): string =>
    `<text x="${x}" y="${(y + colors.fontSize).toFixed(1)}" fill="${color}"${extra}>${escapeXml(content)}</text>`;
  const legend: string[] = [];
  let x = margin;
  text.font = `${colors.fontSize}px ${colors.fontFamily}`;
  for (const { label, color } of words.legend) {
    const top = margin + 2 * line;
    legend.push(
      `<rect x="${x.toFixed(1)}" y="${(top + 1).toFixed(1)}" width="${swatch}" height="${swatch}" fill="${escapeXml(color)}"/>`,
      write(label, x + swatch + 5, top, colors.muted),
    );
    x += swatch + 20 + text.measureText(label).width;
  }
  const whole = { width: width + 2 * margin, height: Math.ceil(height + head + margin) };
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${whole.width}" height="${whole.height}" viewBox="0 0 ${whole.width} ${whole.height}" role="img" font-family="${escapeXml(colors.fontFamily)}" font-size="${colors.fontSize}">`,
    `<title>${escapeXml(`${words.title}: ${words.subject}`)}</title>`,
    `<rect width="100%" height="100%" fill="${escapeXml(colors.background)}"/>`,
    write(words.title, margin, margin, colors.foreground, ' font-weight="bold"'),
    write(words.subject, margin, margin + line, colors.muted),
    ...legend,
    `<g transform="translate(${margin} ${head.toFixed(1)})">`,
    context.content,
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}
