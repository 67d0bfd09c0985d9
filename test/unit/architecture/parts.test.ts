import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headViews } from "../../../server/architecture/heads.ts";
import { partViews } from "../../../server/architecture/parts.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint } from "../../../server/checkpoint/checkpoint.ts";

function partsOf(name: string, shape: readonly number[], config: Checkpoint["config"], second?: string): string[] {
  const size = 4 * shape.reduce((product, side) => product * side, 1);
  const names = second === undefined ? [name] : [name, second];
  const checkpoint: Checkpoint = {
    path: "/model.safetensors",
    sharded: false,
    files: [{ path: "/m", realPath: "/m", size: 1e9, modified: 0, version: "1", headerBytes: 100, metadata: {} }],
    tensors: names.map((each) => ({ name: each, dtype: "F32", shape, file: 0, begin: 100, end: 100 + size })),
    problems: [],
    config,
  };
  const architecture = recognise(checkpoint);
  return partViews(architecture, headViews(checkpoint, architecture)).map(
    ({ id, part, rows, columns, pitch, begin, end }) =>
      `${id.slice(id.indexOf("#"))} ${part} ${rows}x${columns}/${pitch} ${(begin - 100) / 4}-${(end - 100) / 4}`,
  );
}

describe("parts of fused weights", () => {
  it("are the queries, keys and values of rows one after the other", () => {
    const config = { model_type: "phi3", num_attention_heads: 4, num_key_value_heads: 2, hidden_size: 8 };
    assert.deepEqual(partsOf("model.layers.0.self_attn.qkv_proj.weight", [16, 8], config), [
      "#query query 8x8/8 0-64",
      "#key key 4x8/8 64-96",
      "#value value 4x8/8 96-128",
    ]);
  });

  it("are columns in a Conv1D", () => {
    const config = { model_type: "gpt2", n_head: 2, n_embd: 4 };
    assert.deepEqual(partsOf("h.0.attn.c_attn.weight", [4, 12], config), [
      "#query query 4x4/12 0-40",
      "#key key 4x4/12 4-44",
      "#value value 4x4/12 8-48",
    ]);
  });

  it("are none where queries, keys and values take turns", () => {
    const config = { model_type: "gpt_neox", num_attention_heads: 4, hidden_size: 8 };
    assert.deepEqual(partsOf("gpt_neox.layers.0.attention.query_key_value.weight", [24, 8], config), []);
  });

  it("are the halves of gate and up, of each expert", () => {
    const config = { model_type: "phi3", num_attention_heads: 4, hidden_size: 8 };
    assert.deepEqual(partsOf("model.layers.0.mlp.gate_up_proj.weight", [12, 8], config), [
      "#gate gate 6x8/8 0-48",
      "#up up 6x8/8 48-96",
    ]);
    assert.deepEqual(partsOf("model.layers.0.mlp.gate_up_proj.weight", [13, 8], config), []);
    assert.deepEqual(partsOf("model.layers.0.feed_forward.experts.gate_up_proj", [2, 4, 6], { model_type: "llama4" }), [
      "#gate gate 4x3/6 0-21",
      "#up up 4x3/6 3-24",
      "#gate gate 4x3/6 24-45",
      "#up up 4x3/6 27-48",
    ]);
    assert.deepEqual(partsOf("model.layers.0.mlp.experts.gate_up_proj", [2, 4, 6], { model_type: "gpt_oss" }), []);
  });

  it("never have the name of a tensor", () => {
    const config = { model_type: "phi3", num_attention_heads: 4, hidden_size: 8 };
    const name = "model.layers.0.mlp.gate_up_proj.weight";
    assert.deepEqual(partsOf(name, [12, 8], config, `${name}#gate`), ["#gate′ gate 6x8/8 0-48", "#up up 6x8/8 48-96"]);
  });
});
