import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import type { Analysis } from "../../../server/worker-protocol.ts";
import type { MatrixResult } from "../../../server/protocol.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { settingsFileName } from "../../../server/analysis/settings-file.ts";
import { analysisWith } from "../../support/analysis.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

const matrix: TensorData = { dtype: "F32", shape: [4, 4], data: encode(new Float64Array(16), "F32") };

/** An analysis of contents that equal those of every other call with the same text. */
function contents(text: string): Analysis {
  const analysis = analysisWith([4, 3, 2, 1]);
  const entries = { ...analysis.measurement.entries, fingerprint: text };
  return { ...analysis, measurement: { ...analysis.measurement, entries } };
}

describe("CheckpointAnalysis", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "checkpoint-analysis-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function open(
    tensors: Record<string, TensorData>,
  ): Promise<{ analysis: CheckpointAnalysis; told: MatrixResult[] }> {
    const path = join(folder, "model.safetensors");
    await writeFile(path, safetensors(tensors));
    const analysis = await CheckpointAnalysis.open(path);
    const told: MatrixResult[] = [];
    analysis.onResults = (results) => told.push(...results);
    return { analysis, told };
  }

  function accept(analysis: CheckpointAnalysis, id: string, result: Analysis): void {
    const view = analysis.architecture.matrices.find((each) => each.id === id);
    analysis.accept(view!, result);
  }

  function grades(analysis: CheckpointAnalysis): Record<string, string> {
    return Object.fromEntries(analysis.results.map(({ id, grade }) => [id, grade]));
  }

  it("calls the later of two equal matrices the copy, whichever is computed first", async () => {
    const { analysis, told } = await open({ a: matrix, b: matrix, c: matrix });
    accept(analysis, "c", contents("same"));
    assert.deepEqual(grades(analysis), { c: "too-small" });
    accept(analysis, "a", contents("same"));
    assert.deepEqual(grades(analysis), { a: "too-small", c: "duplicate" });
    assert.deepEqual(
      told.map(({ id, grade }) => `${id} ${grade}`),
      ["c too-small", "a too-small", "c duplicate"],
    );
    accept(analysis, "b", contents("same"));
    assert.equal(grades(analysis)["b"], "duplicate");
    assert.match(analysis.result("c")!.reason, /\ba\b/);
    await analysis.close();
  });

  it("lets embedding and unembedding be tied", async () => {
    const { analysis } = await open({ "model.embed_tokens.weight": matrix, "lm_head.weight": matrix });
    accept(analysis, "model.embed_tokens.weight", contents("tied"));
    accept(analysis, "lm_head.weight", contents("tied"));
    assert.ok(!Object.values(grades(analysis)).includes("duplicate"));
    await analysis.close();
  });

  it("refuses what is no matrix of weights without asking the GPU", async () => {
    const complex: TensorData = { dtype: "C64", shape: [4, 4], data: new Uint8Array(128) };
    const { analysis, told } = await open({ a: matrix, z: complex });
    analysis.enqueue(null);
    assert.deepEqual(
      told.map(({ id, grade }) => [id, grade]),
      [["z", "unsupported"]],
    );
    assert.equal(analysis.queue.size, 1);
    const detail = await analysis.detail("z");
    assert.deepEqual(detail!.singularValues, [null, null, null, null]);
    assert.equal(await analysis.detail("a"), null);
    assert.equal(await analysis.detail("absent"), null);
    await analysis.close();
  });

  it("queues what has no result, and everything again on request", async () => {
    const { analysis } = await open({ a: matrix, b: matrix });
    accept(analysis, "a", contents("1"));
    analysis.enqueue(["a", "b", "absent"]);
    assert.equal(analysis.queue.size, 1);
    analysis.enqueue(null, { again: true });
    assert.equal(analysis.queue.size, 2);
    assert.deepEqual(analysis.state, { phase: "waiting", done: 1, total: 2, estimatedSeconds: null });
    await analysis.close();
  });

  it("takes earlier results over, copies and all", async () => {
    const cache = join(folder, "cache");
    const first = await open({ a: matrix, b: matrix });
    await first.analysis.attachStores(cache);
    accept(first.analysis, "a", contents("same"));
    accept(first.analysis, "b", contents("same"));
    const before = await first.analysis.detail("b");
    await first.analysis.close();
    const second = await CheckpointAnalysis.open(join(folder, "model.safetensors"));
    await second.attachStores(cache);
    assert.deepEqual(grades(second), { a: "too-small", b: "duplicate" });
    assert.deepEqual(await second.detail("b"), before);
    assert.deepEqual(before!.singularValues, [4, 3, 2, 1]);
    assert.deepEqual(second.engine, { adapter: "a test", backend: "none", software: true });
    await second.close();
  });

  it("lists findings in the checkpoint's order, with the severities a person chose", async () => {
    const { analysis } = await open({ a: matrix, b: matrix, c: matrix });
    for (const id of ["c", "b", "a"]) {
      accept(analysis, id, contents("same"));
    }
    assert.deepEqual(
      analysis.findings(defaultPreferences).map(({ code, severity, tensor }) => [code, severity, tensor]),
      [
        ["duplicate", "warning", "b"],
        ["duplicate", "warning", "c"],
      ],
    );
    assert.deepEqual(
      analysis
        .findings({ severity: { duplicate: "error" }, silence: [{ code: "duplicate", tensor: "b" }] })
        .map(({ severity, tensor, path }) => [severity, tensor, path]),
      [["error", "c", join(folder, "model.safetensors")]],
    );
    assert.deepEqual(analysis.findings({ severity: { duplicate: "off" }, silence: [] }), []);
    await analysis.close();
  });

  it("honours the settings file beside the checkpoint", async () => {
    const file = join(folder, settingsFileName);
    await writeFile(
      file,
      JSON.stringify({
        severity: { duplicate: "error" },
        silence: [{ code: "*", tensor: "c" }],
        roles: { a: "query" },
      }),
    );
    const { analysis } = await open({ a: matrix, b: matrix, c: matrix });
    for (const id of ["a", "b", "c"]) {
      accept(analysis, id, contents("same"));
    }
    assert.deepEqual(
      analysis.findings(defaultPreferences).map(({ severity, tensor }) => [severity, tensor]),
      [["error", "b"]],
    );
    assert.equal(analysis.catalogue.tensors[0]!.role, "query");
    assert.equal(await analysis.settingsFileChanged(), false);
    await writeFile(file, "[]");
    assert.equal(await analysis.settingsFileChanged(), true);
    await analysis.close();
    const broken = await open({ a: matrix });
    assert.deepEqual(
      broken.analysis.findings(defaultPreferences).map(({ code, path }) => [code, path]),
      [["invalid-settings", file]],
    );
    await broken.analysis.close();
    await rm(file);
  });

  it("compares matrices only once all are known", async () => {
    const names = [0, 1, 2, 3].map((expert) => `model.layers.0.mlp.experts.${expert}.up_proj.weight`);
    const { analysis } = await open(Object.fromEntries(names.map((name) => [name, matrix])));
    const zero = contents("zero");
    const entries = { ...zero.measurement.entries, minimum: 0, maximum: 0 };
    names.forEach((name, i) => {
      assert.deepEqual(analysis.findings(defaultPreferences), []);
      const learned = { ...contents(name), tests: [{ name: "john" as const, statistic: 99, pValue: 0 }] };
      accept(analysis, name, i < 3 ? learned : { ...zero, measurement: { ...zero.measurement, entries } });
    });
    assert.deepEqual(
      analysis.findings(defaultPreferences).map(({ code, tensor }) => [code, tensor]),
      [
        ["zero", names[3]],
        ["random-expert", names[3]],
      ],
    );
    await analysis.close();
  });
});
