import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headViews, type HeadView } from "../../../server/architecture/heads.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint, Tensor } from "../../../server/checkpoint/checkpoint.ts";

/** A checkpoint of F32 tensors, one after the other from byte 0. */
function checkpoint(tensors: Readonly<Record<string, readonly number[]>>, config: Checkpoint["config"]): Checkpoint {
  let offset = 0;
  const list = Object.entries(tensors).map(([name, shape]): Tensor => {
    const begin = offset;
    offset += 4 * shape.reduce((a, b) => a * b, 1);
    return { name, dtype: "F32", shape, file: 0, begin, end: offset };
  });
  return { path: "m.safetensors", sharded: false, files: [], tensors: list, problems: [], config };
}

function heads(tensors: Readonly<Record<string, readonly number[]>>, config: Checkpoint["config"] = null): HeadView[] {
  const described = checkpoint(tensors, config);
  return headViews(described, recognise(described));
}

/** `role head  rows|columns first…last` of the tensor. */
function placed(view: HeadView): string {
  const start = (view.begin - view.tensor.begin) / 4;
  const whole = view.columns === view.pitch;
  const first = whole ? start / view.pitch : start;
  const size = whole ? view.rows : view.columns;
  const end = view.begin + 4 * ((view.rows - 1) * view.pitch + view.columns);
  assert.equal(view.end, end);
  return `${view.description.role} ${view.head} ${whole ? "rows" : "columns"} ${first}…${first + size - 1}`;
}

