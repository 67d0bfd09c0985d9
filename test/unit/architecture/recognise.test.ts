import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Architecture } from "../../../server/architecture/architecture.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import type { Checkpoint, Tensor } from "../../../server/checkpoint/checkpoint.ts";
import { dtypeBits, type Dtype } from "../../../server/checkpoint/dtype.ts";
import { openCheckpoint } from "../../../server/checkpoint/open.ts";

/** One line a tensor: `name  shape  dtype`, the shape as `4x8` (`-` for none), the dtype BF16 if left out. */
function checkpoint(lines: string, config: Checkpoint["config"] = null): Checkpoint {
  let offset = 100;
  const tensors = rows(lines).map(([name, shapeText, dtypeText]): Tensor => {
    const shape = shapeText === "-" ? [] : shapeText!.split("x").map(Number);
    const dtype = (dtypeText ?? "BF16") as Dtype;
    const begin = offset;
    offset += (shape.reduce((a, b) => a * b, 1) * dtypeBits[dtype]) / 8;
    return { name: name!, dtype, shape, file: 0, begin, end: offset };
  });
  return { path: "m.safetensors", sharded: false, files: [], tensors, problems: [], config };
}

function rows(lines: string): string[][] {
  return lines
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([first]) => first !== "");
}

/** `name  shape  role  layer  block  expert` a line; `.` for the block before, `-` for none. */
interface Expected {
  readonly family: string | null;
  readonly types?: readonly string[];
  readonly tensors: string;
}

