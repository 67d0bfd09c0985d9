// @ts-check
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The nearest folder above this module that holds the project's package.json: the same answer from the source tree and
 * from a test bundle in `dist/`.
 * @returns {string}
 */
function findRoot() {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    try {
      const { name } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      if (name === "safetensors-spectrum") return folder;
    } catch {
      // No package.json here.
    }
    if (folder === dirname(folder)) throw new Error(`${import.meta.dirname} is not inside the project.`);
  }
}

export const root = findRoot();

/** Downloads and tools that are cheap to make again; ignored by git. */
export const cacheFolder = join(root, ".cache");
