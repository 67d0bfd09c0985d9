import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { explainFileError, FileError, readText } from "./file.ts";
import { naturalCompare } from "./natural-compare.ts";
import { quote } from "./quote.ts";
import { indexSuffix, longestIndex, parseShardIndex } from "./shard-index.ts";

const skippedFolders: ReadonlySet<string> = new Set(["node_modules", ".git"]);

/**
 * The checkpoints that a path means: a file is itself; a folder is every checkpoint in it and below it, where an index
 * stands for its shards, in natural order. Throws an Error with one plain sentence where there is none.
 */
export async function findCheckpoints(path: string): Promise<string[]> {
  const kind = await stat(path).catch((error: unknown) => {
    throw new Error(`${quote(path)} cannot be opened: ${explainFileError(error)}`, { cause: error });
  });
  if (!kind.isDirectory()) return [path];
  const found: string[] = [];
  await search(path, new Set(), found);
  if (found.length === 0) throw new Error(`There is no .safetensors file in the folder ${quote(path)}.`);
  return found.sort(naturalCompare);
}

/** `visited` holds real paths, so that symbolic links cannot lead in circles. */
async function search(folder: string, visited: Set<string>, found: string[]): Promise<void> {
  const real = await realpath(folder);
  if (visited.has(real)) return;
  visited.add(real);
  const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
    throw new Error(`The folder ${quote(folder)} cannot be read: ${explainFileError(error)}`, { cause: error });
  });

  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries) {
    const isFolder = entry.isSymbolicLink() ? await isDirectory(join(folder, entry.name)) : entry.isDirectory();
    if (!isFolder) files.push(entry.name);
    else if (!skippedFolders.has(entry.name)) folders.push(entry.name);
  }
  const indexes = files.filter((name) => name.endsWith(indexSuffix));
  const shards = new Set<string>();
  for (const name of indexes) {
    for (const shard of await shardsOf(join(folder, name))) shards.add(shard);
  }
  const single = files.filter((name) => name.endsWith(".safetensors") && !shards.has(name));
  found.push(...[...indexes, ...single].map((name) => join(folder, name)));
  for (const name of folders) await search(join(folder, name), visited, found);
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