const cases: Expected[] = [
  {
    family: "llama",
    types: ["llama", "mistral", "qwen2", "qwen3", "gemma", "gemma2", "gemma3_text"],
    tensors: `
      model.embed_tokens.weight                         128x16  embedding   -  -
      model.layers.11.self_attn.q_proj.weight           16x16   query       11 model.layers.11
      model.layers.11.self_attn.q_proj.bias             16      bias        11 model.layers.11
      model.layers.11.self_attn.k_proj.weight           8x16    key         11 model.layers.11
      model.layers.11.self_attn.v_proj.weight           8x16    value       11 model.layers.11
      model.layers.11.self_attn.o_proj.weight           16x16   output      11 model.layers.11
      model.layers.11.self_attn.q_norm.weight           4       norm        11 model.layers.11
      model.layers.11.self_attn.rotary_emb.inv_freq     4       other       11 model.layers.11
      model.layers.11.mlp.gate_proj.weight              32x16   gate        11 model.layers.11
      model.layers.11.mlp.up_proj.weight                32x16   up          11 model.layers.11
      model.layers.11.mlp.down_proj.weight              16x32   down        11 model.layers.11
      model.layers.11.input_layernorm.weight            16      norm        11 model.layers.11
      model.layers.11.post_attention_layernorm.weight   16      norm        11 model.layers.11
      model.norm.weight                                 16      norm        -  -
      lm_head.weight                                    128x16  unembedding -  -`,
  },
  {
    family: "llama",
    types: ["gemma3", "mistral3", "qwen2_5_vl"],
    tensors: `
      language_model.model.embed_tokens.weight                                 128x16     embedding -  -
      language_model.model.layers.0.self_attn.q_proj.weight                    16x16      query     0  language_model.model.layers.0
      language_model.model.layers.0.mlp.down_proj.weight                       16x32      down      0  language_model.model.layers.0
      vision_tower.vision_model.encoder.layers.3.self_attn.out_proj.weight     16x16      output    3  vision_tower.vision_model.encoder.layers.3
      vision_tower.vision_model.encoder.layers.3.mlp.fc1.weight                32x16      up        3  vision_tower.vision_model.encoder.layers.3
      vision_tower.vision_model.encoder.layers.3.layer_norm1.weight            16         norm      3  vision_tower.vision_model.encoder.layers.3
      vision_tower.vision_model.embeddings.patch_embedding.weight              16x3x14x14 conv      -  -
      multi_modal_projector.linear_1.weight                                    16x16      other     -  -`,
  },
  {
    family: "llama-original",
    tensors: `
      tok_embeddings.weight             128x16 embedding   - -
      layers.0.attention.wq.weight      16x16  query       0 layers.0
      layers.0.attention.wo.weight      16x16  output      0 layers.0
      layers.0.feed_forward.w1.weight   32x16  gate        0 layers.0
      layers.0.feed_forward.w2.weight   16x32  down        0 layers.0
      layers.0.feed_forward.w3.weight   32x16  up          0 layers.0
      layers.0.attention_norm.weight    16     norm        0 layers.0
      output.weight                     128x16 unembedding - -`,
  },
  {
    family: "phi3",
    types: ["phi3"],
    tensors: `
      model.layers.2.self_attn.qkv_proj.weight    48x16 qkv     2 model.layers.2
      model.layers.2.self_attn.o_proj.weight      16x16 output  2 model.layers.2
      model.layers.2.mlp.gate_up_proj.weight      64x16 gate-up 2 model.layers.2
      model.layers.2.mlp.down_proj.weight         16x32 down    2 model.layers.2`,
  },
  {
    family: "phi",
    types: ["phi"],
    tensors: `
      model.layers.2.self_attn.q_proj.weight    16x16 query  2 model.layers.2
      model.layers.2.self_attn.k_proj.weight    16x16 key    2 model.layers.2
      model.layers.2.self_attn.v_proj.weight    16x16 value  2 model.layers.2
      model.layers.2.self_attn.dense.weight     16x16 output 2 model.layers.2
      model.layers.2.mlp.fc1.weight             64x16 up     2 model.layers.2
      model.layers.2.mlp.fc2.weight             16x64 down   2 model.layers.2
      model.layers.2.mlp.fc2.bias               16    bias   2 model.layers.2
      model.final_layernorm.weight              16    norm   - -`,
  },
  {
    family: "gpt2",
    types: ["gpt2"],
    tensors: `
      wte.weight                    128x16 embedding - -
      wpe.weight                    32x16  embedding - -
      h.10.attn.bias                1x1x32x32 bias   10 h.10
      h.10.attn.masked_bias         -      other     10 h.10
      h.10.attn.c_attn.weight       16x48  qkv       10 h.10
      h.10.attn.c_attn.bias         48     bias      10 h.10
      h.10.attn.c_proj.weight       16x16  output    10 h.10
      h.10.mlp.c_fc.weight          16x64  up        10 h.10
      h.10.mlp.c_proj.weight        64x16  down      10 h.10
      h.10.ln_1.weight              16     norm      10 h.10
      h.10.ln_1.bias                16     bias      10 h.10
      ln_f.weight                   16     norm      -  -`,
  },
  {
    family: "gpt-neox",
    types: ["gpt_neox"],
    tensors: `
      gpt_neox.embed_in.weight                             128x16    embedding   - -
      gpt_neox.layers.0.attention.query_key_value.weight   48x16     qkv         0 gpt_neox.layers.0
      gpt_neox.layers.0.attention.dense.weight             16x16     output      0 gpt_neox.layers.0
      gpt_neox.layers.0.attention.bias                     1x1x32x32 bias        0 gpt_neox.layers.0
      gpt_neox.layers.0.attention.masked_bias              -         other       0 gpt_neox.layers.0
      gpt_neox.layers.0.attention.rotary_emb.inv_freq      4         other       0 gpt_neox.layers.0
      gpt_neox.layers.0.mlp.dense_h_to_4h.weight           64x16     up          0 gpt_neox.layers.0
      gpt_neox.layers.0.mlp.dense_4h_to_h.weight           16x64     down        0 gpt_neox.layers.0
      gpt_neox.final_layer_norm.weight                     16        norm        - -
      embed_out.weight                                     128x16    unembedding - -`,
  },
  {
    family: "bloom",
    types: ["bloom"],
    tensors: `
      word_embeddings.weight                       128x16 embedding - -
      word_embeddings_layernorm.weight             16     norm      - -
      h.5.self_attention.query_key_value.weight    48x16  qkv       5 h.5
      h.5.self_attention.dense.weight              16x16  output    5 h.5
      h.5.mlp.dense_h_to_4h.weight                 64x16  up        5 h.5
      h.5.mlp.dense_4h_to_h.weight                 16x64  down      5 h.5`,
  },
  {
    family: "falcon",
    types: ["falcon", "RefinedWebModel"],
    tensors: `
      transformer.word_embeddings.weight                      128x16 embedding   - -
      transformer.h.5.self_attention.query_key_value.weight   24x16  qkv         5 transformer.h.5
      transformer.h.5.self_attention.dense.weight             16x16  output      5 transformer.h.5
      transformer.h.5.mlp.dense_h_to_4h.weight                64x16  up          5 transformer.h.5
      transformer.h.5.ln_attn.weight                          16     norm        5 transformer.h.5
      lm_head.weight                                          128x16 unembedding - -`,
  },
  {
    family: "bert",
    types: ["bert", "roberta"],
    tensors: `
      bert.embeddings.word_embeddings.weight                     128x16 embedding   - -
      bert.embeddings.position_embeddings.weight                 32x16  embedding   - -
      bert.embeddings.token_type_embeddings.weight               2x16   embedding   - -
      bert.embeddings.position_ids                               1x32   other       - -
      bert.embeddings.LayerNorm.gamma                            16     norm        - -
      bert.embeddings.LayerNorm.beta                             16     bias        - -
      bert.encoder.layer.4.attention.self.query.weight           16x16  query       4 bert.encoder.layer.4
      bert.encoder.layer.4.attention.self.key.weight             16x16  key         4 bert.encoder.layer.4
      bert.encoder.layer.4.attention.self.value.weight           16x16  value       4 bert.encoder.layer.4
      bert.encoder.layer.4.attention.output.dense.weight         16x16  output      4 bert.encoder.layer.4
      bert.encoder.layer.4.attention.output.LayerNorm.weight     16     norm        4 bert.encoder.layer.4
      bert.encoder.layer.4.intermediate.dense.weight             64x16  up          4 bert.encoder.layer.4
      bert.encoder.layer.4.output.dense.weight                   16x64  down        4 bert.encoder.layer.4
      bert.pooler.dense.weight                                   16x16  other       - -
      cls.predictions.decoder.weight                             128x16 unembedding - -`,
  },
  {
    family: "vit",
    types: ["vit", "deit"],
    tensors: `
      vit.embeddings.cls_token                                         1x1x16    other  - -
      vit.embeddings.position_embeddings                               1x197x16  embedding - -
      vit.embeddings.patch_embeddings.projection.weight                16x3x16x16 conv  - -
      vit.encoder.layer.0.attention.attention.query.weight             16x16     query  0 vit.encoder.layer.0
      vit.encoder.layer.0.attention.attention.key.weight               16x16     key    0 vit.encoder.layer.0
      vit.encoder.layer.0.attention.attention.value.weight             16x16     value  0 vit.encoder.layer.0
      vit.encoder.layer.0.attention.output.dense.weight                16x16     output 0 vit.encoder.layer.0
      vit.encoder.layer.0.intermediate.dense.weight                    64x16     up     0 vit.encoder.layer.0
      vit.encoder.layer.0.output.dense.weight                          16x64     down   0 vit.encoder.layer.0
      vit.encoder.layer.0.layernorm_before.weight                      16        norm   0 vit.encoder.layer.0`,
  },
  {
    family: "timm-vit",
    tensors: `
      patch_embed.proj.weight      16x3x16x16 conv   - -
      pos_embed                    1x197x16   other  - -
      blocks.7.attn.qkv.weight     48x16      qkv    7 blocks.7
      blocks.7.attn.proj.weight    16x16      output 7 blocks.7
      blocks.7.mlp.fc1.weight      64x16      up     7 blocks.7
      blocks.7.mlp.fc2.weight      16x64      down   7 blocks.7
      blocks.7.norm1.weight        16         norm   7 blocks.7`,
  },
  {
    family: "t5",
    types: ["t5", "mt5"],
    tensors: `
      shared.weight                                                             128x16 embedding - -
      encoder.block.0.layer.0.SelfAttention.q.weight                            16x16  query     0 encoder.block.0
      encoder.block.0.layer.0.SelfAttention.k.weight                            16x16  key       0 encoder.block.0
      encoder.block.0.layer.0.SelfAttention.v.weight                            16x16  value     0 encoder.block.0
      encoder.block.0.layer.0.SelfAttention.o.weight                            16x16  output    0 encoder.block.0
      encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight      32x4   embedding 0 encoder.block.0
      encoder.block.0.layer.0.layer_norm.weight                                 16     norm      0 encoder.block.0
      encoder.block.0.layer.1.DenseReluDense.wi_0.weight                        64x16  gate      0 encoder.block.0
      encoder.block.0.layer.1.DenseReluDense.wi_1.weight                        64x16  up        0 encoder.block.0
      encoder.block.0.layer.1.DenseReluDense.wo.weight                          16x64  down      0 encoder.block.0
      decoder.block.9.layer.1.EncDecAttention.q.weight                          16x16  query     9 decoder.block.9
      decoder.block.9.layer.2.DenseReluDense.wi.weight                          64x16  up        9 decoder.block.9
      lm_head.weight                                                            128x16 unembedding - -`,
  },
  {
    family: "mixtral",
    types: ["mixtral"],
    tensors: `
      model.layers.1.self_attn.q_proj.weight                  16x16 query  1 model.layers.1
      model.layers.1.block_sparse_moe.gate.weight             8x16  router 1 model.layers.1
      model.layers.1.block_sparse_moe.experts.7.w1.weight     32x16 gate   1 model.layers.1 7
      model.layers.1.block_sparse_moe.experts.7.w2.weight     16x32 down   1 model.layers.1 7
      model.layers.1.block_sparse_moe.experts.7.w3.weight     32x16 up     1 model.layers.1 7`,
  },
  {
    family: "qwen-moe",
    types: ["qwen2_moe", "qwen3_moe"],
    tensors: `
      model.layers.1.self_attn.k_proj.weight                  16x16 key    1 model.layers.1
      model.layers.1.mlp.gate.weight                          60x16 router 1 model.layers.1
      model.layers.1.mlp.experts.59.gate_proj.weight          32x16 gate   1 model.layers.1 59
      model.layers.1.mlp.experts.59.up_proj.weight            32x16 up     1 model.layers.1 59
      model.layers.1.mlp.experts.59.down_proj.weight          16x32 down   1 model.layers.1 59
      model.layers.1.mlp.shared_expert.gate_proj.weight       32x16 gate   1 model.layers.1
      model.layers.1.mlp.shared_expert_gate.weight            1x16  router 1 model.layers.1`,
  },
  {
    family: "deepseek",
    types: ["deepseek_v2", "deepseek_v3"],
    tensors: `
      model.layers.0.self_attn.q_a_proj.weight               8x16  query  0 model.layers.0
      model.layers.0.self_attn.q_a_layernorm.weight          8     norm   0 model.layers.0
      model.layers.0.self_attn.q_b_proj.weight               24x8  query  0 model.layers.0
      model.layers.0.self_attn.kv_a_proj_with_mqa.weight     10x16 key    0 model.layers.0
      model.layers.0.self_attn.kv_b_proj.weight              32x8  key    0 model.layers.0
      model.layers.0.self_attn.o_proj.weight                 16x16 output 0 model.layers.0
      model.layers.0.mlp.gate_proj.weight                    32x16 gate   0 model.layers.0
      model.layers.3.mlp.gate.weight                         8x16  router 3 model.layers.3
      model.layers.3.mlp.gate.e_score_correction_bias        8     bias   3 model.layers.3
      model.layers.3.mlp.experts.255.up_proj.weight          32x16 up     3 model.layers.3 255
      model.layers.3.mlp.shared_experts.down_proj.weight     16x32 down   3 model.layers.3
      model.layers.61.embed_tokens.weight                    128x16 embedding 61 model.layers.61`,
  },
  {
    family: "gpt-oss",
    types: ["gpt_oss"],
    tensors: `
      model.layers.0.self_attn.q_proj.weight                 16x16    query   0 model.layers.0
      model.layers.0.self_attn.sinks                         8        other   0 model.layers.0
      model.layers.0.mlp.router.weight                       4x16     router  0 model.layers.0
      model.layers.0.mlp.router.bias                         4        bias    0 model.layers.0
      model.layers.0.mlp.experts.gate_up_proj                4x16x64  gate-up 0 model.layers.0
      model.layers.0.mlp.experts.gate_up_proj_bias           4x64     bias    0 model.layers.0
      model.layers.0.mlp.experts.down_proj                   4x32x16  down    0 model.layers.0`,
  },
  {
    family: "llama4",
    types: ["llama4", "llama4_text"],
    tensors: `
      language_model.model.layers.1.feed_forward.router.weight                     4x16    router  1 language_model.model.layers.1
      language_model.model.layers.1.feed_forward.experts.gate_up_proj              4x16x64 gate-up 1 language_model.model.layers.1
      language_model.model.layers.1.feed_forward.experts.down_proj                 4x32x16 down    1 language_model.model.layers.1
      language_model.model.layers.1.feed_forward.shared_expert.up_proj.weight      32x16   up      1 language_model.model.layers.1
      language_model.model.layers.1.self_attn.q_proj.weight                        16x16   query   1 language_model.model.layers.1`,
  },
  {
    // OPT has no table: q, k, v alone must not make it a Llama, nor fc1 and fc2 a Phi.
    family: null,
    types: ["opt"],
    tensors: `
      model.decoder.embed_tokens.weight                    128x16 embedding - -
      model.decoder.embed_positions.weight                 34x16  embedding - -
      model.decoder.layers.3.self_attn.q_proj.weight       16x16  query     3 model.decoder.layers.3
      model.decoder.layers.3.self_attn.k_proj.weight       16x16  key       3 model.decoder.layers.3
      model.decoder.layers.3.self_attn.v_proj.weight       16x16  value     3 model.decoder.layers.3
      model.decoder.layers.3.self_attn.out_proj.weight     16x16  output    3 model.decoder.layers.3
      model.decoder.layers.3.fc1.weight                    64x16  up        3 model.decoder.layers.3
      model.decoder.layers.3.fc2.weight                    16x64  down      3 model.decoder.layers.3`,
  },
  {
    family: null,
    tensors: `
      conv1.weight                                                               64x3x7x7 conv   - -
      bn1.weight                                                                 64       norm   - -
      bn1.running_mean                                                           64       other  - -
      bn1.num_batches_tracked                                                    -        other  - -
      layer1.0.downsample.0.weight                                               64x64x1x1 conv  0 layer1.0
      backbone.layers.5.mixer.conv1d.weight                                      64x1x4   conv   5 backbone.layers.5
      backbone.layers.5.mixer.A_log                                              64x16    other  5 backbone.layers.5
      transformer_blocks.1.attn1.to_out.0.weight                                 16x16    output 1 transformer_blocks.1
      transformer_blocks.1.ff.net.0.proj.weight                                  64x16    up     1 transformer_blocks.1
      transformer_blocks.1.ff.net.2.weight                                       16x64    down   1 transformer_blocks.1
      w                                                                          4x4      other  - -`,
  },
];

