/**
 * A drawing context that writes SVG: as much of CanvasRenderingContext2D as charts draw with. Every coordinate is
 * transformed as it comes, so that paths lie in the coordinates of the picture.
 */

type Matrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

interface State {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  lineCap: string;
  lineJoin: string;
  lineDash: readonly number[];
  globalAlpha: number;
  font: string;
  textAlign: string;
  textBaseline: string;
  matrix: Matrix;
  /** Id of the clip path; empty for none. */
  clip: string;
}

const initial: State = {
  fillStyle: "#000",
  strokeStyle: "#000",
  lineWidth: 1,
  lineCap: "butt",
  lineJoin: "miter",
  lineDash: [],
  globalAlpha: 1,
  font: "10px sans-serif",
  textAlign: "start",
  textBaseline: "alphabetic",
  matrix: [1, 0, 0, 1, 0, 0],
  clip: "",
};

/** How far below the line of writing each baseline asks text to be, in sizes of the font. */
const baselines: Readonly<Record<string, number>> = { top: 0.8, hanging: 0.8, middle: 0.35, bottom: -0.2 };
const anchors: Readonly<Record<string, string>> = { center: "middle", right: "end", end: "end" };

export class SvgContext {
  readonly canvas: { readonly width: number; readonly height: number; readonly getContext: () => SvgContext };
  readonly #measure: (text: string, font: string) => TextMetrics;
  readonly #elements: string[] = [];
  readonly #clips: string[] = [];
  readonly #prefix: string;
  readonly #stack: State[] = [];
  #state: State = { ...initial };
  #path: string[] = [];

  /**
   * @param measure the size of text in a font
   * @param prefix what the ids in the picture begin with: several pictures may stand on one page
   */
  constructor(width: number, height: number, measure: (text: string, font: string) => TextMetrics, prefix = "clip") {
    this.canvas = { width, height, getContext: () => this };
    this.#measure = measure;
    this.#prefix = prefix;
  }

  /** What was drawn, as the children of an `svg` element. */
  get content(): string {
    const clips = this.#clips.length === 0 ? "" : `<defs>${this.#clips.join("")}</defs>`;
    return clips + this.#elements.join("\n");
  }

  get fillStyle(): string {
    return this.#state.fillStyle;
  }
  set fillStyle(value: string) {
    this.#state.fillStyle = value;
  }
  get strokeStyle(): string {
    return this.#state.strokeStyle;
  }
  set strokeStyle(value: string) {
    this.#state.strokeStyle = value;
  }
  get lineWidth(): number {
    return this.#state.lineWidth;
  }
  set lineWidth(value: number) {
    this.#state.lineWidth = value;
  }
  get lineCap(): string {
    return this.#state.lineCap;
  }
  set lineCap(value: string) {
    this.#state.lineCap = value;
  }
  get lineJoin(): string {
    return this.#state.lineJoin;
  }
  set lineJoin(value: string) {
    this.#state.lineJoin = value;
  }
  get globalAlpha(): number {
    return this.#state.globalAlpha;
  }
  set globalAlpha(value: number) {
    this.#state.globalAlpha = value;
  }
  get font(): string {
    return this.#state.font;
  }
  set font(value: string) {
    this.#state.font = value;
  }
  get textAlign(): string {
    return this.#state.textAlign;
  }
  set textAlign(value: string) {
    this.#state.textAlign = value;
  }
  get textBaseline(): string {
    return this.#state.textBaseline;
  }
  set textBaseline(value: string) {
    this.#state.textBaseline = value;
  }

  save(): void {
    this.#stack.push({ ...this.#state });
  }

