/** What test/bench/calibrate.ts measured, as Markdown and as a picture. Pure. */
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import type { Grade } from "../../server/spectrum/verdict.ts";

/** How matrices of one kind were graded. */
export interface Cell {
  readonly shape: readonly [rows: number, columns: number];
  readonly initialiser: string;
  readonly dtype: Dtype;
  readonly draws: number;
  readonly grades: Readonly<Partial<Record<Grade, number>>>;
}

/** Heads of noise, as they lie in a projection of shape `of`. */
export interface HeadCell extends Cell {
  readonly of: readonly [rows: number, columns: number];
}

/** How noise with structure of one strength in it was graded. */
export interface PowerPoint {
  readonly kind: "spike" | "low-rank update";
  readonly shape: readonly [rows: number, columns: number];
  readonly strength: number;
  readonly draws: number;
  readonly grades: Cell["grades"];
}

export interface Calibration {
  readonly adapter: string;
  readonly cells: readonly Cell[];
  readonly heads: readonly HeadCell[];
  readonly orthogonal: readonly Cell[];
  readonly power: readonly PowerPoint[];
}

interface Share {
  readonly draws: number;
  readonly random: number;
  /** Random or near random. */
  readonly close: number;
}

export function shareOf(cells: readonly Pick<Cell, "draws" | "grades">[]): Share {
  let [draws, random, close] = [0, 0, 0];
  for (const { draws: each, grades } of cells) {
    draws += each;
    random += grades.random ?? 0;
    close += (grades.random ?? 0) + (grades["near-random"] ?? 0);
  }
  return { draws, random, close };
}

/** Wilson's 95 % confidence interval of a share. */
export function wilson(hits: number, draws: number): readonly [low: number, high: number] {
  const z = 1.96;
  const p = hits / draws;
  const centre = p + (z * z) / (2 * draws);
  const half = z * Math.sqrt((p * (1 - p)) / draws + (z * z) / (4 * draws * draws));
  const scale = 1 + (z * z) / draws;
  return [Math.max(0, (centre - half) / scale), Math.min(1, (centre + half) / scale)];
}

/** P(the upper limit of {@link wilson} lies below a share) for binomial hits of probability p. */
export function chanceBelow(share: number, draws: number, p: number): number {
  let probability = p ** draws;
  let sum = 0;
  for (let hits = draws; hits >= 0; hits--) {
    if (wilson(hits, draws)[1] < share) sum += probability;
    probability *= (hits / (draws - hits + 1)) * ((1 - p) / p);
  }
  return sum;
}