describe("roles, layers and blocks by family", () => {
  for (const { family, types = [], tensors } of cases) {
    for (const type of [undefined, ...types]) {
      test(`${family ?? "no family"}, ${type === undefined ? "without config" : `model_type ${type}`}`, () => {
        const expected = rows(tensors);
        const config = type === undefined ? null : { model_type: type };
        const lines = expected.map(([name, shape]) => `${name} ${shape}`).join("\n");
        const result = recognise(checkpoint(lines, config));
        assert.equal(result.family, type === undefined && tensors.includes("vision_tower") ? "llama" : family);
        const got = result.descriptions.map(({ role, layer, block, expert }, i) =>
          [expected[i]![0], role, layer ?? "-", block === "" ? "-" : block, expert ?? "-"].join(" "),
        );
        assert.deepEqual(
          got,
          expected.map(([name, , role, layer, block, expert]) => [name, role, layer, block, expert ?? "-"].join(" ")),
        );
      });
    }
  }

  test("the text_config of a model of several kinds counts", () => {
    const lines = "model.layers.0.self_attn.q_proj.weight 4x4";
    assert.equal(recognise(checkpoint(lines)).family, null);
    assert.equal(
      recognise(checkpoint(lines, { model_type: "llava", text_config: { model_type: "llama" } })).family,
      "llama",
    );
  });

  test("a config that does not fit the names is not believed", () => {
    const lines = "h.0.attn.c_attn.weight 4x12";
    assert.equal(recognise(checkpoint(lines, { model_type: "llama" })).family, "gpt2");
    assert.equal(recognise(checkpoint(lines, { model_type: 7, text_config: null })).family, "gpt2");
  });

  test("names made to hurt", () => {
    const lines = [
      "__proto__",
      "constructor.weight",
      "a..b",
      ".",
      "experts.99999999999999999999",
      "toString.__proto__.weight",
      "layers.1",
    ];
    const result = recognise(checkpoint(lines.map((name) => `${name} 4x4`).join("\n")));
    assert.deepEqual(
      result.descriptions.map(({ role }) => role),
      lines.map(() => "other"),
    );
    assert.deepEqual(
      result.matrices.map(({ id }) => id),
      lines,
    );
  });
});

