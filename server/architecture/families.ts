/**
 * The names that model families give their weights, as tables. A path is written as in the checkpoint, without the
 * parameter's own name (`.weight`), and `*` stands for a number. Adding a family means adding a table.
 */
import type { Role } from "./role.ts";

export type RoleTable = Readonly<Record<string, Role>>;

/**
 * How the heads lie in a weight, [out, in]:
 * - `rows`, `columns`: one after the other;
 * - `query-key-value`: rows of all queries, of all keys, of all values;
 * - `grouped`: rows of a group's queries, its key and its value, group after group;
 * - `latent-…`: multi-head latent attention; a query has a part with and one without position, keys and values share a weight.
 */
export type HeadLayout =
  "rows" | "columns" | "query-key-value" | "grouped" | "latent-query" | "latent-key-value" | "latent-output";

/**
 * How gate and up projections lie in one weight: the first half of the rows or of the columns is the gate, or they take
 * turns, column by column.
 */
export type FusedLayout = "rows" | "columns" | "interleaved";

export interface Family {
  readonly name: string;
  /** Values of `model_type` in config.json. */
  readonly modelTypes: readonly string[];
  /** The name before a block's number: `layers` in `model.layers.3`. */
  readonly container: string;
  /** Roles of the modules in a block, by their path from the block. */
  readonly block: RoleTable;
  /** Roles of the modules outside blocks, by the end of their path. */
  readonly outside: RoleTable;
  /** Without a config, the family is taken only if one of these paths (of `block` or `outside`) occurs. */
  readonly distinctive: readonly string[];
  /**
   * Layouts of heads that differ from the usual one (`rows` of query, key and value, `columns` of output), by the module's
   * path from the block or by its role; null for a weight that has no heads.
   */
  readonly heads?: Readonly<Record<string, HeadLayout | null>>;
  /** Whether the weights of blocks are stored as [in, out]: the layouts of heads are said of them turned round. */
  readonly inputsFirst?: true;
  /** The layout of fused gate and up projections; `rows` if left out. */
  readonly gateUp?: FusedLayout;
}

const attention: RoleTable = {
  "self_attn.q_proj": "query",
  "self_attn.k_proj": "key",
  "self_attn.v_proj": "value",
  "self_attn.o_proj": "output",
};

const gatedMlp: RoleTable = {
  "mlp.gate_proj": "gate",
  "mlp.up_proj": "up",
  "mlp.down_proj": "down",
};

const sharedExpert = (module: string): RoleTable => ({
  [`${module}.gate_proj`]: "gate",
  [`${module}.up_proj`]: "up",
  [`${module}.down_proj`]: "down",
});

const experts: RoleTable = {
  "mlp.gate": "router",
  "mlp.experts.*.gate_proj": "gate",
  "mlp.experts.*.up_proj": "up",
  "mlp.experts.*.down_proj": "down",
  "mlp.experts.gate_up_proj": "gate-up",
  "mlp.experts.down_proj": "down",
  "mlp.shared_expert_gate": "router",
  ...sharedExpert("mlp.shared_expert"),
  ...sharedExpert("mlp.shared_experts"),
};

/** DeepSeek's multi-head latent attention: queries, and keys with values, each through a low-rank bottleneck. */
const latentAttention: RoleTable = {
  "self_attn.q_proj": "query",
  "self_attn.q_a_proj": "query",
  "self_attn.q_b_proj": "query",
  "self_attn.kv_a_proj_with_mqa": "key",
  "self_attn.kv_b_proj": "key",
  "self_attn.o_proj": "output",
};

const embeddings: RoleTable = { embed_tokens: "embedding", lm_head: "unembedding" };

const fusedBlock: RoleTable = {
  "mlp.dense_h_to_4h": "up",
  "mlp.dense_4h_to_h": "down",
};

const bertMlp: RoleTable = { "attention.output.dense": "output", "intermediate.dense": "up", "output.dense": "down" };

const gpt2Names: Omit<Family, "name" | "modelTypes"> = {
  container: "h",
  block: { "attn.c_attn": "qkv", "attn.c_proj": "output", "mlp.c_fc": "up", "mlp.c_proj": "down" },
  outside: { wte: "embedding", wpe: "embedding", lm_head: "unembedding" },
  distinctive: ["attn.c_attn"],
  heads: { qkv: "query-key-value" },
};