export function calibrationPage(calibration: Calibration): string {
  const { cells: matrices, heads, orthogonal, power, adapter } = calibration;
  const cells: readonly Cell[] = [...matrices, ...heads];
  const all = shareOf(cells);
  const [low, high] = wilson(all.random, all.draws);
  const dtypes = unique(cells.map(({ dtype }) => dtype));
  const initialisers = unique(cells.map(({ initialiser }) => initialiser));
  const rejected = cells.filter((cell) => wilson(shareOf([cell]).random, cell.draws)[1] < 0.98);
  const chance = cells.reduce((sum, { draws }) => sum + chanceBelow(0.98, draws, all.random / all.draws), 0);
  const lines = [
    `${all.draws} random matrices, computed on ${adapter}. Graded random: **${percent(all.random / all.draws)}** (95 % confidence interval ${percent(low)} to ${percent(high)}); random or near random: **${percent(all.close / all.draws)}**.`,
    "",
    `Of the ${cells.length} cells (shape × initialiser × dtype) ${rejected.length} ${rejected.length === 1 ? "has" : "have"} an upper 95 % confidence limit below 98 % graded random${rejected.length === 0 ? "" : ` (${rejected.map(cellName).join("; ")})`}; if the share were ${percent(all.random / all.draws)} in every cell, chance alone would leave ${chance.toFixed(1)}.`,
    "",
    "![share graded random by shape and initialiser, and power](images/calibration.svg)",
    "",
    "### By shape and initialiser",
    "",
    "Share graded random with its 95 % confidence interval, the four dtypes together; after the stroke the share graded random or near random.",
    "",
    ...table(
      ["shape", "draws", ...initialisers],
      byShape(matrices, (group) => [
        String(shareOf(group).draws),
        ...initialisers.map((initialiser) => shareText(group.filter((cell) => cell.initialiser === initialiser))),
      ]),
    ),
    "",
    "### By shape and dtype",
    "",
    "The same, the five initialisers together. FP8 entries are scaled so that the largest is 448, as quantisers do.",
    "",
    ...table(
      ["shape", ...dtypes],
      byShape(matrices, (group) => dtypes.map((dtype) => shareText(group.filter((cell) => cell.dtype === dtype)))),
    ),
    "",
    "### Single heads",
    "",
    "Rows or columns of a larger projection, as one attention head owns them, the four dtypes together.",
    "",
    ...table(
      ["head", "of", "draws", ...initialisers],
      byShape(heads, (group) => [
        shapeText(group[0]!.of),
        String(shareOf(group).draws),
        ...initialisers.map((initialiser) => shareText(group.filter((cell) => cell.initialiser === initialiser))),
      ]),
    ),
    "",
    "### Orthogonal initialisation",
    "",
    ...table(
      ["shape", "dtype", "draws", "graded orthogonal"],
      [...orthogonal]
        .sort(bySize)
        .map(({ shape, dtype, draws, grades }) => [
          shapeText(shape),
          dtype,
          String(draws),
          percent((grades.orthogonal ?? 0) / draws),
        ]),
    ),
    "",
    "### Power",
    "",
    "Noise with one learned direction in it: θ is its singular value, in units of the threshold σ(mn)^¼ below which no direction shows in the spectrum (Baik, Ben Arous, Péché 2005). Noise with a rank-8 update: ρ is the update's Frobenius norm over the noise's. Share _not_ graded random, and share graded neither random nor near random.",
    "",
    ...table(
      ["shape", "structure", "strength", "draws", "not random", "learned or partly learned"],
      [...power].sort(bySize).map((point) => {
        const { random, close, draws } = shareOf([point]);
        const unit = point.kind === "spike" ? "θ" : "ρ";
        return [
          shapeText(point.shape),
          point.kind,
          `${unit} = ${point.strength}`,
          String(draws),
          percent(1 - random / draws),
          percent(1 - close / draws),
        ];
      }),
    ),
    "",
  ];
  return lines.join("\n");
}