/** `id rows×columns` of every matrix. */
const matrices = ({ matrices: views }: Architecture): string[] =>
  views.map(({ id, rows: m, columns: n }) => `${id} ${m}x${n}`);

describe("matrices", () => {
  const of = (line: string): string[] => matrices(recognise(checkpoint(line)));

  test("two dimensions are a matrix, one or none is not", () => {
    assert.deepEqual(of("a 3x5"), ["a 3x5"]);
    assert.deepEqual(of("a 1x5"), ["a 1x5"]);
    assert.deepEqual(of("a 5"), []);
    assert.deepEqual(of("a -"), []);
  });

  test("nothing in an empty tensor", () => {
    assert.deepEqual(of("a 0x5\nb.experts.c 0x4x4\nconv.weight 4x0x3x3"), []);
  });

  test("a convolution is output channels by the rest, a depthwise one none", () => {
    assert.deepEqual(
      of("conv1.weight 64x3x7x7\nconv2.weight 64x80x3\nfeatures.3.weight 8x4x1x1\nconv1d.weight 64x1x4"),
      ["conv1.weight 64x147", "conv2.weight 64x240", "features.3.weight 8x4"],
    );
  });

  test("buffers, biases and masks are none", () => {
    assert.deepEqual(
      of(
        "h.0.attn.bias 1x1x8x8 BOOL\nh.0.attn.c_attn.bias 8\nposition_ids 1x512 I64\nmlp.experts.down_proj_bias 4x8\nfreqs_cis 8x8",
      ),
      [],
    );
  });

  test("a third dimension that is no stack of experts is no matrix", () => {
    assert.deepEqual(
      of("pos_embed 1x197x16\nembeddings.position_embeddings 1x197x16\nx.weight 2x3x4\nexperts.w 9000000x1x1 U8"),
      [],
    );
  });

  test("a stack of experts is a matrix for each, with its own bytes", () => {
    const source = checkpoint("model.layers.0.mlp.experts.gate_up_proj 3x4x10\nmodel.layers.0.mlp.experts.w 2x4x6 F32");
    const { matrices: views, descriptions } = recognise(source);
    assert.deepEqual(
      views.map(({ id, rows: m, columns: n, begin, end, expert }) => [id, m, n, begin, end, expert]),
      [
        ["model.layers.0.mlp.experts.gate_up_proj[0]", 4, 10, 100, 180, 0],
        ["model.layers.0.mlp.experts.gate_up_proj[1]", 4, 10, 180, 260, 1],
        ["model.layers.0.mlp.experts.gate_up_proj[2]", 4, 10, 260, 340, 2],
        ["model.layers.0.mlp.experts.w[0]", 4, 6, 340, 436, 0],
        ["model.layers.0.mlp.experts.w[1]", 4, 6, 436, 532, 1],
      ],
    );
    assert.equal(views.at(-1)?.end, source.tensors[1]!.end);
    assert.equal(views[0]?.tensor, source.tensors[0]);
    assert.equal(views[0]?.description, descriptions[0]);
    assert.equal(descriptions[0]?.expert, null);
  });

  test("ids are unique even if a tensor is named as a slice", () => {
    const { matrices: views } = recognise(checkpoint("x.experts.w 2x3x3\nx.experts.w[0] 3x3"));
    assert.equal(new Set(views.map(({ id }) => id)).size, 3);
    assert.equal(views.at(-1)?.id, "x.experts.w[0]");
  });

  test("the dtypes that are computed, and those that are not", () => {
    const refused: Dtype[] = ["BOOL", "C64"];
    for (const dtype of Object.keys(dtypeBits) as Dtype[]) {
      const [view] = recognise(checkpoint(`a.weight 8x8 ${dtype}`)).matrices;
      if (!refused.includes(dtype)) assert.equal(view?.description.unsupported, null, dtype);
      else
        assert.match(
          view?.description.unsupported ?? "",
          new RegExp(`^The entries are [^\\n]*${dtype}[^\\n]*\\.$`),
          dtype,
        );
    }
  });

  test("what is not a matrix is not called unsupported", () => {
    assert.equal(recognise(checkpoint("a 8 I64")).descriptions[0]?.unsupported, null);
  });
});

