import { counted } from "./counted.ts";
import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import { profilesOf } from "../analysis/profiles.ts";
import type { JudgedMatrix } from "../analysis/summary.ts";
import type { DrawnSpectrum, HeadBasis, VectorsDetail } from "../protocol.ts";
import { formatBytes, formatCount, formatNumber, printable, shortened } from "../text/format.ts";
import type { Draw, Report, ReportedCheckpoint } from "./report.ts";
import { productLines } from "./text-products.ts";
import { profileLines } from "./text-profiles.ts";

/** The results as a table for people, one line a matrix, then the problems. */
export async function* textReport({ checkpoints, draw }: Report): AsyncGenerator<string> {
  for (const [index, checkpoint] of checkpoints.entries()) {
    if (index > 0) yield "\n";
    yield* checkpointTable(checkpoint, draw);
  }
}

async function* checkpointTable(
  { analysis, ids, vectors, products, problems }: ReportedCheckpoint,
  draw: Draw | null,
): AsyncGenerator<string> {
  const { catalogue } = analysis;
  const facts = [
    catalogue.family,
    counted(catalogue.tensors.length, "tensor"),
    `${formatCount(catalogue.parameters)} parameters`,
    formatBytes(catalogue.bytes),
    counted(catalogue.files.length, "file"),
  ].filter((fact) => fact !== null);
  yield `${printable(catalogue.path)}\n${facts.join(" · ")}\n`;
  const nameWidth = Math.min(64, Math.max(6, ...new Set(ids.map((id) => labelOf(id).length))));
  const headings = [
    "MATRIX".padEnd(nameWidth),
    "SHAPE".padStart(13),
    "GRADE".padEnd(14),
    ...columns.map(([title]) => title.padStart(10)),
    ...(vectors ? vectorColumns.map(([title]) => title.padStart(10)) : []),
  ];
  let told = 0;
  for (const id of ids) {
    const detail = await analysis.detail(id, vectors);
    if (detail === null) {
      continue;
    }
    if (told++ === 0) {
      yield `\n${headings.join("  ")}\n`;
    }
    const cells = [
      labelOf(id).padEnd(nameWidth),
      `${detail.rows} × ${detail.columns}`.padStart(13),
      detail.grade.padEnd(14),
      ...columns.map(([, key]) => formatNumber(detail.metrics[key]).padStart(10)),
      ...(detail.vectors === undefined ? [] : vectorNumbers(detail.vectors)),
    ];
    yield `${cells.join("  ").trimEnd()}\n`;
    const drawn = draw === null ? null : await draw(analysis, detail);
    if (drawn !== null) {
      yield `${drawnCells(drawn, nameWidth).join("  ").trimEnd()}\n`;
    }
  }
  if (told < ids.length) {
    yield `\n${counted(ids.length - told, "matrix", "matrices")} not analysed.\n`;
  }
  const basis = headBasis(analysis, ids);
  if (basis !== null) {
    yield `\n${basis}\n`;
  }
  for (const line of [...productLines(products), ...profileLines(profilesOf(chosen(analysis, ids)))]) {
    yield `${line}\n`;
  }
  yield problems.length === 0 ? "\nNo problems.\n" : `\n${counted(problems.length, "problem")}:\n`;
  for (const problem of problems) {
    yield `  ${problem.severity}  ${problem.code}  ${printable(problem.message)}\n`;
  }
}

function chosen(analysis: CheckpointAnalysis, ids: readonly string[]): readonly JudgedMatrix[] {
  const wanted = new Set(ids);
  return analysis.judged.filter(({ id }) => wanted.has(id));
}

/** Where the size of the heads comes from; null without heads. */
function headBasis(analysis: CheckpointAnalysis, ids: readonly string[]): string | null {
  if (!ids.some((id) => analysis.result(id)?.head !== undefined)) return null;
  const wanted = new Set(ids);
  const found = new Set(analysis.portions.heads.filter(({ id }) => wanted.has(id)).map(({ basis }) => basis));
  return `Size of the heads: ${[...found].map((basis) => basisWords[basis]).join("; ")}.`;
}

const basisWords: Readonly<Record<HeadBasis, string>> = {
  config: "as config.json says",
  norm: "as the norm of queries and keys has it",
  assumed: "assumed, as no config tells it",
};

/** A matrix's name on one line. */
function labelOf(id: string): string {
  return printable(shortened(id));
}

const columns = [
  ["OUTLIERS", "outliersRight"],
  ["RANK 90 %", "energy90"],
  ["EFF. RANK", "effectiveRank"],
  ["STABLE", "stableRank"],
  ["SIGMA", "sigmaEntries"],
  ["NORM", "spectralNorm"],
] as const;

const vectorColumns = [
  ["KS LEFT", "left"],
  ["KS RIGHT", "right"],
] as const;

function vectorNumbers(vectors: VectorsDetail): string[] {
  return vectorColumns.map(([, side]) => formatNumber(vectors[side].meanP).padStart(10));
}

/** The row of a fresh matrix, under the one that it is compared with. */
function drawnCells({ initialiser, metrics }: DrawnSpectrum, nameWidth: number): string[] {
  // The rule behind the distribution comes after a comma; a table has no room for it.
  const name = `  fresh ${initialiser.words
    .split(", ")
    .slice(0, initialiser.distribution === "normal" ? 2 : 1)
    .join(", ")}`;
  return [name.padEnd(nameWidth + 13 + 14 + 4), ...columns.map(([, key]) => formatNumber(metrics[key]).padStart(10))];
}