const t5Attention = (module: string): RoleTable => ({
  [`layer.*.${module}.q`]: "query",
  [`layer.*.${module}.k`]: "key",
  [`layer.*.${module}.v`]: "value",
  [`layer.*.${module}.o`]: "output",
  [`layer.*.${module}.relative_attention_bias`]: "embedding",
});

/** In the order in which they are tried: where two fit equally, the first is taken. */
export const families: readonly Family[] = [
  {
    name: "llama",
    modelTypes: [
      ..."llama mistral qwen2 qwen3 gemma gemma2 gemma3 gemma3_text smollm3 olmo2 granite stablelm".split(" "),
      ..."ministral mistral3 qwen2_vl qwen2_5_vl qwen3_vl paligemma".split(" "),
    ],
    container: "layers",
    block: { ...attention, ...gatedMlp },
    outside: embeddings,
    distinctive: [...Object.keys(gatedMlp), "self_attn.o_proj"],
  },
  {
    // Meta's own names, which Mistral's consolidated.safetensors keeps.
    name: "llama-original",
    modelTypes: [],
    container: "layers",
    block: {
      "attention.wq": "query",
      "attention.wk": "key",
      "attention.wv": "value",
      "attention.wo": "output",
      "feed_forward.w1": "gate",
      "feed_forward.w2": "down",
      "feed_forward.w3": "up",
      "feed_forward.gate": "router",
      "feed_forward.experts.*.w1": "gate",
      "feed_forward.experts.*.w2": "down",
      "feed_forward.experts.*.w3": "up",
    },
    outside: { tok_embeddings: "embedding", output: "unembedding" },
    distinctive: ["attention.wq", "attention.wk", "attention.wv", "attention.wo"],
  },
  {
    name: "phi3",
    modelTypes: ["phi3", "phi4", "phi4_multimodal"],
    container: "layers",
    block: {
      "self_attn.qkv_proj": "qkv",
      "self_attn.o_proj": "output",
      "mlp.gate_up_proj": "gate-up",
      "mlp.down_proj": "down",
    },
    outside: embeddings,
    distinctive: ["self_attn.qkv_proj", "mlp.gate_up_proj"],
    heads: { qkv: "query-key-value" },
  },
  {
    name: "phi",
    modelTypes: ["phi"],
    container: "layers",
    block: {
      "self_attn.q_proj": "query",
      "self_attn.k_proj": "key",
      "self_attn.v_proj": "value",
      "self_attn.dense": "output",
      "mlp.fc1": "up",
      "mlp.fc2": "down",
    },
    outside: embeddings,
    distinctive: ["self_attn.dense"],
  },
  {
    name: "gpt2",
    modelTypes: ["gpt2"],
    ...gpt2Names,
    // Its layers are Conv1D.
    inputsFirst: true,
  },
  {
    // GPT-2's names for linear layers.
    name: "gpt-bigcode",
    modelTypes: ["gpt_bigcode"],
    ...gpt2Names,
    // With one key and one value for all heads, or with both for each.
    heads: { qkv: "grouped" },
  },
  {
    name: "gpt-neox",
    modelTypes: ["gpt_neox"],
    container: "layers",
    block: { "attention.query_key_value": "qkv", "attention.dense": "output", ...fusedBlock },
    outside: { embed_in: "embedding", embed_out: "unembedding" },
    distinctive: ["attention.query_key_value"],
    heads: { qkv: "grouped" },
  },
  {
    name: "bloom",
    modelTypes: ["bloom"],
    container: "h",
    block: { "self_attention.query_key_value": "qkv", "self_attention.dense": "output", ...fusedBlock },
    outside: { word_embeddings: "embedding", word_embeddings_layernorm: "norm", lm_head: "unembedding" },
    // Its blocks are named as Falcon's.
    distinctive: ["word_embeddings_layernorm"],
    heads: { qkv: "grouped" },
  },
  {
    name: "falcon",
    modelTypes: ["falcon", "RefinedWeb", "RefinedWebModel"],
    container: "h",
    block: { "self_attention.query_key_value": "qkv", "self_attention.dense": "output", ...fusedBlock },
    outside: { word_embeddings: "embedding", lm_head: "unembedding" },
    distinctive: ["self_attention.query_key_value"],
    heads: { qkv: "grouped" },
  },
  {
    name: "bert",
    modelTypes: ["bert", "roberta", "xlm-roberta", "camembert", "electra", "layoutlm", "ernie"],
    container: "layer",
    block: {
      "attention.self.query": "query",
      "attention.self.key": "key",
      "attention.self.value": "value",
      "crossattention.self.query": "query",
      "crossattention.self.key": "key",
      "crossattention.self.value": "value",
      "crossattention.output.dense": "output",
      ...bertMlp,
    },
    outside: {
      word_embeddings: "embedding",
      position_embeddings: "embedding",
      token_type_embeddings: "embedding",
      "predictions.decoder": "unembedding",
      "lm_head.decoder": "unembedding",
    },
    distinctive: ["attention.self.query", "attention.self.key", "attention.self.value"],
  },
  {
    name: "vit",
    modelTypes: ["vit", "deit", "beit", "dinov2", "dinov2_with_registers", "vit_mae", "audio-spectrogram-transformer"],
    container: "layer",
    block: {
      "attention.attention.query": "query",
      "attention.attention.key": "key",
      "attention.attention.value": "value",
      ...bertMlp,
      "mlp.fc1": "up",
      "mlp.fc2": "down",
      "mlp.weights_in": "gate-up",
      "mlp.weights_out": "down",
    },
    outside: { "patch_embeddings.projection": "conv" },
    distinctive: ["attention.attention.query", "attention.attention.key", "attention.attention.value"],
  },
  {
    name: "timm-vit",
    modelTypes: [],
    container: "blocks",
    block: { "attn.qkv": "qkv", "attn.proj": "output", "mlp.fc1": "up", "mlp.fc2": "down" },
    outside: { "patch_embed.proj": "conv" },
    distinctive: ["attn.qkv"],
    heads: { qkv: "query-key-value" },
  },
  {
    name: "t5",
    modelTypes: ["t5", "mt5", "umt5", "longt5", "switch_transformers"],
    container: "block",
    block: {
      ...t5Attention("SelfAttention"),
      ...t5Attention("EncDecAttention"),
      "layer.*.DenseReluDense.wi": "up",
      "layer.*.DenseReluDense.wi_0": "gate",
      "layer.*.DenseReluDense.wi_1": "up",
      "layer.*.DenseReluDense.wo": "down",
    },
    outside: { shared: "embedding", embed_tokens: "embedding", lm_head: "unembedding" },
    distinctive: ["layer.*.SelfAttention.q", "layer.*.SelfAttention.v", "layer.*.SelfAttention.o"],
  },
  {
    name: "mixtral",
    modelTypes: ["mixtral"],
    container: "layers",
    block: {
      ...attention,
      "block_sparse_moe.gate": "router",
      "block_sparse_moe.experts.*.w1": "gate",
      "block_sparse_moe.experts.*.w2": "down",
      "block_sparse_moe.experts.*.w3": "up",
    },
    outside: embeddings,
    distinctive: ["block_sparse_moe.gate", "block_sparse_moe.experts.*.w1"],
  },
  {
    name: "qwen-moe",
    modelTypes: ["qwen2_moe", "qwen3_moe", "olmoe"],
    container: "layers",
    block: { ...attention, ...gatedMlp, ...experts },
    outside: embeddings,
    distinctive: ["mlp.experts.*.gate_proj", "mlp.experts.*.down_proj", "mlp.gate"],
  },
  {
    // The same names for stacks of experts that are turned round.
    name: "qwen3-vl-moe",
    modelTypes: ["qwen3_vl_moe", "qwen3_vl_moe_text"],
    container: "layers",
    block: { ...attention, ...gatedMlp, ...experts },
    outside: embeddings,
    distinctive: [],
    gateUp: "columns",
  },
  {
    name: "deepseek",
    modelTypes: ["deepseek", "deepseek_v2", "deepseek_v3", "deepseek_v32", "kimi_k2", "minicpm3"],
    container: "layers",
    block: { ...attention, ...gatedMlp, ...experts, ...latentAttention },
    outside: embeddings,
    distinctive: ["self_attn.kv_a_proj_with_mqa", "self_attn.kv_b_proj"],
    heads: {
      "self_attn.q_proj": "latent-query",
      "self_attn.q_a_proj": null,
      "self_attn.q_b_proj": "latent-query",
      "self_attn.kv_a_proj_with_mqa": null,
      "self_attn.kv_b_proj": "latent-key-value",
      "self_attn.o_proj": "latent-output",
    },
  },
  {
    name: "gpt-oss",
    modelTypes: ["gpt_oss"],
    container: "layers",
    block: {
      ...attention,
      "mlp.router": "router",
      "mlp.experts.gate_up_proj": "gate-up",
      "mlp.experts.down_proj": "down",
    },
    outside: embeddings,
    distinctive: ["mlp.router"],
    gateUp: "interleaved",
  },
  {
    name: "llama4",
    modelTypes: ["llama4", "llama4_text"],
    container: "layers",
    block: {
      ...attention,
      "feed_forward.router": "router",
      "feed_forward.experts.gate_up_proj": "gate-up",
      "feed_forward.experts.down_proj": "down",
      ...sharedExpert("feed_forward.shared_expert"),
      ...sharedExpert("feed_forward"),
    },
    outside: embeddings,
    distinctive: ["feed_forward.router", "feed_forward.experts.gate_up_proj"],
    gateUp: "columns",
  },
];

