// @ts-check
/**
 * Bundles every part into `dist/`, which mirrors the source tree: what VS Code loads, what Node runs, what the webview
 * shows, and with `--tests` one bundle a test file.
 *
 *   node scripts/build.mjs [--tests] [--watch] [--production]
 */
import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { note, Refusal, runMain, step } from "./setup/step.mjs";

/** @typedef {import("esbuild").BuildOptions} BuildOptions */

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

// Bundled CommonJS packages call `require` for Node's own modules, which an ES module does not have.
const requireBanner =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/**
 * @param {{ production?: boolean, tests?: boolean }} options
 * @returns {(BuildOptions & { entryPoints: string[] })[]}
 */
function bundles({ production = false, tests = false }) {
  /** @type {BuildOptions} */
  const common = {
    absWorkingDir: root,
    bundle: true,
    sourcemap: !production,
    minify: production,
    metafile: true,
    logLevel: "warning",
    loader: { ".wgsl": "text" },
    legalComments: "none",
  };
  /** @type {BuildOptions} */
  const node = { ...common, platform: "node", target: "node20" };
  const parts = [
    {
      ...node,
      entryPoints: ["client/extension.ts"],
      outdir: "dist/client",
      format: /** @type {const} */ ("cjs"),
      outExtension: { ".js": ".cjs" },
      external: ["vscode"],
    },
    {
      ...node,
      entryPoints: ["server/main.ts", "server/worker.ts", "server/cli.ts"],
      outdir: "dist/server",
      format: /** @type {const} */ ("esm"),
      outExtension: { ".js": ".mjs" },
      // Dawn for Node is a native module: it stays a package beside the bundle.
      external: ["webgpu"],
      banner: { js: requireBanner },
    },
    {
      ...common,
      entryPoints: ["media/editor.ts", "media/editor.css"],
      outdir: "dist/media",
      platform: /** @type {const} */ ("browser"),
      target: "es2023",
      format: /** @type {const} */ ("iife"),
    },
  ];
  return [...parts, ...(tests ? testBundles(node) : [])]
    .map(withExistingEntries)
    .filter((part) => part.entryPoints.length > 0);
}

/**
 * Tests run from `dist/test` with the repository's root as working directory. Those of the extension host are CommonJS
 * modules that VS Code loads with `vscode` given; all others are ES modules with the repository's packages.
 * @param {BuildOptions} node
 * @returns {(BuildOptions & { entryPoints: string[] })[]}
 */
function testBundles(node) {
  const outbase = "test";
  const outdir = "dist/test";
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .sort();
  const inHost = files.filter((file) => file.startsWith("test/workbench/host/"));
  const inNode = files.filter((file) => !inHost.includes(file));
  return [
    {
      ...node,
      entryPoints: inNode,
      outbase,
      outdir,
      format: /** @type {const} */ ("esm"),
      outExtension: { ".js": ".mjs" },
      packages: /** @type {const} */ ("external"),
    },
    {
      ...node,
      entryPoints: [...inHost, "test/workbench/host/index.ts"],
      outbase,
      outdir,
      format: /** @type {const} */ ("cjs"),
      outExtension: { ".js": ".cjs" },
      external: ["vscode"],
    },
  ];
}

/** @param {BuildOptions & { entryPoints: string[] }} part */
function withExistingEntries(part) {
  const there = part.entryPoints.filter((source) => existsSync(join(root, source)));
  for (const source of part.entryPoints.filter((source) => !there.includes(source))) {
    note(`${source} does not exist: skipped`);
  }
  return { ...part, entryPoints: there };
}

/**
 * Removes what an earlier build left and this one did not write.
 * @param {string} folder
 * @param {Set<string>} written
 */
function removeStale(folder, written) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === "node_modules") continue;
    if (statSync(path).isDirectory()) {
      removeStale(path, written);
      if (readdirSync(path).length === 0) rmdirSync(path);
    } else if (!written.has(path)) {
      rmSync(path);
    }
  }
}

/**
 * Builds once, or with `watch` again after every change until the process ends.
 * @param {{ production?: boolean, tests?: boolean, watch?: boolean }} options
 * @returns {Promise<number>} how many files were written
 */
export async function build(options) {
  const esbuild = await import("esbuild").catch(() => {
    throw new Refusal("esbuild is not installed: run `npm ci` first.");
  });
  if (options.watch === true) {
    const contexts = await Promise.all(bundles(options).map((part) => esbuild.context({ ...part, logLevel: "info" })));
    await Promise.all(contexts.map((context) => context.watch()));
    return 0;
  }
  const results = await Promise.all(
    bundles(options).map((part) =>
      esbuild.build(part).catch((/** @type {Error} */ error) => {
        // esbuild has printed its diagnostics already.
        throw new Refusal(`The build failed: ${error.message.split("\n")[0] ?? ""}`);
      }),
    ),
  );
  const written = new Set(
    results.flatMap((result) => Object.keys(result.metafile?.outputs ?? {})).map((path) => resolve(root, path)),
  );
  const parts = ["client", "server", "media", ...(options.tests === true ? ["test"] : [])];
  for (const part of parts) removeStale(join(root, "dist", part), written);
  return written.size;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await runMain(async () => {
    const { values } = parseArgs({
      options: { tests: { type: "boolean" }, watch: { type: "boolean" }, production: { type: "boolean" } },
    });
    await step(
      "Building dist/",
      () => build(values),
      (files) => (values.watch === true ? "watching" : `${files} files`),
    );
  });
}
