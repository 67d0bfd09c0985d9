/** The colours charts need, resolved from the theme, and a way to hear that it changed. */
import { roles, type Role } from "../../server/architecture/role.ts";

export interface ChartColors {
  readonly foreground: string;
  readonly muted: string;
  readonly grid: string;
  readonly background: string;
  /** What charts are drawn on. */
  readonly ground: string;
  readonly bulk: string;
  readonly outlier: string;
  readonly noise: string;
  readonly edge: string;
  /** The area between two noise values. */
  readonly band: string;
  /** The same role has the same colour in every chart. */
  readonly roles: Readonly<Record<Role, string>>;
  readonly tooltipBackground: string;
  readonly tooltipForeground: string;
  readonly tooltipBorder: string;
  readonly fontFamily: string;
  readonly fontSize: number;
  readonly highContrast: boolean;
  /** The ground is dark. */
  readonly dark: boolean;
  /** Colours that are told apart, for lines that have no colour of their own. */
  readonly palette: readonly string[];
}

let known: { readonly theme: string; readonly colors: ChartColors } | null = null;

/**
 * The colours of the current theme; the custom properties of editor.css name the variables, so that CSS and canvas agree.
 * They are read anew when VS Code has rewritten what says which theme it is: reading takes longer than drawing.
 */
export function chartColors(): ChartColors {
  const { documentElement: root, body } = document;
  const theme = `${body.className}\n${root.getAttribute("style") ?? ""}`;
  if (known?.theme !== theme) known = { theme, colors: readColors() };
  return known.colors;
}

function readColors(): ChartColors {
  const style = getComputedStyle(document.body);
  const read = (name: string): string => resolved(style.getPropertyValue(name).trim());
  return {
    foreground: read("--foreground"),
    muted: read("--muted"),
    grid: read("--grid"),
    background: read("--background"),
    ground: read("--card-background"),
    bulk: read("--series-bulk"),
    outlier: read("--series-outlier"),
    noise: read("--series-noise"),
    edge: read("--series-edge"),
    band: read("--series-band"),
    roles: Object.fromEntries(roles.map((role) => [role, read(`--role-${role}`)])) as Record<Role, string>,
    tooltipBackground: read("--hover-background"),
    tooltipForeground: read("--hover-foreground"),
    tooltipBorder: read("--hover-border"),
    fontFamily: style.fontFamily,
    fontSize: Math.max(10, Number.parseFloat(style.fontSize) - 2),
    dark: luminance(read("--background")) < 0.5,
    palette: Array.from({ length: 8 }, (_, index) => read(`--palette-${index + 1}`)),
    highContrast: document.body.classList.contains("vscode-high-contrast"),
  };
}

/** How light an `rgba(…)` colour looks, from 0 to 1. */
function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = (color.match(/[\d.]+/g) ?? []).map(Number);
  return (0.299 * red + 0.587 * green + 0.114 * blue) / 255;
}

let probe: CanvasRenderingContext2D | null = null;

/** Any CSS colour, also `color-mix(…)`, as the `rgba(…)` that charts can compute with. */
function resolved(color: string): string {
  probe ??= document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  if (probe === null || color === "") return "rgba(128, 128, 128, 1)";
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = color;
  probe.fillRect(0, 0, 1, 1);
  const [red = 0, green = 0, blue = 0, alpha = 255] = probe.getImageData(0, 0, 1, 1).data;
  return `rgba(${red}, ${green}, ${blue}, ${(alpha / 255).toFixed(3)})`;
}

/** Calls back after each change of theme; VS Code then rewrites the variables on the root and the classes on the body. */
export function onThemeChange(callback: () => void): () => void {
  let scheduled = 0;
  const observer = new MutationObserver(() => {
    cancelAnimationFrame(scheduled);
    scheduled = requestAnimationFrame(callback);
  });
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["style"] });
  observer.observe(document.body, { attributes: true, attributeFilter: ["class", "data-vscode-theme-id"] });
  return () => {
    cancelAnimationFrame(scheduled);
    observer.disconnect();
  };
}
