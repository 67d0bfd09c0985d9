// @ts-check
/**
 * Bundles every part into `dist/`, which mirrors the source tree: what VS Code loads, what Node runs, what the webview
 * shows, and with `--tests` one bundle a test file.
 *
 *   node scripts/build.mjs [--tests] [--watch] [--production]
 */
import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "./setup/root.mjs";
import { isMain, Refusal, runMain, step } from "./setup/step.mjs";

/**
 * @typedef {import("esbuild").BuildOptions} BuildOptions
 * @typedef {Omit<BuildOptions, "entryPoints"> & { entryPoints: string[] }} Part
 */

// Bundled CommonJS packages call `require` for Node's own modules, which an ES module does not have.
const requireBanner =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/**
 * @typedef {object} BuildSettings
 * @property {boolean} [production] minified and without source maps
 * @property {boolean} [tests] the tests too
 * @property {string} [out] where the parts go, `dist` unless told otherwise
 *
 * @param {BuildSettings} settings
 * @returns {Part[]}
 */
function bundles({ production = false, tests = false, out = "dist" }) {
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
  const node = {
    ...common,
    platform: "node",
    target: "node20",
    // Where a package has both, its ES modules: UMD wrappers (jsonc-parser's) hide their imports from the bundler.
    mainFields: ["module", "main"],
  };
  /** @type {Part[]} */
  const parts = [
    {
      ...node,
      entryPoints: ["client/extension.ts"],
      outdir: join(out, "client"),
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      external: ["vscode"],
    },
    {
      ...node,
      entryPoints: ["server/main.ts", "server/worker.ts", "server/cli.ts"],
      outdir: join(out, "server"),
      format: "esm",
      outExtension: { ".js": ".mjs" },
      // Dawn for Node is a native module: it stays a package beside the bundle.
      external: ["webgpu"],
      banner: { js: requireBanner },
    },
    {
      ...common,
      entryPoints: ["media/editor.ts", "media/editor.css"],
      outdir: join(out, "media"),
      platform: "browser",
      target: "es2023",
      format: "iife",
    },
  ];
  return [...parts, ...(tests ? testBundles(node) : [])];
}

/**
 * Tests run with the repository's root as working directory. Those of VS Code's extension host are one CommonJS module
 * that VS Code loads and calls `run` of; each of the others is an ES module that takes packages from node_modules.
 * @param {BuildOptions} node
 * @returns {Part[]}
 */
function testBundles(node) {
  const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => `test/${file.replaceAll("\\", "/")}`)
    .sort();
  const inHost = files.filter((file) => file.startsWith(`${hostFolder}/`));
  return [
    {
      ...node,
      entryPoints: files.filter((file) => !inHost.includes(file)),
      outbase: "test",
      outdir: "dist/test",
      format: "esm",
      outExtension: { ".js": ".mjs" },
      packages: "external",
    },
    {
      ...node,
      entryPoints: [`${hostFolder}/index.ts`],
      outbase: "test",
      outdir: "dist/test",
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      external: ["vscode"],
      plugins: [importing("all-tests", inHost)],
    },
  ];
}

const hostFolder = "test/workbench/host";

/**
 * Lets a module import a list of files by one name.
 * @param {string} name
 * @param {readonly string[]} files
 * @returns {import("esbuild").Plugin}
 */
function importing(name, files) {
  return {
    name,
    setup({ onResolve, onLoad }) {
      onResolve({ filter: new RegExp(`^${name}$`) }, () => ({ path: name, namespace: name }));
      onLoad({ filter: /.*/, namespace: name }, () => ({
        contents: files.map((file) => `import ${JSON.stringify(`./${file}`)};`).join("\n"),
        resolveDir: root,
      }));
    },
  };
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
 * Builds every part once.
 * @param {BuildSettings} [settings]
 * @returns {Promise<{ files: number, inputs: string[] }>} how many files were written, and the sources of the parts
 */
export async function build(settings = {}) {
  const esbuild = await loadEsbuild();
  const results = await Promise.all(
    bundles(settings).map((part) =>
      esbuild.build(part).catch((/** @type {Error} */ error) => {
        // esbuild has printed its diagnostics already.
        throw new Refusal(`The build failed: ${(error.message.split("\n")[0] ?? "").replace(/:$/, ".")}`);
      }),
    ),
  );
  const metafiles = results.flatMap(({ metafile }) => metafile ?? []);
  const written = new Set(metafiles.flatMap(({ outputs }) => Object.keys(outputs)).map((path) => resolve(root, path)));
  const parts = ["client", "server", "media", ...(settings.tests === true ? ["test"] : [])];
  for (const part of parts) removeStale(resolve(root, settings.out ?? "dist", part), written);
  return { files: written.size, inputs: metafiles.flatMap(({ inputs }) => Object.keys(inputs)) };
}

/**
 * Builds every part again after each change, until the process ends.
 * @param {BuildSettings} settings
 */
async function watch(settings) {
  const esbuild = await loadEsbuild();
  for (const part of bundles(settings)) await (await esbuild.context({ ...part, logLevel: "info" })).watch();
}

async function loadEsbuild() {
  try {
    return await import("esbuild");
  } catch {
    throw new Refusal("esbuild is not installed: run `npm ci` first.");
  }
}

if (isMain(import.meta)) {
  await runMain(async () => {
    const { values } = parseArgs({
      options: { tests: { type: "boolean" }, watch: { type: "boolean" }, production: { type: "boolean" } },
    });
    if (values.watch === true) return watch(values);
    await step(
      "Building dist/",
      () => build(values),
      ({ files }) => `${files} files`,
    );
  });
}