describe("LoRA", () => {
  test("names of PEFT, of a named adapter, of diffusers and of kohya", () => {
    const { descriptions } = recognise(
      checkpoint(`
        base_model.model.model.layers.3.mlp.down_proj.lora_A.weight          8x32
        base_model.model.model.layers.3.mlp.down_proj.lora_B.default.weight  16x8
        unet.up_blocks.1.attentions.0.to_q.lora_down.weight                  4x16
        lora_unet_mid_block_attentions_0_proj_in.lora_up.weight              16x4x1x1
        base_model.model.model.embed_tokens.lora_embedding_A                 8x128
        lora_unet_mid_block_attentions_0_proj_in.alpha                       -`),
    );
    assert.deepEqual(
      descriptions.map(({ role, layer, block }) => [role, layer, block]),
      [
        ["lora-a", 3, "base_model.model.model.layers.3"],
        ["lora-b", 3, "base_model.model.model.layers.3"],
        ["lora-a", 1, "unet.up_blocks.1"],
        ["lora-b", null, ""],
        ["lora-a", null, ""],
        ["other", null, ""],
      ],
    );
  });

  test("wrapped base weights keep their roles", () => {
    const { descriptions, family } = recognise(
      checkpoint("base_model.model.model.layers.0.mlp.up_proj.base_layer.weight 32x16"),
    );
    assert.deepEqual([family, descriptions[0]?.role], ["llama", "up"]);
  });
});