const l = "model.layers.3.self_attn";
const cases: {
  readonly title: string;
  readonly tensors: Readonly<Record<string, readonly number[]>>;
  readonly config?: Checkpoint["config"];
  readonly expected: readonly string[];
}[] = [
  {
    title: "Llama with grouped queries, head_dim from the config",
    tensors: {
      [`${l}.q_proj.weight`]: [32, 24],
      [`${l}.k_proj.weight`]: [16, 24],
      [`${l}.v_proj.weight`]: [16, 24],
      [`${l}.o_proj.weight`]: [24, 32],
    },
    config: { model_type: "llama", num_attention_heads: 4, num_key_value_heads: 2, hidden_size: 24, head_dim: 8 },
    expected: [
      ...[0, 1, 2, 3].map((h) => `query ${h} rows ${8 * h}…${8 * h + 7}`),
      ...[0, 1].map((h) => `key ${h} rows ${8 * h}…${8 * h + 7}`),
      ...[0, 1].map((h) => `value ${h} rows ${8 * h}…${8 * h + 7}`),
      ...[0, 1, 2, 3].map((h) => `output ${h} columns ${8 * h}…${8 * h + 7}`),
    ],
  },
  {
    title: "Gemma 3, whose config nests the text model",
    tensors: { [`language_model.${l}.q_proj.weight`]: [8, 16] },
    config: { model_type: "gemma3", text_config: { num_attention_heads: 2, head_dim: 4 } },
    expected: ["query 0 rows 0…3", "query 1 rows 4…7"],
  },
  {
    title: "Phi-3: queries, keys, values in one",
    tensors: {
      [`${l}.qkv_proj.weight`]: [32, 16],
      [`${l}.o_proj.weight`]: [16, 16],
      "model.layers.3.mlp.gate_up_proj.weight": [64, 16],
    },
    config: { model_type: "phi3", num_attention_heads: 4, num_key_value_heads: 2, hidden_size: 16 },
    expected: [
      ...[0, 1, 2, 3].map((h) => `query ${h} rows ${4 * h}…${4 * h + 3}`),
      "key 0 rows 16…19",
      "key 1 rows 20…23",
      "value 0 rows 24…27",
      "value 1 rows 28…31",
      ...[0, 1, 2, 3].map((h) => `output ${h} columns ${4 * h}…${4 * h + 3}`),
    ],
  },
  {
    title: "phi-2: dense is the output",
    tensors: {
      [`${l}.q_proj.weight`]: [8, 8],
      [`${l}.dense.weight`]: [8, 8],
      "model.layers.3.mlp.fc1.weight": [32, 8],
    },
    config: { model_type: "phi", num_attention_heads: 2, hidden_size: 8 },
    expected: ["query 0 rows 0…3", "query 1 rows 4…7", "output 0 columns 0…3", "output 1 columns 4…7"],
  },
  {
    title: "GPT-2: Conv1D, [in, out]",
    tensors: { "h.3.attn.c_attn.weight": [8, 24], "h.3.attn.c_proj.weight": [8, 8], "h.3.mlp.c_fc.weight": [8, 32] },
    config: { model_type: "gpt2", n_head: 2, n_embd: 8 },
    expected: [
      "query 0 columns 0…3",
      "query 1 columns 4…7",
      "key 0 columns 8…11",
      "key 1 columns 12…15",
      "value 0 columns 16…19",
      "value 1 columns 20…23",
      "output 0 rows 0…3",
      "output 1 rows 4…7",
    ],
  },
  {
    title: "GPT-BigCode: GPT-2's names for linear layers, one key and one value for all heads",
    tensors: { "h.3.attn.c_attn.weight": [16, 8], "h.3.attn.c_proj.weight": [8, 8] },
    config: { model_type: "gpt_bigcode", n_head: 2, n_embd: 8 },
    expected: [
      "query 0 rows 0…3",
      "query 1 rows 4…7",
      "key 0 rows 8…11",
      "value 0 rows 12…15",
      "output 0 columns 0…3",
      "output 1 columns 4…7",
    ],
  },
  {
    title: "the same without a config, by the shape of queries, keys and values",
    tensors: { "h.3.attn.c_attn.weight": [256, 128], "h.3.attn.c_proj.weight": [128, 128] },
    expected: [
      "query 0 rows 0…63",
      "query 1 rows 64…127",
      "key 0 rows 128…191",
      "value 0 rows 192…255",
      "output 0 columns 0…63",
      "output 1 columns 64…127",
    ],
  },
  {
    title: "GPT-NeoX: [heads, 3, size]",
    tensors: {
      "gpt_neox.layers.3.attention.query_key_value.weight": [24, 8],
      "gpt_neox.layers.3.attention.dense.weight": [8, 8],
    },
    config: { model_type: "gpt_neox", num_attention_heads: 2, hidden_size: 8 },
    expected: [
      "query 0 rows 0…3",
      "query 1 rows 12…15",
      "key 0 rows 4…7",
      "key 1 rows 16…19",
      "value 0 rows 8…11",
      "value 1 rows 20…23",
      "output 0 columns 0…3",
      "output 1 columns 4…7",
    ],
  },
  {
    title: "BLOOM, as GPT-NeoX",
    tensors: { "h.3.self_attention.query_key_value.weight": [24, 8], word_embeddings_layernorm: [8] },
    config: { model_type: "bloom", n_head: 2, hidden_size: 8 },
    expected: [
      "query 0 rows 0…3",
      "query 1 rows 12…15",
      "key 0 rows 4…7",
      "key 1 rows 16…19",
      "value 0 rows 8…11",
      "value 1 rows 20…23",
    ],
  },
  {
    title: "Falcon with multi-query attention: [heads + 2, size]",
    tensors: { "transformer.h.3.self_attention.query_key_value.weight": [24, 16] },
    config: { model_type: "falcon", num_attention_heads: 4, hidden_size: 16, multi_query: true },
    expected: [
      ...[0, 1, 2, 3].map((h) => `query ${h} rows ${4 * h}…${4 * h + 3}`),
      "key 0 rows 16…19",
      "value 0 rows 20…23",
    ],
  },
  {
    title: "Falcon's new decoder: [groups, heads of a group + 2, size]",
    tensors: { "transformer.h.3.self_attention.query_key_value.weight": [32, 16] },
    config: {
      model_type: "falcon",
      num_attention_heads: 4,
      num_kv_heads: 2,
      hidden_size: 16,
      new_decoder_architecture: true,
    },
    expected: [
      "query 0 rows 0…3",
      "query 1 rows 4…7",
      "query 2 rows 16…19",
      "query 3 rows 20…23",
      "key 0 rows 8…11",
      "key 1 rows 24…27",
      "value 0 rows 12…15",
      "value 1 rows 28…31",
    ],
  },
  {
    title: "BERT",
    tensors: {
      "bert.encoder.layer.3.attention.self.query.weight": [8, 8],
      "bert.encoder.layer.3.attention.self.key.weight": [8, 8],
      "bert.encoder.layer.3.attention.self.value.weight": [8, 8],
      "bert.encoder.layer.3.attention.output.dense.weight": [8, 8],
      "bert.encoder.layer.3.output.dense.weight": [8, 32],
    },
    config: { model_type: "bert", num_attention_heads: 2, hidden_size: 8 },
    expected: [
      ...["query", "key", "value"].flatMap((role) => [`${role} 0 rows 0…3`, `${role} 1 rows 4…7`]),
      "output 0 columns 0…3",
      "output 1 columns 4…7",
    ],
  },
  {
    title: "ViT",
    tensors: {
      "vit.encoder.layer.3.attention.attention.query.weight": [8, 8],
      "vit.encoder.layer.3.attention.output.dense.weight": [8, 8],
    },
    config: { model_type: "vit", num_attention_heads: 2, hidden_size: 8 },
    expected: ["query 0 rows 0…3", "query 1 rows 4…7", "output 0 columns 0…3", "output 1 columns 4…7"],
  },
  {
    title: "timm's ViT without a config: heads of 64 are assumed",
    tensors: {
      "blocks.3.attn.qkv.weight": [384, 128],
      "blocks.3.attn.proj.weight": [128, 128],
      "blocks.3.mlp.fc1.weight": [512, 128],
    },
    expected: [
      "query 0 rows 0…63",
      "query 1 rows 64…127",
      "key 0 rows 128…191",
      "key 1 rows 192…255",
      "value 0 rows 256…319",
      "value 1 rows 320…383",
      "output 0 columns 0…63",
      "output 1 columns 64…127",
    ],
  },
  {
    title: "T5, whose heads need not add up to the width",
    tensors: {
      "encoder.block.3.layer.0.SelfAttention.q.weight": [8, 10],
      "encoder.block.3.layer.0.SelfAttention.o.weight": [10, 8],
    },
    config: { model_type: "t5", num_heads: 2, d_kv: 4, d_model: 10 },
    expected: ["query 0 rows 0…3", "query 1 rows 4…7", "output 0 columns 0…3", "output 1 columns 4…7"],
  },
  {
    title: "multi-head latent attention",
    tensors: {
      [`${l}.q_a_proj.weight`]: [12, 16],
      [`${l}.q_b_proj.weight`]: [12, 12],
      [`${l}.kv_a_proj_with_mqa.weight`]: [10, 16],
      [`${l}.kv_b_proj.weight`]: [14, 8],
      [`${l}.o_proj.weight`]: [16, 6],
    },
    config: {
      model_type: "deepseek_v3",
      num_attention_heads: 2,
      hidden_size: 16,
      qk_nope_head_dim: 4,
      qk_rope_head_dim: 2,
      v_head_dim: 3,
    },
    expected: [
      "query 0 rows 0…5",
      "query 1 rows 6…11",
      "key 0 rows 0…3",
      "key 1 rows 7…10",
      "value 0 rows 4…6",
      "value 1 rows 11…13",
      "output 0 columns 0…2",
      "output 1 columns 3…5",
    ],
  },
  {
    title: "names of no known family, with a config",
    tensors: { "visual.blocks.3.mix.q_proj.weight": [8, 8], "visual.blocks.3.mix.out_proj.weight": [8, 8] },
    config: {
      model_type: "new",
      num_attention_heads: 4,
      hidden_size: 64,
      vision_config: { num_heads: 2, hidden_size: 8 },
    },
    expected: ["query 0 rows 0…3", "query 1 rows 4…7", "output 0 columns 0…3", "output 1 columns 4…7"],
  },
];

