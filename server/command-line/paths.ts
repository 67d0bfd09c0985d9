import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import picomatch from "picomatch";
import { checkpointsIn, findCheckpoints } from "../checkpoint/find.ts";
import { naturalCompare } from "../checkpoint/natural-compare.ts";
import { quote } from "../checkpoint/quote.ts";
import { isIndexName } from "../checkpoint/shard-index.ts";

/**
 * The checkpoints that an argument means: what lies at the path, or what a glob matches, for shells that expand none and
 * for quoted arguments. Throws an Error with one plain sentence where that is nothing.
 * @param skipped told of folders below it that cannot be read
 */
export async function checkpointsAt(argument: string, skipped: (sentence: string) => void): Promise<string[]> {
  const isGlob = picomatch.scan(portable(argument)).isGlob;
  // Brackets and stars may be part of a name.
  if (!isGlob || (await exists(argument))) return await findCheckpoints(argument, skipped);
  const found: string[] = [];
  for (const path of await matches(portable(argument))) {
    const isCheckpoint = path.endsWith(".safetensors") || isIndexName(path);
    if (await isFolder(path)) found.push(...(await checkpointsIn(path, skipped)));
    else if (isCheckpoint) found.push(path);
  }
  if (found.length === 0) throw new Error(`No checkpoint matches ${quote(argument)}.`);
  return found;
}

/** Files and folders whose paths a glob matches, in natural order. */
async function matches(pattern: string): Promise<string[]> {
  const { base, glob: relative } = picomatch.scan(pattern);
  const glob = relative.replace(/\/+$/, "");
  const isMatch = picomatch(glob);
  const deepest = glob.includes("**") ? Infinity : glob.split("/").length;
  const found: string[] = [];
  const search = async (folder: string, below: string, depth: number): Promise<void> => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      const path = join(folder, entry.name);
      const name = below + entry.name;
      if (isMatch(name)) found.push(path);
      // A folder that matches stands for all that is in it. Links to folders are matched but not searched.
      else if (entry.isDirectory() && depth < deepest && entry.name !== "node_modules") {
        await search(path, `${name}/`, depth + 1);
      }
    }
  };
  const start = pattern.startsWith("/") ? "/" : ".";
  await search(base === "" ? start : base, "", 1);
  return found.sort(naturalCompare);
}

/** Globs are written with slashes; on Windows paths have backslashes, which globs take for escapes. */
function portable(path: string): string {
  return process.platform === "win32" ? path.replaceAll("\\", "/") : path;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
