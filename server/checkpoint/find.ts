import { t } from "../text/l10n.ts";
import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError, FileError, readText } from "./file.ts";
import { naturalCompare } from "./natural-compare.ts";
import { quote } from "./quote.ts";
import { isIndexName, longestIndex, parseShardIndex } from "./shard-index.ts";

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/**
 * The checkpoints that a path means: a file is itself; a folder is every checkpoint in it and below it, where an index
 * stands for its shards, in natural order. Throws an Error with one plain sentence where there is none.
 * @param skipped told in a sentence of each folder below that cannot be read
 */
export async function findCheckpoints(path: string, skipped: (sentence: string) => void): Promise<string[]> {
  const kind = await stat(path).catch((error: unknown) => {
    throw new Error(t("{0} cannot be opened: {1}", quote(path), explainFileError(error)), { cause: error });
  });
  if (!kind.isDirectory()) return [path];
  const unread: string[] = [];
  const found = await checkpointsIn(path, (sentence) => unread.push(sentence));
  if (found.length === 0)
    throw new Error(unread[0] ?? t("There is no .safetensors file in the folder {0}.", quote(path)));
  unread.forEach(skipped);
  return found;
}

/** The checkpoints in a folder and below it, in natural order; it may hold none. */
export async function checkpointsIn(folder: string, skipped: (sentence: string) => void): Promise<string[]> {
  const found: string[] = [];
  await search(folder, { visited: new Set(), found, skipped });
  return found.sort(naturalCompare);
}

interface Search {
  /** Real paths, so that symbolic links cannot lead in circles. */
  readonly visited: Set<string>;
  readonly found: string[];
  readonly skipped: (sentence: string) => void;
}

async function search(folder: string, context: Search): Promise<void> {
  const { visited, found, skipped } = context;
  let entries: Dirent[];
  try {
    const real = await realpath(folder);
    if (visited.has(real)) return;
    visited.add(real);
    entries = await readdir(folder, { withFileTypes: true });
  } catch (error) {
    skipped(t("The folder {0} cannot be read: {1}", quote(folder), explainFileError(error)));
    return;
  }

  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const isFolder = entry.isSymbolicLink() ? await isDirectory(join(folder, entry.name)) : entry.isDirectory();
    if (!isFolder) files.push(entry.name);
    else if (!skippedFolders.has(entry.name)) folders.push(entry.name);
  }
  const indexes = files.filter(isIndexName);
  const shards = new Set<string>();
  for (const name of indexes) {
    for (const shard of await shardsOf(join(folder, name))) shards.add(shard);
  }
  const single = files.filter((name) => name.endsWith(".safetensors") && !shards.has(name));
  found.push(...[...indexes, ...single].map((name) => join(folder, name)));
  for (const name of folders) await search(join(folder, name), context);
}

async function isDirectory(path: string): Promise<boolean> {
  // A link that leads nowhere is listed as a file, so that opening it says what is wrong.
  return await stat(path).then(
    (target) => target.isDirectory(),
    () => false,
  );
}

/** None where the index cannot be read: opening it says what is wrong. */
async function shardsOf(indexPath: string): Promise<Iterable<string>> {
  try {
    return parseShardIndex(indexPath, await readText(indexPath, longestIndex)).shards.keys();
  } catch (error) {
    if (error instanceof FileError) return [];
    throw error;
  }
}
