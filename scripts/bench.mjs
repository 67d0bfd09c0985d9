// @ts-check
/**
 * Bundles and runs a program of test/bench: `node scripts/bench.mjs calibrate [ARGUMENT…]`.
 */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "./setup/root.mjs";
import { isMain, Refusal, runMain } from "./setup/step.mjs";

const programs = ["gpu", "reference", "checkpoint", "vectors", "calibrate", "null-tables"];

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
    await import(pathToFileURL(await bundleBench(name)).href);
  });
}
