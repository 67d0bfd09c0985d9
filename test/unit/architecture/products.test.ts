import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headViews } from "../../../server/architecture/heads.ts";
import { attentionViews, updateViews, type ProductView } from "../../../server/architecture/products.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint, Tensor } from "../../../server/checkpoint/checkpoint.ts";

function checkpoint(tensors: Readonly<Record<string, readonly number[]>>, config: Checkpoint["config"]): Checkpoint {
  let offset = 0;
  const list = Object.entries(tensors).map(([name, shape]): Tensor => {
    const begin = offset;
    offset += 4 * shape.reduce((a, b) => a * b, 1);
    return { name, dtype: "F32", shape, file: 0, begin, end: offset };
  });
  return { path: "m.safetensors", sharded: false, files: [], tensors: list, problems: [], config };
}

const updates = (tensors: Readonly<Record<string, readonly number[]>>): ProductView[] =>
  updateViews(recognise(checkpoint(tensors, null)));

function attention(
  tensors: Readonly<Record<string, readonly number[]>>,
  config: Checkpoint["config"] = null,
): ProductView[] {
  const described = checkpoint(tensors, config);
  return attentionViews(headViews(described, recognise(described)));
}

const told = ({ module, role, rows, columns, rank, left, right }: ProductView): string =>
  `${module} ${role} ${rows}×${columns} rank ${rank}: ${left.view.tensor.name.slice(module.length)} by ${left.shared}, ` +
  `${right.view.tensor.name.slice(module.length)} by ${right.shared}`;

describe("updates of adapters", () => {
  it("pair the factors that PEFT, diffusers and kohya name", () => {
    const l = "base_model.model.model.layers.3";
    const found = updates({
      [`${l}.self_attn.q_proj.lora_A.weight`]: [8, 64],
      [`${l}.self_attn.q_proj.lora_B.weight`]: [96, 8],
      [`${l}.mlp.down_proj.lora_A.default.weight`]: [4, 128],
      [`${l}.mlp.down_proj.lora_B.default.weight`]: [64, 4],
      "base_model.model.model.embed_tokens.lora_embedding_A": [8, 1000],
      "base_model.model.model.embed_tokens.lora_embedding_B": [64, 8],
      "lora_unet_mid_block_attentions_0_to_k.lora_down.weight": [4, 32],
      "lora_unet_mid_block_attentions_0_to_k.lora_up.weight": [16, 4],
    });
    assert.deepEqual(found.map(told), [
      `${l}.self_attn.q_proj query 96×64 rank 8: .lora_B.weight by columns, .lora_A.weight by rows`,
      `${l}.mlp.down_proj down 64×128 rank 4: .lora_B.default.weight by columns, .lora_A.default.weight by rows`,
      "base_model.model.model.embed_tokens embedding 64×1000 rank 8: .lora_embedding_B by columns, .lora_embedding_A by rows",
      "lora_unet_mid_block_attentions_0_to_k key 16×32 rank 4: .lora_up.weight by columns, .lora_down.weight by rows",
    ]);
    assert.equal(found[0]!.description.layer, 3);
  });

  it("are none of a factor alone, or of two that do not fit", () => {
    assert.deepEqual(updates({ "a.q_proj.lora_A.weight": [8, 64] }), []);
    assert.deepEqual(updates({ "a.q_proj.lora_A.weight": [8, 64], "a.q_proj.lora_B.weight": [64, 4] }), []);
  });
});

describe("products of queries and keys", () => {
  it("take the key head of the query's group", () => {
    const l = "model.layers.0.self_attn";
    const found = attention(
      { [`${l}.q_proj.weight`]: [32, 24], [`${l}.k_proj.weight`]: [16, 24], [`${l}.v_proj.weight`]: [16, 24] },
      { model_type: "llama", num_attention_heads: 4, num_key_value_heads: 2, hidden_size: 24, head_dim: 8 },
    );
    assert.deepEqual(
      found.map(({ module, head, keyHead, rows, columns, rank, left, right }) => [
        ...[module === l, head, keyHead, rows, columns, rank],
        ...[left.shared, right.shared, left.view.begin, right.view.begin],
      ]),
      [0, 1, 2, 3].map((head) => {
        const key = Math.floor(head / 2);
        const bytes = 4 * 8 * 24;
        return [true, head, key, 24, 24, 8, "rows", "rows", head * bytes, 4 * 32 * 24 + key * bytes];
      }),
    );
  });

  it("find both in a fused projection, by rows or by columns", () => {
    const byColumns = attention(
      { "h.1.attn.c_attn.weight": [128, 384] },
      { model_type: "gpt2", n_head: 2, n_embd: 128 },
    );
    assert.deepEqual(
      byColumns.map(({ module, head, keyHead, rank, rows, left, right }) => [
        ...[module, head, keyHead, rank, rows, left.shared],
        right.view.begin - left.view.begin,
      ]),
      [0, 1].map((head) => ["h.1.attn.c_attn", head, head, 64, 128, "columns", 4 * 128]),
    );
    const byRows = attention(
      { "gpt_neox.layers.0.attention.query_key_value.weight": [96, 32] },
      { model_type: "gpt_neox", num_attention_heads: 2, hidden_size: 32 },
    );
    assert.deepEqual(
      byRows.map(({ rank, left, right }) => [rank, left.shared, right.view.begin - left.view.begin]),
      [0, 1].map(() => [16, "rows", 4 * 16 * 32]),
    );
  });

  it("keep attention to itself and to an encoder apart", () => {
    const config = { model_type: "t5", num_heads: 2, d_kv: 8, d_model: 24 };
    const l = "decoder.block.0.layer";
    const found = attention(
      Object.fromEntries(
        ["0.SelfAttention", "1.EncDecAttention"].flatMap((each) =>
          ["q", "k", "v"].map((letter) => [`${l}.${each}.${letter}.weight`, [16, 24]]),
        ),
      ),
      config,
    );
    assert.deepEqual(
      found.map(({ module, head }) => `${module} ${head}`),
      ["0.SelfAttention", "1.EncDecAttention"].flatMap((each) => [0, 1].map((head) => `${l}.${each} ${head}`)),
    );
  });

  it("are not made of parts that differ, as of latent attention", () => {
    const l = "model.layers.0.self_attn";
    const config = {
      ...{ model_type: "deepseek_v2", num_attention_heads: 2, hidden_size: 32, v_head_dim: 8 },
      ...{ qk_nope_head_dim: 8, qk_rope_head_dim: 4 },
    };
    const tensors = {
      [`${l}.q_b_proj.weight`]: [24, 16],
      [`${l}.kv_a_proj_with_mqa.weight`]: [12, 32],
      [`${l}.kv_b_proj.weight`]: [32, 8],
    };
    assert.deepEqual(attention(tensors, config), []);
  });
});
