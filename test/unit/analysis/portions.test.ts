import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { defaultPreferences } from "../../../server/analysis/policy.ts";
import { headColumn, portionList } from "../../../server/analysis/portion-list.ts";
import type { Analysis } from "../../../server/worker-protocol.ts";
import { analysisWith } from "../../support/analysis.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

const query = "model.layers.0.self_attn.q_proj.weight";
const key = "model.layers.0.self_attn.k_proj.weight";

function square(side: number): TensorData {
  return { dtype: "F32", shape: [side, side], data: encode(new Float64Array(side * side), "F32") };
}

function zeros(text: string, vectors: Analysis["vectors"] = null): Analysis {
  const analysis = analysisWith([0, 0, 0, 0]);
  const entries = { ...analysis.measurement.entries, minimum: 0, maximum: 0, fingerprint: text };
  return { ...analysis, vectors, measurement: { ...analysis.measurement, entries } };
}

describe("heads and parts of a checkpoint", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "portions-"));
    await writeFile(
      join(folder, "config.json"),
      JSON.stringify({ model_type: "llama", num_attention_heads: 2, hidden_size: 8 }),
    );
    await writeFile(
      join(folder, "model.safetensors"),
      safetensors({ [query]: square(8), [key]: square(8), "model.layers.0.mlp.up_proj.weight": square(8) }),
    );
  });
  after(() => rm(folder, { recursive: true }));

  const open = (): Promise<CheckpointAnalysis> => CheckpointAnalysis.open(join(folder, "model.safetensors"));

  function accept(analysis: CheckpointAnalysis, id: string, result: Analysis): void {
    analysis.accept(analysis.portions.view(id) ?? analysis.matrices.find((each) => each.id === id)!, result);
  }

  it("are listed with what is known of their size", async () => {
    const analysis = await open();
    const { heads, parts, estimatedSeconds } = portionList(analysis, (matrices) => 3 * matrices.length);
    assert.deepEqual(
      heads.map(({ tensor, role, layer, basis, rows, columns, ids }) => [
        tensor,
        role,
        layer,
        basis,
        rows,
        columns,
        ids,
      ]),
      [query, key].map((name) => [
        name,
        name === query ? "query" : "key",
        ...[0, "config", 4, 8],
        [`${name}#head0`, `${name}#head1`],
      ]),
    );
    assert.deepEqual(parts, []);
    assert.equal(estimatedSeconds, 12);
    await analysis.close();
  });

  it("are analysed when they are asked for, and do not count among the matrices", async () => {
    const analysis = await open();
    assert.equal(analysis.enqueue([`${query}#head1`, query, "absent", `${query}#head1`]), 2);
    assert.deepEqual(analysis.state.asked, { done: 0, total: 1 });
    accept(analysis, `${query}#head1`, zeros("1"));
    assert.deepEqual(
      analysis.results.map(({ id, role, grade, head }) => [id, role, grade, head]),
      [[`${query}#head1`, "query", "zero", 1]],
    );
    assert.equal(analysis.state.done, 0);
    assert.equal(analysis.state.total, 3);
    assert.equal((await analysis.detail(`${query}#head1`))!.head, 1);
    assert.equal(analysis.enqueue([`${query}#head1`]), 0);
    analysis.setPhase("done");
    assert.equal(analysis.state.asked, undefined);
    await analysis.close();
  });

  it("are findings, one a layer, and numbers of their own", async () => {
    const analysis = await open();
    const spectral = { ...zeros("2"), metrics: { ...zeros("2").metrics, spectralNorm: 7 } };
    accept(analysis, `${key}#head0`, zeros("1"));
    accept(analysis, `${key}#head1`, spectral);
    assert.deepEqual(
      analysis.findings(defaultPreferences).map(({ code, tensor, head, message }) => [code, tensor, head, message]),
      [["heads", key, null, "model.layers.0: each of key heads 0, 1 is zero throughout (2 of 2 heads)."]],
    );
    const bytes = Buffer.from(headColumn(analysis, "spectralNorm").values, "base64");
    assert.deepEqual(
      [0, 1, 2, 3].map((at) => bytes.readFloatLE(4 * at)),
      [NaN, NaN, 0, 7],
    );
    await analysis.close();
  });

  it("are taken over from an earlier analysis, with vectors", async () => {
    const cache = join(folder, "cache");
    const first = await open();
    await first.attachStores(cache);
    const vectors = { left: Float32Array.of(0.5, NaN, 2), right: Float32Array.of(1, 1, 1) };
    const lengths = {
      leftLargest: Float32Array.of(0.5, NaN, 1),
      rightLargest: Float32Array.of(0.5, 0.5, 0.5),
      leftParticipation: Float32Array.of(0.1, NaN, 1),
      rightParticipation: Float32Array.of(0.1, 0.1, 0.1),
    };
    accept(first, query, zeros("whole", { ...vectors, ...lengths }));
    accept(first, `${query}#head0`, zeros("head"));
    const before = await first.detail(query);
    await first.close();
    const second = await open();
    await second.attachStores(cache);
    assert.deepEqual(
      second.results.map(({ id }) => id),
      [query, `${query}#head0`],
    );
    assert.deepEqual(await second.detail(query), before);
    const { left, right } = before!.vectors!.pValues;
    assert.equal(left[1], null);
    assert.ok(Math.abs(left[0]! - 0.963945) < 1e-6 && Math.abs(left[2]! - 0.000670925) < 1e-9, String(left));
    assert.equal(right.length, 3);
    // What has vectors keeps them when everything is computed again, and is not computed for them alone.
    assert.equal(second.enqueue([query], { vectors: true }), 0);
    assert.equal(second.enqueue([key], { vectors: true }), 1);
    second.queue.clear();
    second.enqueue([query, key], { again: true });
    assert.deepEqual(
      [second.queue.take({ count: 9, bytes: 1e9 }), second.queue.take({ count: 9, bytes: 1e9 })].map(
        ({ matrices, vectors: wanted }) => [matrices[0]!.id, wanted],
      ),
      [
        [key, false],
        [query, true],
      ],
    );
    await second.close();
  });
});
