/**
 * Simulates the null distribution of the bulk distance m·D and writes it as server/statistics/bulk-null-table.ts:
 *
 *   npm run null-tables [-- --draws 0.1] [--only square:64] [--results FILE]
 *   npm run null-tables -- --render FILE…
 *
 * `--draws` scales the number of draws; with `--results` what was simulated is kept instead of written as a table, so
 * that sizes can be simulated side by side and rendered together.
 */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { format, resolveConfig } from "prettier";
import { bulkSigma } from "../../server/spectrum/compute-metrics.ts";
import { bulkDistance } from "../../server/statistics/bulk-distance.ts";
import { bidiagonalSingularValues } from "../../server/svd/bidiagonal.ts";
import { chiBidiagonals } from "../support/null-model.ts";

const target = "server/statistics/bulk-null-table.ts";

/**
 * Sizes by kind, with the draws that about a minute of one core allows. Every y ≤ ¼ is alike: see docs/metrics.md. Square
 * matrices below 32 are tested by shuffling, thin ones are not when they are long.
 */
const sizes = [
  { kind: "square", m: 32, n: 32, draws: 80_000 },
  { kind: "square", m: 64, n: 64, draws: 40_000 },
  { kind: "square", m: 128, n: 128, draws: 20_000 },
  { kind: "square", m: 256, n: 256, draws: 10_000 },
  { kind: "square", m: 512, n: 512, draws: 5000 },
  { kind: "square", m: 1024, n: 1024, draws: 2500 },
  { kind: "wide", m: 2, n: 16384, draws: 200_000 },
  { kind: "wide", m: 4, n: 8192, draws: 200_000 },
  { kind: "wide", m: 8, n: 4096, draws: 150_000 },
  { kind: "wide", m: 16, n: 2048, draws: 100_000 },
  { kind: "wide", m: 32, n: 1024, draws: 80_000 },
  { kind: "wide", m: 64, n: 2048, draws: 40_000 },
  { kind: "wide", m: 128, n: 4096, draws: 20_000 },
  { kind: "wide", m: 512, n: 2048, draws: 5000 },
  { kind: "wide", m: 1024, n: 4096, draws: 2500 },
] as const;

const tails = [0.5, 0.1, 0.05, 0.01, 0.001];

interface Row {
  readonly kind: "square" | "wide";
  readonly m: number;
  readonly n: number;
  readonly draws: number;
  readonly frobenius: readonly number[];
  readonly median: readonly number[];
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    draws: { type: "string", default: "1" },
    only: { type: "string", multiple: true },
    results: { type: "string" },
    render: { type: "boolean" },
  },
});

if (values.render === true) {
  const parts = await Promise.all(positionals.map(async (path) => JSON.parse(await readFile(path, "utf8")) as Row[]));
  await writeTable(parts.flat());
} else {
  const rows = sizes
    .filter(({ kind, m }) => values.only?.includes(`${kind}:${m}`) ?? true)
    .map((size) => simulate(size, Number(values.draws)));
  if (values.results === undefined) await writeTable(rows);
  else await writeFile(values.results, JSON.stringify(rows));
}

function simulate({ kind, m, n, draws: most }: (typeof sizes)[number], share: number): Row {
  const draws = Math.max(100, Math.round(most * share));
  const draw = chiBidiagonals(m, n, 7919 * m + n);
  const frobenius = new Float64Array(draws);
  const median = new Float64Array(draws);
  for (let i = 0; i < draws; i++) {
    const { diagonal, offDiagonal } = draw();
    const spectrum = bidiagonalSingularValues(diagonal, offDiagonal);
    const energy = spectrum.reduce((sum, value) => sum + value * value, 0);
    frobenius[i] = bulkDistance(spectrum, Math.sqrt(energy / m / n), m, n);
    median[i] = bulkDistance(spectrum, bulkSigma(spectrum, n, m / n), m, n);
  }
  console.error(`${kind} ${m} × ${n}: ${draws} draws`);
  return { kind, m, n, draws, frobenius: upperQuantiles(frobenius), median: upperQuantiles(median) };
}

/** Interpolated between order statistics. */
function upperQuantiles(sample: Float64Array): number[] {
  const sorted = sample.sort();
  return tails.map((tail) => {
    const place = (1 - tail) * (sorted.length - 1);
    const below = sorted[Math.floor(place)]!;
    const above = sorted[Math.ceil(place)]!;
    return Number((below + (above - below) * (place % 1)).toFixed(3));
  });
}

async function writeTable(rows: readonly Row[]): Promise<void> {
  await writeFile(target, await format(table(rows), { ...(await resolveConfig(target)), parser: "typescript" }));
}

function table(rows: readonly Row[]): string {
  const ordered = [...rows].sort((a, b) => a.m - b.m);
  const part = (kind: Row["kind"], estimator: "frobenius" | "median"): string =>
    ordered
      .filter((row) => row.kind === kind)
      .map(
        (row) =>
          `      // ${row.m} × ${row.n}, ${row.draws} draws\n      { m: ${row.m}, quantiles: [${row[estimator].join(", ")}] },\n`,
      )
      .join("");
  const estimator = (name: "frobenius" | "median"): string =>
    `  ${name}: {\n    square: [\n${part("square", name)}    ],\n    wide: [\n${part("wide", name)}    ],\n  },\n`;
  return `// Written by \`npm run null-tables\`. Do not edit.
import type { NullTable } from "./bulk-distance.ts";

/**
 * Quantiles of m·D for independent Gaussian entries at the upper tail probabilities ${tails.join(", ")}, simulated with the
 * bidiagonal χ model, whose singular values have exactly the law of a Gaussian matrix's.
 */
export const bulkNullTable: NullTable = {
${estimator("frobenius")}${estimator("median")}};
`;
}