describe("attention heads", () => {
  for (const { title, tensors, config, expected } of cases) {
    it(title, () => {
      const views = heads(tensors, config ?? null);
      assert.deepEqual(views.map(placed), expected);
      assert.equal(new Set(views.map(({ id }) => id)).size, views.length);
    });
  }

  it("are named after their tensor, with the role where it holds several", () => {
    const ids = heads(cases[2]!.tensors, cases[2]!.config).map(({ id }) => id);
    assert.ok(ids.includes(`${l}.qkv_proj.weight#key-head1`), ids.join());
    assert.ok(ids.includes(`${l}.o_proj.weight#head3`), ids.join());
  });

  it("are not made up for unknown names without a config", () => {
    assert.deepEqual(heads({ "trunk.3.q_proj.weight": [128, 128] }), []);
  });

  it("do not exist where the size does not divide the weight, or the number is not the config's", () => {
    const config = { model_type: "llama", num_attention_heads: 2, head_dim: 6, hidden_size: 8 };
    assert.deepEqual(heads({ [`${l}.q_proj.weight`]: [16, 8], [`${l}.o_proj.weight`]: [8, 18] }, config), []);
  });

  it("take their size from the norm of queries and keys, else assume it, and say so", () => {
    const norm = heads({
      [`${l}.q_proj.weight`]: [96, 64],
      [`${l}.q_norm.weight`]: [32],
      "model.layers.3.mlp.up_proj.weight": [8, 8],
    });
    assert.deepEqual(
      norm.map(({ rows, basis }) => [rows, basis]),
      Array(3).fill([32, "norm"]),
    );
    const large = heads({ [`${l}.q_proj.weight`]: [4096, 4096], "model.layers.3.mlp.up_proj.weight": [8, 8] });
    assert.deepEqual(
      large.map(({ rows, basis }) => [rows, basis]),
      Array(32).fill([128, "assumed"]),
    );
  });
});
