// @ts-check
/**
 * Bundles and runs a program of test/bench: `node scripts/bench.mjs calibrate [ARGUMENT…]`. Without arguments `gpu` is the
 * whole table: singular values, vectors, and a whole checkpoint.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./setup/root.mjs";
import { isMain, Refusal, runMain } from "./setup/step.mjs";

/** Programs that a table is made of, when no shapes are given. */
const tables = /** @type {Record<string, string[]>} */ ({ gpu: ["gpu", "vectors", "checkpoint"] });
const programs = ["gpu", "reference", "checkpoint", "vectors", "stages", "timeline", "calibrate", "null-tables", "soak"];

/**
 * @param {string} name
 * @returns {Promise<string>} the path of the bundle, which takes packages from node_modules
 */
export async function bundleBench(name) {
  const { build } = await import("esbuild");
  const outfile = join(root, "dist/bench", `${name}.mjs`);
  await build({
    absWorkingDir: root,
    entryPoints: [`test/bench/${name}.ts`],
    outfile,
    bundle: true,
    platform: "node",
    target: "node20",
    format: "esm",
    packages: "external",
    loader: { ".wgsl": "text" },
    logLevel: "warning",
  });
  return outfile;
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const [name = ""] = process.argv.splice(2, 1);
    if (!programs.includes(name))
      throw new Refusal(`There is no program ${name}; there are ${programs.join(", ")}.`, 2);
    const parts = (process.argv.length === 2 ? tables[name] : undefined) ?? [name];
    const last = /** @type {string} */ (parts.at(-1));
    // Each ends its process, because Dawn keeps it.
    for (const part of parts.slice(0, -1)) {
      const { status } = spawnSync(process.execPath, [await bundleBench(part)], { stdio: "inherit", cwd: root });
      if (status !== 0) throw new Refusal(`The program ${part} ended with ${status ?? "a signal"}.`, 1);
    }
    await import(pathToFileURL(await bundleBench(last)).href);
  });
}
