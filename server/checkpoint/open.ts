import { t } from "../text/l10n.ts";
import { access, readdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { Checkpoint, CheckpointFile, CheckpointProblem, Tensor } from "./checkpoint.ts";
import { FileError, readFileHeader, readText, type FileContents } from "./file.ts";
import { JsonError, JsonObject, parseJson, plainObject } from "./json.ts";
import { naturalCompare } from "./natural-compare.ts";
import { ProblemList } from "./problem-list.ts";
import { quote, tensorCount } from "./quote.ts";
import type { HeaderTensor } from "./usual-entries.ts";
import { indexSuffix, isIndexName, longestIndex, parseShardIndex, type ShardIndex } from "./shard-index.ts";

/** Shards whose headers are read at the same time. */
const concurrentShards = 8;

const longestConfig = 10_000_000;

/**
 * Opens a checkpoint from its headers: a `.safetensors` file, an index with its shards, or a shard, which stands for the
 * checkpoint whose index lists it. Never throws for what is on disk: whatever is wrong is told in `problems`.
 */
export async function openCheckpoint(path: string): Promise<Checkpoint> {
  if (path.endsWith(".json")) return await openSharded(path, await readIndex(path));
  const { index, problems } = await findIndexOf(path);
  return index === null ? await openSingle(path, problems) : await openSharded(index.path, index.contents);
}

async function openSingle(path: string, indexProblems: readonly CheckpointProblem[]): Promise<Checkpoint> {
  const [contents, config] = await Promise.all([readShard(path), readConfig(path)]);
  if (contents instanceof FileError) {
    const problem: CheckpointProblem = {
      code: "unreadable-file",
      severity: "error",
      message: contents.message,
      path,
    };
    return { path, sharded: false, files: [], tensors: [], problems: [problem], config: config.config };
  }
  return {
    path,
    sharded: false,
    files: [contents.file],
    tensors: contents.tensors.map((tensor) => inFile(tensor, 0)),
    problems: [...contents.problems, ...indexProblems, ...loneShard(path), ...config.problems],
    config: config.config,
  };
}

/** A file that calls itself one of many, without the index that would tell the others. */
function loneShard(path: string): CheckpointProblem[] {
  const [, number, of] = /-(\d{5})-of-(\d{5})\.safetensors$/.exec(path) ?? [];
  if (number === undefined || of === undefined || Number(of) < 2) return [];
  return [
    {
      code: "invalid-index",
      severity: "information",
      message: t(
        "This is shard {0} of {1}, but no index (*{2}) beside it lists it: only this file is shown.",
        Number(number),
        Number(of),
        indexSuffix,
      ),
      path,
    },
  ];
}

async function openSharded(path: string, index: ShardIndex): Promise<Checkpoint> {
  const folder = dirname(path);
  const shards = Array.from(index.shards, ([name, listed]) => ({ name, listed, path: join(folder, name) }));
  const [contents, config] = await Promise.all([
    mapConcurrently(shards, concurrentShards, (shard) => readShard(shard.path)),
    readConfig(path),
  ]);

  const files: CheckpointFile[] = [];
  const read: ReadShard[] = [];
  const shardProblems: CheckpointProblem[] = [];
  const listedInAll = shards.reduce((sum, { listed }) => sum + listed.length, 0);
  shards.forEach(({ name, listed, path: shardPath }, i) => {
    const shard = contents[i]!;
    if (shard instanceof FileError) {
      shardProblems.push({
        code: "missing-shard",
        severity: "error",
        message: t(
          "Shard {0} cannot be read, and {1} of the checkpoint's {2} should be in it: {3}",
          quote(name),
          listed.length,
          tensorCount(listedInAll),
          shard.message,
        ),
        path: shardPath,
      });
      return;
    }
    files.push(shard.file);
    read.push({ name, listed: new Set(listed), contents: shard });
    shardProblems.push(...shard.problems);
  });

  // As it mostly is: then every name is unique, and there is nothing to compare.
  const agrees = read.every(isAsListed);
  return {
    path,
    sharded: true,
    files,
    tensors: agrees
      ? read.flatMap((shard, file) => shard.contents.tensors.map((tensor) => inFile(tensor, file)))
      : uniqueTensors(read),
    problems: [
      ...index.problems,
      ...shardProblems,
      ...(agrees ? [] : compareWithIndex(path, read)),
      ...config.problems,
    ],
    config: config.config,
  };
}

function inFile({ name, dtype, shape, begin, end }: HeaderTensor, file: number): Tensor {
  return { name, dtype, shape, file, begin, end };
}

/** Whether a shard holds what the index puts in it, and nothing else. */
function isAsListed({ listed, contents: { tensors, unusable } }: ReadShard): boolean {
  return unusable.size === 0 && tensors.length === listed.size && tensors.every(({ name }) => listed.has(name));
}

interface ReadShard {
  readonly name: string;
  /** The tensors that the index puts in it. */
  readonly listed: ReadonlySet<string>;
  readonly contents: FileContents;
}

/** Every tensor once: from the shard that the index names, else from the first that has it. */
function uniqueTensors(shards: readonly ReadShard[]): Tensor[] {
  const home = new Map<string, number>();
  shards.forEach(({ contents, listed }, file) => {
    for (const { name } of contents.tensors) {
      if (listed.has(name) || !home.has(name)) home.set(name, file);
    }
  });
  return shards.flatMap(({ contents }, file) =>
    contents.tensors.filter(({ name }) => home.get(name) === file).map((tensor) => inFile(tensor, file)),
  );
}

/** What the index lists and the shards lack, and the other way round. */
function compareWithIndex(indexPath: string, shards: readonly ReadShard[]): readonly CheckpointProblem[] {
  const names = shards.map(
    ({ contents: { tensors, unusable } }) => new Set([...tensors.map(({ name }) => name), ...unusable]),
  );
  const shardOf = new Map<string, string>();
  shards.forEach(({ name: shard }, i) => {
    for (const name of names[i]!) shardOf.set(name, shard);
  });

  const elsewhere = new Set<string>();
  const missing = new ProblemList(indexPath);
  shards.forEach(({ name: shard, listed, contents }, i) => {
    if (!contents.readable) return;
    for (const name of listed) {
      if (names[i]!.has(name)) continue;
      const found = shardOf.get(name);
      if (found !== undefined) elsewhere.add(name);
      missing.add({
        code: "missing-tensor",
        severity: "error",
        message:
          found === undefined
            ? t("Tensor {0} is not in {1}, where the index puts it.", quote(name), quote(shard))
            : t(
                "Tensor {0} is not in {1}, where the index puts it, but in {2}.",
                quote(name),
                quote(shard),
                quote(found),
              ),
        tensor: name,
      });
    }
  });

  const unlisted = shards.flatMap(({ name: shard, listed, contents }, i) => {
    const problems = new ProblemList(contents.file.path);
    for (const name of names[i]!) {
      if (listed.has(name) || elsewhere.has(name)) continue;
      problems.add({
        code: "unlisted-tensor",
        severity: "warning",
        message: t(
          "Tensor {0} is in {1}, but the index does not list it there: loaders leave it out.",
          quote(name),
          quote(shard),
        ),
        tensor: name,
      });
    }
    return problems.list();
  });
  return [...missing.list(), ...unlisted];
}

/** The index beside a file that lists it, and what is wrong with indexes that cannot be read. */
async function findIndexOf(
  path: string,
): Promise<{ index: { path: string; contents: ShardIndex } | null; problems: readonly CheckpointProblem[] }> {
  const folder = dirname(path);
  const siblings = await readdir(folder).catch((): string[] => []);
  const indexes = siblings.filter(isIndexName).sort(naturalCompare);
  const problems: CheckpointProblem[] = [];
  for (const name of indexes) {
    const indexPath = join(folder, name);
    const contents = await readIndex(indexPath);
    if (contents.shards.has(basename(path))) return { index: { path: indexPath, contents }, problems: [] };
    if (contents.shards.size > 0) continue;
    const [problem] = contents.problems;
    if (problem !== undefined) problems.push({ ...problem, severity: "warning" });
  }
  return { index: null, problems };
}

async function readIndex(path: string): Promise<ShardIndex> {
  try {
    return parseShardIndex(path, await readText(path, longestIndex));
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    const problem: CheckpointProblem = {
      code: "unreadable-file",
      severity: "error",
      message: error.message,
      path,
    };
    return { shards: new Map(), problems: [problem] };
  }
}

async function readShard(path: string): Promise<FileContents | FileError> {
  try {
    const [contents, unfinished] = await Promise.all([readFileHeader(path), exists(`${path}.aria2`)]);
    return unfinished ? { ...contents, problems: [...contents.problems, leftByAria2(path)] } : contents;
  } catch (error) {
    if (error instanceof FileError) return error;
    throw error;
  }
}

/** A file that aria2 downloads has its full size from the beginning; only its control file tells. */
function leftByAria2(path: string): CheckpointProblem {
  const control = quote(`${basename(path)}.aria2`);
  return {
    code: "unreadable-file",
    severity: "error",
    message: t(
      "aria2 has not finished downloading the file ({0} is still beside it): parts of it may be missing.",
      control,
    ),
    path,
  };
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

interface Config {
  readonly config: Checkpoint["config"];
  readonly problems: readonly CheckpointProblem[];
}

/** The first of the configs beside a checkpoint that exists. */
async function readConfig(path: string): Promise<Config> {
  const folder = dirname(path);
  const siblings = await readdir(folder).catch((): string[] => []);
  const names = ["config.json", "adapter_config.json"];
  if (basename(path).startsWith("adapter_")) names.reverse();
  const name = names.find((candidate) => siblings.includes(candidate));
  if (name === undefined) return { config: null, problems: [] };
  const configPath = join(folder, name);
  const invalid = (why: string): Config => {
    const message = t("{0} beside the checkpoint is not used: {1}", name, why);
    return { config: null, problems: [{ code: "invalid-config", severity: "information", message, path: configPath }] };
  };
  let text: string;
  try {
    text = await readText(configPath, longestConfig);
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return invalid(error.message);
  }
  if (text.startsWith("version https://git-lfs")) {
    return invalid(t('it is a Git LFS pointer: run "git lfs pull" in its repository to download it.'));
  }
  try {
    const value = parseJson(text);
    if (!(value instanceof JsonObject)) return invalid(t("it is valid JSON but not an object."));
    return { config: plainObject(value), problems: [] };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    return invalid(
      t("it is not valid JSON at byte {0}: {1}.", Buffer.byteLength(text.slice(0, error.offset)), error.message),
    );
  }
}

/** `Promise.all` over `items`, with at most `limit` of them under way. */
async function mapConcurrently<T, R>(items: readonly T[], limit: number, map: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [i, item] of queue) results[i] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return results;
}