/** Above, a dot with its confidence interval for each shape and initialiser; below, power against strength. */
export function calibrationPicture({ cells, power }: Calibration): string {
  const [width, left, right] = [860, 110, 20];
  const across = width - left - right;
  const shapes = uniqueShapes(cells);
  const initialisers = unique(cells.map(({ initialiser }) => initialiser));
  const rowHeight = 34;
  const top = 60;
  const bottom = top + shapes.length * rowHeight;
  const [least, most] = [0.9, 1];
  const x = (share: number): number => left + ((Math.max(least, share) - least) / (most - least)) * across;
  const parts: string[] = [];
  const text = (tx: number, ty: number, content: string, anchor = "start"): void => {
    parts.push(`<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" text-anchor="${anchor}">${content}</text>`);
  };
  text(left, 20, "Share of random matrices graded random, with 95 % confidence intervals");
  initialisers.forEach((name, i) => {
    parts.push(`<circle cx="${left + 6 + i * 145}" cy="36" r="4" fill="${colours[i % colours.length]!}"/>`);
    text(left + 15 + i * 145, 40, name);
  });
  for (const share of [0.9, 0.92, 0.94, 0.96, 0.98, 1]) {
    const dash = share === 0.98 ? "" : ' stroke-dasharray="2 3"';
    parts.push(`<path d="M${x(share).toFixed(1)} ${top - 8}V${bottom}" stroke="#888"${dash}/>`);
    text(x(share), bottom + 16, percent(share), "middle");
  }
  shapes.forEach((shape, row) => {
    const y0 = top + row * rowHeight;
    text(left - 10, y0 + rowHeight / 2 + 4, shapeText(shape), "end");
    initialisers.forEach((initialiser, i) => {
      const { random, draws } = shareOf(
        cells.filter((cell) => sameShape(cell.shape, shape) && cell.initialiser === initialiser),
      );
      if (draws === 0) return;
      const [low, high] = wilson(random, draws);
      const y = y0 + 5 + ((i + 0.5) * (rowHeight - 10)) / initialisers.length;
      const colour = colours[i % colours.length]!;
      parts.push(
        `<path d="M${x(low).toFixed(1)} ${y.toFixed(1)}H${x(high).toFixed(1)}" stroke="${colour}" stroke-width="2"/>`,
      );
      parts.push(`<circle cx="${x(random / draws).toFixed(1)}" cy="${y.toFixed(1)}" r="2.6" fill="${colour}"/>`);
    });
  });

  const panelTop = bottom + 70;
  const panelHeight = 180;
  const kinds = unique(power.map(({ kind }) => kind));
  const panelWidth = (across - 60) / Math.max(1, kinds.length);
  kinds.forEach((kind, k) => {
    const from = left + k * (panelWidth + 60);
    const points = power.filter((point) => point.kind === kind);
    const strongest = Math.max(...points.map(({ strength }) => strength));
    const px = (strength: number): number => from + (strength / strongest) * panelWidth;
    const py = (share: number): number => panelTop + (1 - share) * panelHeight;
    text(from, panelTop - 14, `Not graded random: ${kind}`);
    parts.push(
      `<rect x="${from.toFixed(1)}" y="${panelTop}" width="${panelWidth.toFixed(1)}" height="${panelHeight}" fill="none" stroke="#888"/>`,
    );
    for (const share of [0, 0.5, 1]) text(from - 6, py(share) + 4, percent(share), "end");
    for (const strength of unique(points.map((point) => point.strength))) {
      if (strength / strongest >= 0.15) text(px(strength), panelTop + panelHeight + 16, String(strength), "middle");
    }
    const label = kind === "spike" ? "θ / σ(mn)^¼" : "‖update‖ / ‖noise‖";
    text(from + panelWidth / 2, panelTop + panelHeight + 34, label, "middle");
    uniqueShapes(points).forEach((shape, i) => {
      const colour = colours[i % colours.length]!;
      const line = points
        .filter((point) => sameShape(point.shape, shape))
        .map((point) => `${px(point.strength).toFixed(1)} ${py(1 - shareOf([point]).random / point.draws).toFixed(1)}`);
      parts.push(`<path d="M${line.join("L")}" fill="none" stroke="${colour}" stroke-width="2"/>`);
      text(from + panelWidth - 8, panelTop + panelHeight - 10 - 16 * i, shapeText(shape), "end");
      parts.push(
        `<circle cx="${(from + panelWidth - 92).toFixed(1)}" cy="${panelTop + panelHeight - 14 - 16 * i}" r="4" fill="${colour}"/>`,
      );
    });
  });
  const height = panelTop + panelHeight + 50;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" fill="#333"><rect width="${width}" height="${height}" fill="#fff"/>
${parts.join("\n")}
</svg>
`;
}

/** Okabe and Ito's, which all eyes tell apart. */
const colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"];

function shareText(cells: readonly Cell[]): string {
  const { random, close, draws } = shareOf(cells);
  if (draws === 0) return "";
  const [low, high] = wilson(random, draws);
  return `${percent(random / draws)} (${percent(low)}–${percent(high)}) / ${percent(close / draws)}`;
}

function byShape<Kind extends Cell>(cells: readonly Kind[], row: (group: readonly Kind[]) => string[]): string[][] {
  return uniqueShapes(cells).map((shape) => [
    shapeText(shape),
    ...row(cells.filter((cell) => sameShape(cell.shape, shape))),
  ]);
}

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (row: readonly string[]): string => `| ${row.join(" | ")} |`;
  return [line(headings), line(headings.map(() => "---")), ...rows.map(line)];
}

function cellName({ shape, initialiser, dtype, draws, grades }: Cell): string {
  return `${shapeText(shape)} ${initialiser} ${dtype} (${grades.random ?? 0} of ${draws})`;
}

function uniqueShapes(items: readonly { readonly shape: Cell["shape"] }[]): Cell["shape"][] {
  const found: Cell["shape"][] = [];
  for (const { shape } of items) if (!found.some((other) => sameShape(other, shape))) found.push(shape);
  return found.sort((a, b) => a[0] * a[1] - b[0] * b[1]);
}

function bySize(a: { readonly shape: Cell["shape"] }, b: { readonly shape: Cell["shape"] }): number {
  return a.shape[0] * a.shape[1] - b.shape[0] * b.shape[1];
}

function sameShape(a: Cell["shape"], b: Cell["shape"]): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function shapeText([rows, columns]: Cell["shape"]): string {
  return `${rows} × ${columns}`;
}

function unique<T>(items: readonly T[]): T[] {
  return [...new Set(items)];
}

function percent(share: number): string {
  const value = 100 * share;
  return `${Number(value.toFixed(value > 99 && value < 100 ? 2 : 1))} %`;
}
