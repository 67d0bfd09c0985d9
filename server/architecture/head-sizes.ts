/** How large a head is, and how many there are: from the config, else from what the tensors show. */
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import type { MatrixView } from "./architecture.ts";

/** Where the size of a head was found: the config, the norm of queries and keys, or nowhere, so that it is assumed. */
export type HeadBasis = "config" | "norm" | "assumed";

export interface HeadSizes {
  /** Rows of a query, key or value head. */
  readonly dimension: number;
  /** Null where no config tells. */
  readonly queryHeads: number | null;
  /** Parts of a head of multi-head latent attention: keys without and with position, values. */
  readonly latent: { readonly nope: number; readonly rope: number; readonly value: number } | null;
  readonly basis: HeadBasis;
}

type Config = Readonly<Record<string, unknown>>;

const countKeys = [
  "num_attention_heads",
  "n_head",
  "num_heads",
  "n_heads",
  "decoder_attention_heads",
  "encoder_attention_heads",
];
const dimensionKeys = ["head_dim", "d_kv", "attention_head_dim"];
const widthKeys = ["hidden_size", "n_embd", "d_model", "dim"];

/** The sizes of the heads around a matrix; null where nothing tells, and nothing sensible can be assumed. */
export function headSizes(checkpoint: Checkpoint): (matrix: MatrixView) => HeadSizes | null {
  const { config, tensors } = checkpoint;
  // By the module that has it: queries and keys of some models are normalised a head at a time.
  const norms = new Map<string, number>();
  for (const { name, shape } of tensors) {
    const end = /\.[qk]_?(?:layer)?norm\.weight$/.exec(name);
    if (end !== null && shape.length === 1) norms.set(name.slice(0, end.index), shape[0]!);
  }
  return (matrix) => {
    const { name } = matrix.tensor;
    const given = config === null ? null : fromConfig(scopeOf(config, name));
    if (given !== null) return given;
    const width = Math.max(matrix.rows, matrix.columns);
    const norm = norms.get(name.split(".").slice(0, -2).join("."));
    // A norm over all heads at once is as long as the projection.
    if (norm !== undefined && norm < Math.min(matrix.rows, matrix.columns)) return plain(norm, "norm");
    // Nearly every model has heads of 64, or, when it is large, of 128.
    const usual = width >= 3072 ? [128, 64] : [64];
    const fitting = usual.find((size) => matrix.rows % size === 0 && matrix.columns % size === 0);
    return fitting === undefined ? null : plain(fitting, "assumed");
  };
}

/** The part of the config that describes the module a tensor belongs to: models of several kinds of input nest them. */
function scopeOf(config: Config, name: string): Config {
  const key = /(?:^|[._])(?:vision|visual|image)/.test(name)
    ? "vision_config"
    : /(?:^|[._])audio/.test(name)
      ? "audio_config"
      : "text_config";
  const nested = config[key];
  return typeof nested === "object" && nested !== null ? (nested as Config) : config;
}

function fromConfig(config: Config): HeadSizes | null {
  const queryHeads = first(config, countKeys);
  const width = first(config, widthKeys);
  const nope = first(config, ["qk_nope_head_dim"]);
  const rope = first(config, ["qk_rope_head_dim"]);
  const value = first(config, ["v_head_dim"]);
  const latent = nope === null || rope === null || value === null ? null : { nope, rope, value };
  const dimension =
    first(config, dimensionKeys) ??
    (queryHeads !== null && width !== null && width % queryHeads === 0 ? width / queryHeads : null) ??
    value;
  return dimension === null ? null : { dimension, queryHeads, latent, basis: "config" };
}

function plain(dimension: number, basis: HeadBasis): HeadSizes {
  return { dimension, queryHeads: null, latent: null, basis };
}

/** The first of the keys whose value is a positive whole number. */
function first(config: Config, keys: readonly string[]): number | null {
  for (const key of keys) {
    const value = config[key];
    if (typeof value === "number" && Number.isSafeInteger(value) && value > 0) return value;
  }
  return null;
}