/** Whether the matrices of a stack of experts are [in, out]: gate and up projections then lie side by side. */
export function stacksInputsFirst(family: Family | null): boolean {
  return family?.gateUp === "columns" || family?.gateUp === "interleaved";
}

/**
 * Roles of modules by the end of their path, for names that no family's table has. The longest end that is listed counts.
 */
export const commonModules: RoleTable = {
  q_proj: "query",
  k_proj: "key",
  v_proj: "value",
  o_proj: "output",
  out_proj: "output",
  q_lin: "query",
  k_lin: "key",
  v_lin: "value",
  out_lin: "output",
  query: "query",
  key: "key",
  value: "value",
  to_q: "query",
  to_k: "key",
  to_v: "value",
  "to_out.*": "output",
  wq: "query",
  wk: "key",
  wv: "value",
  wo: "output",
  add_q_proj: "query",
  add_k_proj: "key",
  add_v_proj: "value",
  to_add_out: "output",
  c_attn: "qkv",
  qkv: "qkv",
  qkv_proj: "qkv",
  to_qkv: "qkv",
  in_proj: "qkv",
  in_proj_weight: "qkv",
  query_key_value: "qkv",
  Wqkv: "qkv",
  wqkv: "qkv",
  "attn.proj": "output",
  "attn.c_proj": "output",
  "attn.out": "output",
  "attention.dense": "output",
  "self_attention.dense": "output",
  "self_attn.dense": "output",
  "attention.output.dense": "output",
  gate_proj: "gate",
  up_proj: "up",
  down_proj: "down",
  gate_up_proj: "gate-up",
  "feed_forward.w1": "gate",
  "feed_forward.w2": "down",
  "feed_forward.w3": "up",
  "experts.*.w1": "gate",
  "experts.*.w2": "down",
  "experts.*.w3": "up",
  "net.*.proj": "up",
  "ff.net.*": "down",
  fc1: "up",
  fc2: "down",
  lin1: "up",
  lin2: "down",
  c_fc: "up",
  "mlp.c_proj": "down",
  linear1: "up",
  linear2: "down",
  wi: "up",
  wi_0: "gate",
  wi_1: "up",
  "DenseReluDense.wo": "down",
  dense_h_to_4h: "up",
  dense_4h_to_h: "down",
  "intermediate.dense": "up",
  "output.dense": "down",
  router: "router",
  "mlp.gate": "router",
  "moe.gate": "router",
  "block_sparse_moe.gate": "router",
  "ffn.router.layer": "router",
  embed_tokens: "embedding",
  embed_positions: "embedding",
  tok_embeddings: "embedding",
  token_embedding: "embedding",
  position_embedding: "embedding",
  word_embeddings: "embedding",
  position_embeddings: "embedding",
  token_type_embeddings: "embedding",
  embeddings: "embedding",
  relative_attention_bias: "embedding",
  wte: "embedding",
  wpe: "embedding",
  embed_in: "embedding",
  lm_head: "unembedding",
  embed_out: "unembedding",
};
