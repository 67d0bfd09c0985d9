// @ts-check
/**
 * Bundles and runs a program of test/bench: `node scripts/bench.mjs calibrate [ARGUMENT…]`. Without arguments `gpu` is the
 * whole table: singular values, vectors, cancelling, and a whole checkpoint.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "./setup/root.mjs";
import { isMain, Refusal, runMain } from "./setup/step.mjs";

/** Programs that a table is made of, when no shapes are given. */
const tables = /** @type {Record<string, string[]>} */ ({ gpu: ["gpu", "vectors", "cancel", "checkpoint"] });
const programs = [
  "open",
  "gpu",
  "reference",
  "checkpoint",
  "vectors",
  "cancel",
  "stages",
  "timeline",
  "calibrate",
  "null-tables",
  "soak",
];

/**
 * @param {string} name
 * @returns {Promise<string>} the path of the bundle, which takes packages from node_modules
 */
export async function bundleBench(name) {
  const { build } = await import("esbuild");
  const outfile = join(root, "dist/bench", `${name}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    loader: { ".wgsl": "text" },
    logLevel: "warning",
  });
  return outfile;
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const [name = ""] = process.argv.splice(2, 1);
    if (!programs.includes(name))
      throw new Refusal(`There is no program ${name}; there are ${programs.join(", ")}.`, 2);
    const parts = process.argv.length === 2 ? tables[name] : undefined;
    if (parts !== undefined) return runTable(parts);
    process.exitCode = (await runProgram(name, process.argv.slice(2), {})).status ?? 1;
  });
}

/**
 * Runs a program in a process of its own, with as many threads that read as the GPU process has
 * (server/analysis/gpu-process.ts).
 *
 * @param {string} name
 * @param {string[]} programArguments
 * @param {Record<string, string>} variables
 */
async function runProgram(name, programArguments, variables) {
  const UV_THREADPOOL_SIZE = String(Math.max(4, Math.min(8, availableParallelism())));
  return spawnSync(process.execPath, [await bundleBench(name), ...programArguments], {
    stdio: "inherit",
    cwd: root,
    env: { UV_THREADPOOL_SIZE, ...process.env, ...variables },
  });
}

/**
 * Runs programs one after another, each in a process of its own, because Dawn keeps it, and prints their rows once more.
 *
 * @param {string[]} parts
 */
async function runTable(parts) {
  const folder = mkdtempSync(join(tmpdir(), "bench-report-"));
  const report = join(folder, "rows");
  try {
    writeFileSync(report, "");
    for (const part of parts) {
      const { status } = await runProgram(part, [], { BENCH_REPORT: report });
      if (status !== 0) throw new Refusal(`The program ${part} ended with ${status ?? "a signal"}.`, 1);
    }
    console.log(tableOf(readFileSync(report, "utf8")));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * @param {string} lines a row each, as test/bench/report.ts writes them
 */
function tableOf(lines) {
  const time = (/** @type {number} */ ms) => (ms < 2000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`);
  const rows = lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const {
        work,
        milliseconds,
        peer,
        note = "",
      } = /** @type {import("../test/bench/report.ts").Row} */ (JSON.parse(line));
      const known = typeof peer === "number";
      return [
        work,
        time(milliseconds),
        known ? time(peer) : "–",
        known ? `${(peer / milliseconds).toFixed(1)}×` : "–",
        note,
      ];
    });
  const table = [["", "each", "PyTorch", "ratio", ""], ...rows];
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => /** @type {string} */ (row[column]).length)),
  );
  return table
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
