/** What a checkpoint lacks that its config, or its own other blocks, say it should have. From names alone. */
import { plural, t } from "../text/l10n.ts";
import { basename } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { shortened } from "../text/format.ts";
import type { Architecture } from "./architecture.ts";
import { layerCounts } from "./config-initialiser.ts";
import { families } from "./families.ts";
import type { Role } from "./role.ts";

/** Names under which a whole model is saved in one file; any other file may be a part of one. */
const wholeModels = /^(?:model|pytorch_model|consolidated|diffusion_pytorch_model)\.safetensors$/;

/** Configs of models whose blocks differ from each other by design. */
const unevenBlocks = [
  "block_configs",
  "hybrid_override_pattern",
  "layers_block_type",
  "attn_layer_period",
  "num_kv_shared_layers",
  "num_hidden_groups",
];

const expertCounts = ["num_experts", "num_local_experts", "n_routed_experts"];

/** Every block of a transformer has these under one name or another, routers aside: first blocks may be dense. */
const blockRoles: readonly Role[] = ["query", "key", "value", "qkv", "output", "gate", "up", "gate-up", "down"];

/** At most so many numbers are written out in a sentence. */
const toldOneByOne = 8;

/**
 * One sentence for each thing that is missing: blocks that the config counts, kinds of weights that all other blocks
 * have, experts, the embedding, the unembedding where the config says it is not tied. Careful: nothing is said of
 * adapters, of files that may be a part of a model, of models whose config is of no family here, or where files are
 * broken and told of already.
 */
export function missingTensors(checkpoint: Checkpoint, architecture: Architecture): string[] {
  const { config } = checkpoint;
  if (config === null || !isWhole(checkpoint, architecture)) return [];
  const family = families.find(({ name }) => name === architecture.family);
  const type = config["model_type"];
  if (family === undefined || typeof type !== "string" || !family.modelTypes.includes(type)) return [];
  if (unevenBlocks.some((key) => config[key] !== undefined && config[key] !== null)) return [];
  return [...missingBlocks(architecture, config), ...missingEnds(architecture, config)];
}

function isWhole({ sharded, path, problems }: Checkpoint, { descriptions }: Architecture): boolean {
  return (
    (sharded || wholeModels.test(basename(path))) &&
    !problems.some(({ severity }) => severity === "error") &&
    !descriptions.some(({ role }) => role === "lora-a" || role === "lora-b")
  );
}

interface Block {
  readonly number: number;
  readonly path: string;
  readonly roles: Set<Role>;
  readonly experts: Set<number>;
}

function missingBlocks({ descriptions, matrices }: Architecture, config: Readonly<Record<string, unknown>>): string[] {
  const blocks = new Map<string, Block>();
  const blockOf = (path: string, number: number): Block => {
    const block = blocks.get(path) ?? { number, path, roles: new Set(), experts: new Set() };
    blocks.set(path, block);
    return block;
  };
  for (const { block: path, layer, role, expert } of descriptions) {
    if (layer === null) continue;
    const block = blockOf(path, layer);
    block.roles.add(role);
    if (expert !== null) block.experts.add(expert);
  }
  for (const { description, expert } of matrices) {
    if (description.layer !== null && expert !== null)
      blockOf(description.block, description.layer).experts.add(expert);
  }
  const all = [...blocks.values()];
  // An encoder beside a decoder, or a vision tower: the config's one number counts one of them.
  const containers = new Set(all.map(({ path, number }) => path.slice(0, path.length - String(number).length)));
  if (containers.size !== 1) return [];
  const [container] = containers;

  const found: string[] = [];
  const layers = positive(config, layerCounts);
  if (layers !== null) {
    const present = new Set(all.map(({ number }) => number));
    const absent = numbersBelow(layers.value).filter((number) => !present.has(number));
    if (absent.length > 0) {
      found.push(
        t(
          "The config's {0} is {1}, but the checkpoint has nothing of {2} ({3}…).",
          layers.key,
          layers.value,
          blocksOf(absent),
          container ?? "",
        ),
      );
    }
  }
  if (all.length >= 3) {
    for (const role of blockRoles) {
      const without = all.filter(({ roles }) => !roles.has(role));
      if (without.length === 0 || without.length > Math.max(1, all.length / 10)) continue;
      // A fused weight stands for its parts.
      const fused: readonly Role[] = role === "gate" || role === "up" ? ["gate-up"] : ["qkv"];
      for (const { path, roles } of without) {
        if (!fused.some((each) => roles.has(each))) {
          found.push(t("{0} has no {1} weight, which the other blocks have.", shortened(path), role));
        }
      }
    }
  }
  const experts = positive(config, expertCounts);
  if (experts !== null) {
    for (const block of all) {
      const absent = numbersBelow(experts.value).filter((number) => !block.experts.has(number));
      if (block.experts.size > 0 && absent.length > 0) {
        found.push(
          t(
            "The config's {0} is {1}, but {2} lacks {3}.",
            experts.key,
            experts.value,
            shortened(block.path),
            expertsOf(absent),
          ),
        );
      }
    }
  }
  return found;
}

/** Tied weights are saved once, under either name. */
function missingEnds({ descriptions }: Architecture, config: Readonly<Record<string, unknown>>): string[] {
  const { architectures, tie_word_embeddings: tied } = config;
  const first: unknown = Array.isArray(architectures) ? architectures[0] : null;
  if (typeof first !== "string" || !first.endsWith("ForCausalLM")) return [];
  const has = (role: Role): boolean => descriptions.some((each) => each.role === role);
  if (!has("embedding") && !has("unembedding"))
    return [t("The checkpoint has neither an embedding nor an unembedding.")];
  if (tied !== false) return [];
  return (["embedding", "unembedding"] as const)
    .filter((role) => !has(role))
    .map((role) => t("The config's tie_word_embeddings is false, but the checkpoint has no {0}.", role));
}

function positive(
  config: Readonly<Record<string, unknown>>,
  keys: readonly string[],
): { readonly key: string; readonly value: number } | null {
  for (const key of keys) {
    const value = config[key];
    // A config is untrusted, and no model has more of either.
    if (typeof value === "number" && Number.isInteger(value) && value > 0 && value <= 10_000) return { key, value };
  }
  return null;
}

function numbersBelow(end: number): number[] {
  return Array.from({ length: end }, (_, number) => number);
}

function blocksOf(numbers: readonly number[]): string {
  const { told, rest } = several(numbers);
  if (rest > 0) return t("blocks {0} and {1} more", told, rest);
  return plural(numbers.length, "block {1}", "blocks {1}", told);
}

function expertsOf(numbers: readonly number[]): string {
  const { told, rest } = several(numbers);
  if (rest > 0) return t("experts {0} and {1} more", told, rest);
  return plural(numbers.length, "expert {1}", "experts {1}", told);
}

function several(numbers: readonly number[]): { readonly told: string; readonly rest: number } {
  const told = numbers.slice(0, toldOneByOne);
  return { told: told.join(", "), rest: numbers.length - told.length };
}