  restore(): void {
    this.#state = this.#stack.pop() ?? this.#state;
  }

  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    this.#state.matrix = [a, b, c, d, e, f];
  }

  resetTransform(): void {
    this.#state.matrix = initial.matrix;
  }

  transform(a: number, b: number, c: number, d: number, e: number, f: number): void {
    const [ma, mb, mc, md, me, mf] = this.#state.matrix;
    this.#state.matrix = [
      ma * a + mc * b,
      mb * a + md * b,
      ma * c + mc * d,
      mb * c + md * d,
      ma * e + mc * f + me,
      mb * e + md * f + mf,
    ];
  }

  translate(x: number, y: number): void {
    this.transform(1, 0, 0, 1, x, y);
  }

  scale(x: number, y: number): void {
    this.transform(x, 0, 0, y, 0, 0);
  }

  rotate(angle: number): void {
    this.transform(Math.cos(angle), Math.sin(angle), -Math.sin(angle), Math.cos(angle), 0, 0);
  }

  setLineDash(dashes: readonly number[]): void {
    this.#state.lineDash = [...dashes];
  }

  getLineDash(): number[] {
    return [...this.#state.lineDash];
  }

  beginPath(): void {
    this.#path = [];
  }

  closePath(): void {
    if (this.#path.length > 0) this.#path.push("Z");
  }

  moveTo(x: number, y: number): void {
    this.#path.push(`M${this.#point(x, y)}`);
  }

  lineTo(x: number, y: number): void {
    this.#path.push(`${this.#path.length === 0 ? "M" : "L"}${this.#point(x, y)}`);
  }

  bezierCurveTo(x1: number, y1: number, x2: number, y2: number, x: number, y: number): void {
    this.#path.push(`C${this.#point(x1, y1)} ${this.#point(x2, y2)} ${this.#point(x, y)}`);
  }

  quadraticCurveTo(x1: number, y1: number, x: number, y: number): void {
    this.#path.push(`Q${this.#point(x1, y1)} ${this.#point(x, y)}`);
  }

  rect(x: number, y: number, width: number, height: number): void {
    this.moveTo(x, y);
    this.lineTo(x + width, y);
    this.lineTo(x + width, y + height);
    this.lineTo(x, y + height);
    this.closePath();
  }

  arc(x: number, y: number, radius: number, start: number, end: number, counterclockwise = false): void {
    this.ellipse(x, y, radius, radius, 0, start, end, counterclockwise);
  }

  /** Arcs become runs of at most a quarter turn, which SVG can name without doubt. */
  ellipse(
    x: number,
    y: number,
    radiusX: number,
    radiusY: number,
    rotation: number,
    start: number,
    end: number,
    counterclockwise = false,
  ): void {
    const turn = 2 * Math.PI;
    let sweep = end - start;
    if (counterclockwise) sweep = sweep <= -turn ? -turn : sweep > 0 ? (sweep % turn) - turn : sweep;
    else sweep = sweep >= turn ? turn : sweep < 0 ? (sweep % turn) + turn : sweep;
    const at = (angle: number): [number, number] => {
      const px = radiusX * Math.cos(angle);
      const py = radiusY * Math.sin(angle);
      return [
        x + px * Math.cos(rotation) - py * Math.sin(rotation),
        y + px * Math.sin(rotation) + py * Math.cos(rotation),
      ];
    };
    this.lineTo(...at(start));
    const steps = Math.max(1, Math.ceil(Math.abs(sweep) / (Math.PI / 2)));
    const step = sweep / steps;
    // The Bézier curve closest to an arc of this angle.
    const handle = (4 / 3) * Math.tan(step / 4);
    const slope = (angle: number): [number, number] => {
      const px = -radiusX * Math.sin(angle);
      const py = radiusY * Math.cos(angle);
      return [px * Math.cos(rotation) - py * Math.sin(rotation), px * Math.sin(rotation) + py * Math.cos(rotation)];
    };
    for (let index = 0; index < steps; index++) {
      const from = start + index * step;
      const to = from + step;
      const [x0, y0] = at(from);
      const [x1, y1] = at(to);
      const [dx0, dy0] = slope(from);
      const [dx1, dy1] = slope(to);
      this.bezierCurveTo(x0 + handle * dx0, y0 + handle * dy0, x1 - handle * dx1, y1 - handle * dy1, x1, y1);
    }
  }

  clip(): void {
    const id = `${this.#prefix}-${this.#clips.length + 1}`;
    const within = this.#state.clip === "" ? "" : ` clip-path="url(#${this.#state.clip})"`;
    this.#clips.push(`<clipPath id="${id}"${within}><path d="${this.#path.join("")}"/></clipPath>`);
    this.#state.clip = id;
  }

  fill(): void {
    if (this.#path.length === 0) return;
    this.#add(`<path d="${this.#path.join("")}" fill="${escapeXml(this.#state.fillStyle)}"/>`);
  }

  stroke(): void {
    if (this.#path.length === 0) return;
    this.#add(`<path d="${this.#path.join("")}" fill="none"${this.#strokeAttributes()}/>`);
  }

  fillRect(x: number, y: number, width: number, height: number): void {
    this.beginPath();
    this.rect(x, y, width, height);
    this.fill();
  }

  strokeRect(x: number, y: number, width: number, height: number): void {
    this.beginPath();
    this.rect(x, y, width, height);
    this.stroke();
  }

  clearRect(): void {
    // The picture begins empty.
  }

  fillText(text: string, x: number, y: number): void {
    const { font, fillStyle, textAlign, textBaseline, matrix } = this.#state;
    const size = fontSize(font);
    const below = y + (baselines[textBaseline] ?? 0) * size;
    const anchor = anchors[textAlign];
    const [a, b, c, d] = matrix;
    const straight = a === 1 && b === 0 && c === 0 && d === 1;
    const [px, py] = this.#point(x, below).split(" ");
    const place = straight
      ? `x="${px}" y="${py}"`
      : `transform="matrix(${[...matrix].map(short).join(" ")})" x="${short(x)}" y="${short(below)}"`;
    this.#add(
      `<text ${place} font-size="${short(size)}"${/\bbold\b/.test(font) ? ' font-weight="bold"' : ""}${anchor === undefined ? "" : ` text-anchor="${anchor}"`} fill="${escapeXml(fillStyle)}">${escapeXml(text)}</text>`,
    );
  }

  measureText(text: string): TextMetrics {
    return this.#measure(text, this.#state.font);
  }

  #strokeAttributes(): string {
    const { strokeStyle, lineWidth, lineDash, lineCap, lineJoin } = this.#state;
    return [
      ` stroke="${escapeXml(strokeStyle)}" stroke-width="${short(lineWidth)}"`,
      lineDash.length === 0 ? "" : ` stroke-dasharray="${lineDash.map(short).join(" ")}"`,
      lineCap === "butt" ? "" : ` stroke-linecap="${escapeXml(lineCap)}"`,
      lineJoin === "miter" ? "" : ` stroke-linejoin="${escapeXml(lineJoin)}"`,
    ].join("");
  }

  #add(element: string): void {
    const { clip, globalAlpha } = this.#state;
    const group = `${clip === "" ? "" : ` clip-path="url(#${clip})"`}${globalAlpha === 1 ? "" : ` opacity="${short(globalAlpha)}"`}`;
    this.#elements.push(group === "" ? element : `<g${group}>${element}</g>`);
  }

  #point(x: number, y: number): string {
    const [a, b, c, d, e, f] = this.#state.matrix;
    return `${short(a * x + c * y + e)} ${short(b * x + d * y + f)}`;
  }
}

function fontSize(font: string): number {
  return Number(/([\d.]+)px/.exec(font)?.[1] ?? 10);
}

/** A hundredth of a pixel is exact enough. */
function short(value: number): string {
  return String(Math.round(value * 100) / 100);
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** Text as it may stand in XML: without the characters that no XML file may hold. */
export function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, "\u{FFFD}")
    .replace(/[&<>"]/g, (character) => entities[character] ?? "");
}
