/** A chart as a picture of its own: with its title, what it is about, and its legend, on the theme's ground. */
import { t } from "../../server/text/l10n.ts";
import type { ChartColors } from "../ui/theme.ts";

/** What stands over a chart in a picture of it. */
export interface PictureWords {
  readonly title: string;
  readonly subject: string;
  readonly legend: readonly PictureLabel[];
}

export interface PictureLabel {
  readonly label: string;
  readonly color: string;
}

const margin = 16;
const swatch = 10;

/** @returns the PNG as base64 */
export function chartPicture(chart: HTMLCanvasElement, words: PictureWords, colors: ChartColors): string {
  const ratio = chart.width / Math.max(1, chart.clientWidth);
  const line = colors.fontSize * 1.7;
  const head = margin + 3 * line;
  const picture = document.createElement("canvas");
  picture.width = chart.width + 2 * margin * ratio;
  picture.height = chart.height + (head + margin) * ratio;
  const context = picture.getContext("2d");
  if (context === null) throw new Error(t("The picture could not be drawn."));
  context.fillStyle = colors.background;
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(chart, margin * ratio, head * ratio);
  context.scale(ratio, ratio);
  context.textBaseline = "top";
  const write = (text: string, x: number, y: number, color: string, weight = "normal"): void => {
    context.font = `${weight} ${colors.fontSize + (weight === "bold" ? 2 : 0)}px ${colors.fontFamily}`;
    context.fillStyle = color;
    context.fillText(text, x, y);
  };
  write(words.title, margin, margin, colors.foreground, "bold");
  write(words.subject, margin, margin + line, colors.muted);
  let x = margin;
  for (const { label, color } of words.legend) {
    context.fillStyle = color;
    context.fillRect(x, margin + 2 * line + 1, swatch, swatch);
    write(label, x + swatch + 5, margin + 2 * line, colors.muted);
    x += swatch + 20 + context.measureText(label).width;
  }
  return picture.toDataURL("image/png").slice("data:image/png;base64,".length);
}
