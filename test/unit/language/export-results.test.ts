import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { exportResults } from "../../../server/language/export-results.ts";
import type { ExportFormat } from "../../../server/protocol.ts";
import { readyEngine as engine } from "../../support/engine-status.ts";
import { encode, safetensors } from "../../support/safetensors.ts";

test("what is known is exported in the formats of the command line, whole or not at all", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "export-"));
  context.after(() => rm(folder, { recursive: true }));
  const source = join(folder, "model.safetensors");
  await writeFile(
    source,
    safetensors({ "a.weight": { dtype: "F32", shape: [2, 2], data: encode([1, 2, 3, 4], "F32") } }),
  );
  const analysis = await CheckpointAnalysis.open(source);
  const write = (name: string, format: ExportFormat, signal = new AbortController().signal): Promise<void> =>
    exportResults(analysis, engine, defaultPreferences, { path: join(folder, name), format, folder }, signal);

  await write("results.json", "json");
  const report = JSON.parse(await readFile(join(folder, "results.json"), "utf8")) as {
    readonly schema: number;
    readonly engine: { readonly adapter: string };
    readonly checkpoints: readonly { readonly path: string; readonly tensors: number; readonly matrices: unknown[] }[];
  };
  assert.equal(report.schema, 1);
  assert.equal(report.engine.adapter, "a GPU");
  assert.equal(report.checkpoints[0]?.path, source);
  assert.equal(report.checkpoints[0].tensors, 1);
  assert.deepEqual(report.checkpoints[0].matrices, [], "nothing is analysed yet");
  await write("results.csv", "csv");
  assert.match(await readFile(join(folder, "results.csv"), "utf8"), /^\S+,/);
  await write("results.sarif", "sarif");
  assert.equal(
    (JSON.parse(await readFile(join(folder, "results.sarif"), "utf8")) as { version: string }).version,
    "2.1.0",
  );

  await write("results.html", "html");
  assert.match(await readFile(join(folder, "results.html"), "utf8"), /^<!DOCTYPE html>[^]*<\/html>\n$/);

  await assert.rejects(write("nowhere/results.json", "json"), /cannot be written: there is no such folder$/);
  await assert.rejects(write("late.json", "json", AbortSignal.abort(new Error("cancelled"))), /cancelled/);
  assert.deepEqual((await readdir(folder)).sort(), [
    "model.safetensors",
    "results.csv",
    "results.html",
    "results.json",
    "results.sarif",
  ]);
  await analysis.close();
});