describe("quantised weights", () => {
  interface Outcome {
    /** Of each weight: its format and the shape of a matrix in it, or why there is none. */
    readonly weights: Record<string, string | RegExp>;
    readonly auxiliaries: Record<string, string>;
    readonly config?: Record<string, unknown>;
    readonly texts?: Record<string, string>;
  }
  function check(lines: string, { weights, auxiliaries, config = {}, texts = {} }: Outcome): void {
    const source = checkpoint(lines, { quantization_config: config });
    const { descriptions, matrices: views } = recognise(source, [], new Map(Object.entries(texts)));
    const byName = new Map(source.tensors.map(({ name }, i) => [name, descriptions[i]!]));
    for (const [name, expected] of Object.entries(weights)) {
      const { unsupported, packed } = byName.get(name)!;
      const own = views.filter(({ tensor }) => tensor.name === name);
      if (typeof expected === "string") {
        const { rows, columns } = own[0]!;
        assert.equal(unsupported, null, name);
        assert.equal(`${packed?.format ?? "plain"} ${rows}x${columns}`, expected);
        assert.ok(own.every(({ quantisation }) => (quantisation === undefined) === (packed === null)));
      } else {
        assert.match(unsupported ?? "null", expected);
        assert.match(unsupported ?? "", /^[^\n]+\.$/);
        assert.deepEqual([own.length, packed], [1, null]);
      }
    }
    assert.deepEqual(
      Object.fromEntries(
        [...byName].flatMap(([name, { auxiliaryOf }]) => (auxiliaryOf === null ? [] : [[name, auxiliaryOf]])),
      ),
      auxiliaries,
    );
    assert.deepEqual(new Set(views.map(({ tensor }) => tensor.name)), new Set(Object.keys(weights)));
  }
  const q = "model.layers.0.self_attn.q_proj";

  test("GPTQ", () => {
    const lines = `${q}.qweight 2x16 I32\n${q}.qzeros 1x2 I32\n${q}.scales 1x16 F16\n${q}.g_idx 16 I32`;
    const auxiliaries = {
      [`${q}.qzeros`]: `${q}.qweight`,
      [`${q}.scales`]: `${q}.qweight`,
      [`${q}.g_idx`]: `${q}.qweight`,
    };
    check(`${lines}\n${q}.bias 16 F16`, { weights: { [`${q}.qweight`]: "GPTQ 4-bit 16x16" }, auxiliaries });
    check(lines.replace("2x16", "4x16"), {
      weights: { [`${q}.qweight`]: /g_idx has 16 numbers \(16\) instead of 32/ },
      auxiliaries,
    });
    check(lines.replace("1x2 I32", "2x2 I32"), {
      weights: { [`${q}.qweight`]: /do not fit each other: codes 2 × 16, zeros 2 × 2, scales 1 × 16/ },
      auxiliaries,
    });
    check(lines.replace("1x16 F16", "1x16 I32"), {
      weights: { [`${q}.qweight`]: /scales is I32, which is none of F16, BF16, F32/ },
      auxiliaries,
    });
    check(`${q}.qweight 2x16 I32`, {
      weights: { [`${q}.qweight`]: /GPTQ format, but its \.scales is missing/ },
      auxiliaries: {},
    });
    assert.equal(recognise(checkpoint(lines, { model_type: "llama" })).descriptions[0]?.role, "query");
  });

  test("AWQ", () => {
    const auxiliaries = { [`${q}.qzeros`]: `${q}.qweight`, [`${q}.scales`]: `${q}.qweight` };
    check(`${q}.qweight 16x2 I32\n${q}.qzeros 1x2 I32\n${q}.scales 1x16 F16`, {
      weights: { [`${q}.qweight`]: "AWQ 4-bit 16x16" },
      auxiliaries,
    });
    // As its GEMV kernels have it.
    check(`${q}.qweight 64x16 I32\n${q}.qzeros 64x1 I32\n${q}.scales 64x8 F16`, {
      weights: { [`${q}.qweight`]: /do not fit each other/ },
      auxiliaries,
    });
  });

  test("bitsandbytes, 4 bits", () => {
    const state = `${q}.weight.quant_state.bitsandbytes__nf4`;
    const lines = `${q}.weight 128x1 U8\n${q}.weight.absmax 4 F32\n${q}.weight.quant_map 16 F32\n${state} 80 U8`;
    const auxiliaries = {
      [`${q}.weight.absmax`]: `${q}.weight`,
      [`${q}.weight.quant_map`]: `${q}.weight`,
      [state]: `${q}.weight`,
    };
    const refused = (text: string, sentence: RegExp): void => {
      check(lines, { weights: { [`${q}.weight`]: sentence }, auxiliaries, texts: { [state]: text } });
    };
    const texts = { [state]: '{"shape": [8, 32], "blocksize": 64}' };
    check(lines, { weights: { [`${q}.weight`]: "NF4 8x32" }, auxiliaries, texts });
    check(lines, { weights: { [`${q}.weight`]: /state of a bitsandbytes weight, could not be read/ }, auxiliaries });
    refused("{", /no JSON/);
    refused("[]", /tells no shape/);
    refused('{"shape": [8, -32], "blocksize": 64}', /tells no shape/);
    refused('{"shape": [8, 32], "blocksize": 0}', /tells no size of blocks/);
    refused('{"shape": [8, 33], "blocksize": 64}', /has 128 bytes, but 8 × 33 codes of 4 bits take 132/);
    refused('{"shape": [8, 32], "blocksize": 128}', /absmax has 4 numbers \(4\) instead of 2/);
    refused('{"shape": [8, 32], "blocksize": 64, "nested_offset": "x"}', /offset that is no number/);
    check(lines.replace("absmax 4 F32", "absmax 4 U8"), {
      weights: { [`${q}.weight`]: /its \.weight\.nested_quant_map is missing/ },
      auxiliaries,
      texts,
    });
    check(`${q}.weight 128x1 U8\n${q}.weight.absmax 4 F32`, {
      weights: { [`${q}.weight`]: /its \.weight\.quant_map is missing/ },
      auxiliaries: { [`${q}.weight.absmax`]: `${q}.weight` },
    });
  });

  test("bitsandbytes, 8 bits", () => {
    const auxiliaries = { [`${q}.SCB`]: `${q}.weight`, [`${q}.weight_format`]: `${q}.weight` };
    check(`${q}.weight 16x16 I8\n${q}.SCB 16 F32\n${q}.weight_format - U8`, {
      weights: { [`${q}.weight`]: "LLM.int8 16x16" },
      auxiliaries,
    });
    check(`${q}.weight 16x16 I8\n${q}.SCB 15 F32\n${q}.weight_format - U8`, {
      weights: { [`${q}.weight`]: /The scales .*SCB \(15\) do not fit a matrix of 16 × 16/ },
      auxiliaries,
    });
  });

  test("MXFP4", () => {
    const e = "model.layers.0.mlp.experts.gate_up_proj";
    const lines = `${e}_blocks 4x8x2x16 U8\n${e}_scales 4x8x2 U8`;
    const auxiliaries = { [`${e}_scales`]: `${e}_blocks` };
    check(`${lines}\n${e}_bias 4x8`, { weights: { [`${e}_blocks`]: "MXFP4 8x64" }, auxiliaries });
    // Flattened.
    check(`${e}_blocks 4x8x32 U8\n${e}_scales 4x8x2 U8`, { weights: { [`${e}_blocks`]: "MXFP4 8x64" }, auxiliaries });
    check(lines.replace("4x8x2 U8", "4x8x3 U8"), {
      weights: { [`${e}_blocks`]: /scales \(4 × 8 × 3\) do not fit a matrix of 8 × 64/ },
      auxiliaries,
    });
    check(`${e}_blocks 4x8x2x16 U8`, { weights: { [`${e}_blocks`]: /its _scales is missing/ }, auxiliaries: {} });
    const result = recognise(checkpoint(lines, { model_type: "gpt_oss" }));
    assert.equal(result.descriptions[0]?.role, "gate-up");
    assert.deepEqual(
      matrices(result),
      Array.from({ length: 4 }, (_, expert) => `${e}_blocks[${expert}] 8x64`),
    );
  });

  test("compressed-tensors and NVFP4", () => {
    const packed = `${q}.weight_packed`;
    const lines = `${packed} 16x2 I32\n${q}.weight_scale 16x1\n${q}.weight_shape 2 I64`;
    const auxiliaries = { [`${q}.weight_scale`]: packed, [`${q}.weight_shape`]: packed };
    const bits = (count: number): Record<string, unknown> => ({
      config_groups: { group_0: { weights: { num_bits: count } } },
    });
    check(lines, { weights: { [packed]: "INT4 16x16" }, auxiliaries, config: bits(4) });
    check(lines, { weights: { [packed]: "INT8 16x8" }, auxiliaries, config: bits(8) });
    check(lines, { weights: { [packed]: /with 3 bits, which is not decoded/ }, auxiliaries, config: bits(3) });
    check(lines, { weights: { [packed]: /no config tells into how many bits/ }, auxiliaries });
    // Of several groups that one whose scales are as many: 16 × 16 by fours, or 16 × 8 by twos; one of floats is none.
    const group = (count: number, size: number | null, type = "int"): Record<string, unknown> => ({
      weights: { num_bits: count, group_size: size, type },
    });
    const grouped = (scales: string, groups: Record<string, unknown>, expected: string | RegExp): void => {
      check(lines.replace("weight_scale 16x1", `weight_scale ${scales}`), {
        weights: { [packed]: expected },
        auxiliaries,
        config: { config_groups: groups },
      });
    };
    grouped("16x4", { a: group(4, 4), b: group(8, 4) }, "INT4 16x16");
    grouped("16x2", { a: group(4, 4), b: group(8, 4) }, "INT8 16x8");
    grouped("16x1", { a: group(4, null), b: group(8, null, "float") }, "INT4 16x16");
    grouped(
      "16x2",
      { a: group(4, 4) },
      /its scales \(16 × 2\) do not tell which of the config's groups it is in \(4 bits\)/,
    );
    grouped(
      "16x1",
      { a: group(4, null), b: group(8, null) },
      /do not tell which of the config's groups it is in \(4, 8 bits\)/,
    );
    // A zero point a row, or those of eight rows in a word.
    for (const [zeros, expected] of [
      ["2x1 I32", "INT4 16x16"],
      ["16x1 I8", "INT4 16x16"],
      ["3x1 I32", /weight_zero_point has 3 numbers \(3 × 1\) instead of 2/],
      ["2x1 I8", /weight_zero_point has 2 numbers \(2 × 1\) instead of 16/],
    ] as const) {
      check(`${lines}\n${q}.weight_zero_point ${zeros}`, {
        weights: { [packed]: expected },
        auxiliaries: { ...auxiliaries, [`${q}.weight_zero_point`]: packed },
        config: bits(4),
      });
    }
    check(`${q}.weight 16x8 U8\n${q}.weight_scale 16x1 F8_E4M3\n${q}.weight_scale_2 - F32`, {
      weights: { [`${q}.weight`]: "NVFP4 16x16" },
      auxiliaries: { [`${q}.weight_scale`]: `${q}.weight`, [`${q}.weight_scale_2`]: `${q}.weight` },
    });
  });

  test("FP8 with scales for the whole, rows, columns and blocks", () => {
    const scaled = (shape: string, scales: string, expected: string | RegExp, config = {}): void => {
      check(`${q}.weight ${shape} F8_E4M3\n${q}.weight_scale_inv ${scales} F32`, {
        weights: { [`${q}.weight`]: expected },
        auxiliaries: { [`${q}.weight_scale_inv`]: `${q}.weight` },
        config,
      });
    };
    scaled("256x256", "2x2", "FP8 256x256");
    scaled("300x130", "3x2", "FP8 300x130");
    scaled("300x130", "5x3", "FP8 300x130", { weight_block_size: [64, 64] });
    scaled("300x130", "5x3", /do not fit a matrix of 300 × 130/);
    for (const scales of ["-", "1", "1x1", "16x1", "16", "1x24", "16x3"]) scaled("16x24", scales, "FP8 16x24");
    scaled("16x24", "17", /weight_scale_inv \(17\) do not fit/);
    scaled("16x24", "16x5", /weight_scale_inv \(16 × 5\) do not fit/);
    check(`${q}.weight 16x16 F8_E4M3\n${q}.weight_scale 16x1 I32`, {
      weights: { [`${q}.weight`]: /weight_scale is I32, which is none of F32, / },
      auxiliaries: { [`${q}.weight_scale`]: `${q}.weight` },
    });
    // Without scales the numbers are the weight, unless the config promises some.
    check(`${q}.weight 16x16 F8_E4M3`, { weights: { [`${q}.weight`]: "plain 16x16" }, auxiliaries: {} });
    check(`${q}.weight 16x16 F8_E4M3`, {
      weights: { [`${q}.weight`]: /q_proj\.weight \(F8_E4M3\) has no scales beside it/ },
      auxiliaries: {},
      config: { quant_method: "fp8" },
    });
  });

  test("stacks of experts have scales of their own, or one for all", () => {
    const e = "model.layers.0.feed_forward.experts.down_proj";
    const auxiliaries = { [`${e}_scale`]: e };
    for (const scales of ["-", "4", "4x1x1", "4x1x8", "4x16x1"]) {
      check(`${e} 4x16x8 F8_E4M3\n${e}_scale ${scales} F32`, { weights: { [e]: "FP8 16x8" }, auxiliaries });
    }
    check(`${e} 4x16x8 F8_E4M3\n${e}_scale 3x16x1 F32`, {
      weights: { [e]: /_scale \(3 × 16 × 1\) do not divide into 4 matrices/ },
      auxiliaries,
    });
  });

  test("scales of activations, and a name that only looks like a scale", () => {
    check(`${q}.weight 16x16 F8_E4M3\n${q}.weight_scale - F32\n${q}.input_scale - F32`, {
      weights: { [`${q}.weight`]: "FP8 16x16" },
      auxiliaries: { [`${q}.weight_scale`]: `${q}.weight`, [`${q}.input_scale`]: `${q}.weight` },
    });
    check("mixer.x_scales 4x4\nmixer.layer_scale 4x4", {
      weights: { "mixer.x_scales": "plain 4x4", "mixer.layer_scale": "plain 4x4" },
      auxiliaries: {},
    });
  });

  test("NVFP4 of a stack, whose parameters have no name of their own", () => {
    const e = "model.layers.0.mlp.experts.down_proj";
    for (const prefix of ["_", "_weight_"]) {
      const auxiliaries = { [`${e}${prefix}scale`]: e, [`${e}${prefix}scale_2`]: e };
      const lines = (scales: string): string =>
        `${e} 4x16x8 U8\n${e}${prefix}scale ${scales} F8_E4M3\n${e}${prefix}scale_2 - F32`;
      check(lines("4x16x1"), { weights: { [e]: "NVFP4 16x16" }, auxiliaries });
      check(lines("4x1x8"), { weights: { [e]: /scale \(4 × 1 × 8\) do not fit a matrix of 16 × 16/ }, auxiliaries });
    }
  });

  // Codes, and what has to be beside them.
  for (const [format, lines, weight] of [
    ["AQLM", "a.codes 16x16 I8\na.codebooks 2x8\na.scales 16x1", "a.codes"],
    ["EXL2", "a.q_weight 16x16 I32\na.q_scale 2x2 I32\na.q_scale_max 2 F16\na.q_invperm 16 I16", "a.q_weight"],
    ["EXL3", "a.trellis 16x16 I16\na.suh 16 F16\na.svh 16 F16", "a.trellis"],
    ["HQQ", "a.W_q 16x16 U8\na.scale 16x1 F16\na.zero 16x1 F16", "a.W_q"],
    ["Marlin", "a.B 16x16 I32\na.s 16x16 F16", "a.B"],
    ["MLX", "a.weight 16x16 U32\na.scales 16x2 F16\na.biases 16x2 F16", "a.weight"],
    ["Quanto", "a.weight._data 16x16 I8\na.weight._scale 16x1 F16", "a.weight._data"],
    ["SqueezeLLM", "a.qweight 16x16 I32\na.lookup_table 16x16 F16", "a.qweight"],
    ["SVDQuant", "a.qweight 16x16 I8\na.wscales 2x16 BF16", "a.qweight"],
    ["VPTQ", "a.indices 16x16 I32\na.centroids.weight 16x16 F16", "a.indices"],
    ["2:4 sparse", "a.weight.compressed 16x16\na.weight.bitmask 16x4 U8", "a.weight.compressed"],
    ["2:4 Marlin", "a.weight_packed 16x16 I32\na.scale_packed 2x16 F16\na.meta 16x16 I16", "a.weight_packed"],
  ] as const) {
    test(`${format} is told, and its codes are not taken for numbers`, () => {
      const names = rows(lines).map(([name]) => name!);
      check(lines, {
        weights: { [weight]: new RegExp(`^The weight ${weight} is quantised in the ${format} format, which is not`) },
        auxiliaries: Object.fromEntries(names.filter((name) => name !== weight).map((name) => [name, weight])),
      });
    });
  }

  test("codes under ordinary names are told by the config", () => {
    for (const method of ["bitnet", "eetq", "torchao"]) {
      check(`${q}.weight 16x16 U8\n${q}.weight_scale 1 BF16\nlm_head.weight 16x16`, {
        weights: {
          [`${q}.weight`]: new RegExp(`is quantised in the ${method} format, which is not decoded\\.$`),
          "lm_head.weight": "plain 16x16",
        },
        auxiliaries: { [`${q}.weight_scale`]: `${q}.weight` },
        config: { quant_method: method },
      });
    }
    check(`${q}.weight 16x16 I32`, {
      weights: {
        [`${q}.weight`]: /The config says that weights are quantised, but .* \(I32\) has no scales beside it/,
      },
      auxiliaries: {},
      config: { quant_method: "new" },
    });
    check(`${q}.weight 16x16 I32`, { weights: { [`${q}.weight`]: "plain 16x16" }, auxiliaries: {} });
  });

  test("integers with scales are not taken for plain ones", () => {
    check(`${q}.weight 16x16 I8\n${q}.weight_scale 16x1 BF16\n${q}.weight_zero_point 16x1 I8`, {
      weights: { [`${q}.weight`]: "INT8 16x16" },
      auxiliaries: { [`${q}.weight_scale`]: `${q}.weight`, [`${q}.weight_zero_point`]: `${q}.weight` },
    });
  });
});

test("the samples", async () => {
  const llama = recognise(await openCheckpoint("samples/tiny-llama/model.safetensors.index.json"));
  assert.equal(llama.family, "llama");
  assert.equal(llama.matrices.length, 23);
  assert.ok(llama.descriptions.every(({ role }) => role !== "other"));
  const lora = recognise(await openCheckpoint("samples/lora-adapter/adapter_model.safetensors"));
  assert.deepEqual(new Set(lora.descriptions.map(({ role }) => role)), new Set(["lora-a", "lora-b"]));
  assert.ok(lora.descriptions.every(({ layer }) => layer !== null));
});

test("100 000 tensors are recognised", () => {
  const tensors: Tensor[] = Array.from({ length: 100_000 }, (_, i) => ({
    name: `model.layers.${i % 61}.mlp.experts.${Math.floor(i / 61)}.gate_proj.weight`,
    dtype: "BF16",
    shape: [4, 4],
    file: 0,
    begin: i * 32,
    end: (i + 1) * 32,
  }));
  const { matrices: views } = recognise({ ...checkpoint(""), tensors });
  assert.equal(views.length, 100_000);
});
