/** The index of a sharded checkpoint, `*.safetensors.index.json`: `weight_map` names the shard of each tensor. Pure. */
import { t } from "../text/l10n.ts";
import { posix, win32 } from "node:path";
import type { CheckpointProblem } from "./checkpoint.ts";
import { JsonError, JsonObject, parseJson, type Json } from "./json.ts";
import { naturalCompare } from "./natural-compare.ts";
import { ProblemList } from "./problem-list.ts";
import { quote, tensorCount } from "./quote.ts";

/** How the name of an index ends. */
export const indexSuffix = ".safetensors.index.json";

/**
 * Whether a file is an index by its name. Saved as a variant (`variant="fp16"`, as diffusers and transformers do), an
 * index is called `*.safetensors.index.fp16.json`.
 */
export function isIndexName(name: string): boolean {
  return /\.safetensors\.index(?:\.[\w-]+)?\.json$/.test(name);
}

/** An index of a million tensors is shorter. */
export const longestIndex = 200_000_000;

export interface ShardIndex {
  /** Shard, as a path relative to the index's folder, to the tensors in it; shards in natural order. */
  readonly shards: ReadonlyMap<string, readonly string[]>;
  readonly problems: readonly CheckpointProblem[];
}

export function parseShardIndex(path: string, text: string): ShardIndex {
  const problems = new ProblemList(path);
  const wrong = (message: string, more: { tensor?: string; byteOffset?: number } = {}): void => {
    problems.add({ code: "invalid-index", severity: "error", message, ...more });
  };
  const weightMap = readWeightMap(text, wrong);
  if (weightMap === null) return { shards: new Map(), problems: problems.list() };

  for (const name of new Set(weightMap.repeated)) {
    problems.add({
      code: "duplicate-key",
      severity: "warning",
      message: t("The index lists tensor {0} more than once: the last entry is used, but readers differ.", quote(name)),
      tensor: name,
    });
  }
  const shards = new Map<string, string[]>();
  for (const [name, shard] of weightMap.entries) {
    if (typeof shard !== "string") {
      wrong(t("The index gives no file name for tensor {0}.", quote(name)), { tensor: name });
      continue;
    }
    const names = shards.get(shard);
    if (names === undefined) shards.set(shard, [name]);
    else names.push(name);
  }
  if (weightMap.entries.size === 0) wrong(t('The index lists no tensor: its "weight_map" is empty.'));
  for (const [shard, names] of shards) {
    const reason = refusal(shard);
    if (reason === null) continue;
    shards.delete(shard);
    wrong(
      t("The index puts {0} in {1}, which is refused because {2}.", tensorCount(names.length), quote(shard), reason),
    );
  }
  return { shards: new Map([...shards].sort(([a], [b]) => naturalCompare(a, b))), problems: problems.list() };
}

function readWeightMap(
  text: string,
  wrong: (message: string, more?: { byteOffset: number }) => void,
): JsonObject | null {
  let root: Json;
  try {
    root = parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const byteOffset = Buffer.byteLength(text.slice(0, error.offset));
    const lfs = text.startsWith("version https://git-lfs");
    wrong(
      lfs
        ? t('The index is a Git LFS pointer, not the file itself: run "git lfs pull" in its repository to download it.')
        : t("The index is not valid JSON at byte {0}: {1}.", byteOffset, error.message),
      { byteOffset },
    );
    return null;
  }
  const weightMap = root instanceof JsonObject ? root.entries.get("weight_map") : undefined;
  if (weightMap instanceof JsonObject) return weightMap;
  wrong(
    root instanceof JsonObject
      ? t('The index has no object "weight_map" that names the file of each tensor.')
      : t("The index is valid JSON but not an object."),
  );
  return null;
}

/** Shards lie beside their index; a path that leads elsewhere could make a reader open any file of the machine. */
function refusal(shard: string): string | null {
  if (shard === "") return t("it is empty");
  if (shard.includes("\0")) return t("it contains a NUL character");
  if (posix.isAbsolute(shard) || win32.isAbsolute(shard) || /^[a-z]:/i.test(shard)) return t("it is an absolute path");
  const parts = shard.split(/[\\/]/);
  if (parts.includes("..")) return t("it leaves the index's folder");
  return parts.length > 1 || shard === "." ? t("shards lie in the same folder as their index") : null;
}
