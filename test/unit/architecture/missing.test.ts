import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { missingTensors } from "../../../server/architecture/missing.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint, CheckpointProblem } from "../../../server/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../../server/checkpoint/open.ts";
import { sampleIndex } from "../../support/sample.ts";

const perBlock = [
  ..."q k v o".split(" ").map((letter) => `self_attn.${letter}_proj.weight`),
  ..."gate up down".split(" ").map((part) => `mlp.${part}_proj.weight`),
];
const ends = ["model.embed_tokens.weight", "lm_head.weight"];
const llama = {
  model_type: "llama",
  architectures: ["LlamaForCausalLM"],
  num_hidden_layers: 4,
  tie_word_embeddings: false,
};

function blocks(count: number, names = perBlock, container = "model.layers"): string[] {
  return Array.from({ length: count }, (_, i) => names.map((name) => `${container}.${i}.${name}`)).flat();
}

function missing(names: readonly string[], config: Checkpoint["config"], change: Partial<Checkpoint> = {}): string[] {
  const tensors = names.map((name, i) => ({
    name,
    dtype: "BF16" as const,
    shape: [4, 4],
    file: 0,
    begin: i * 32,
    end: i * 32 + 32,
  }));
  const checkpoint: Checkpoint = {
    path: "/x/model.safetensors",
    sharded: false,
    files: [],
    tensors,
    problems: [],
    config,
    ...change,
  };
  return missingTensors(checkpoint, recognise(checkpoint));
}

describe("missingTensors", () => {
  const whole = [...blocks(4), ...ends];

  it("says nothing of a complete model", () => {
    assert.deepEqual(missing(whole, llama), []);
    assert.deepEqual(missing(whole, llama, { path: "/x/model.safetensors.index.json", sharded: true }), []);
  });

  it("says nothing of the sample", async () => {
    const checkpoint = await openCheckpoint(sampleIndex);
    assert.deepEqual(missingTensors(checkpoint, recognise(checkpoint)), []);
  });

  it("tells of blocks that the config counts", () => {
    const [only, ...others] = missing([...blocks(2), ...ends], llama);
    assert.deepEqual(others, []);
    assert.equal(
      only,
      "The config's num_hidden_layers is 4, but the checkpoint has nothing of blocks 2, 3 (model.layers.…).",
    );
    assert.match(missing([...blocks(1), ...ends], { ...llama, num_hidden_layers: 40 })[0]!, /7, 8 and 31 more/);
  });

  it("tells of a kind of weight that all other blocks have", () => {
    const names = whole.filter((name) => name !== "model.layers.2.self_attn.k_proj.weight");
    assert.deepEqual(missing(names, llama), ["model.layers.2 has no key weight, which the other blocks have."]);
  });

  it("tells of experts, but not of first blocks that are dense", () => {
    const experts = [0, 1, 2, 3].flatMap((e) =>
      ["gate", "up", "down"].map((part) => `mlp.experts.${e}.${part}_proj.weight`),
    );
    const sparse = [...perBlock.slice(0, 4), "mlp.gate.weight", ...experts];
    const names = [...blocks(1), ...blocks(4, sparse).slice(sparse.length), ...ends];
    const config = { ...llama, model_type: "deepseek_v2", n_routed_experts: 4 };
    assert.deepEqual(missing(names, config), []);
    const lacking = names.filter((name) => !name.includes("layers.2.mlp.experts.3."));
    assert.deepEqual(missing(lacking, config), [
      "The config's n_routed_experts is 4, but model.layers.2 lacks expert 3.",
    ]);
  });

  it("tells of an embedding or unembedding, but not of tied ones", () => {
    const untied = [...blocks(4), ends[0]!];
    assert.deepEqual(missing(untied, llama), [
      "The config's tie_word_embeddings is false, but the checkpoint has no unembedding.",
    ]);
    assert.deepEqual(missing(untied, { ...llama, tie_word_embeddings: true }), []);
    assert.deepEqual(missing(untied, { ...llama, tie_word_embeddings: undefined }), []);
    assert.deepEqual(missing([...blocks(4), ends[1]!], { ...llama, tie_word_embeddings: true }), []);
    assert.deepEqual(missing(untied, { ...llama, architectures: ["LlamaModel"] }), []);
    assert.equal(missing(blocks(4), { ...llama, tie_word_embeddings: true }).length, 1);
  });

  it("keeps quiet where it cannot know", () => {
    const part = blocks(2);
    const error: CheckpointProblem = { code: "missing-shard", severity: "error", message: "", path: "" };
    assert.deepEqual(missing(part, null), []);
    assert.deepEqual(missing(part, llama, { path: "/x/steps-200.safetensors" }), []);
    assert.deepEqual(missing(part, llama, { problems: [error] }), []);
    assert.deepEqual(missing(part, { ...llama, model_type: "albert" }), []);
    assert.deepEqual(missing(part, { ...llama, block_configs: [{}] }), []);
    assert.deepEqual(missing([...part, "model.layers.0.self_attn.q_proj.lora_A.weight"], llama), []);
    // An encoder and a decoder, of which the config counts one.
    const two = [...blocks(2), ...blocks(4, perBlock, "vision.layers"), ...ends];
    assert.deepEqual(missing(two, llama), []);
    assert.deepEqual(missing(whole, { ...llama, num_hidden_layers: "4" }), []);
    assert.deepEqual(missing(whole, { ...llama, num_hidden_layers: 1e12 }), []);
  });
});
