// @ts-check
/**
 * Installs what is needed, runs every check and every test, and closes with one line of counts.
 *
 *   npm test [-- SUITE…]     any of lint types unit gpu webview package workbench; all of them without one
 */
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { outcome } from "./setup/command.mjs";
import { installPackages } from "./setup/install.mjs";
import { cacheFolder, root } from "./setup/root.mjs";
import { isMain, Refusal, runMain, step } from "./setup/step.mjs";
import { ensureAdapter } from "./setup/vulkan.mjs";

/** @typedef {import("./setup/test-counts.mjs").Counts} Counts */

/** The parts that are type-checked, each with its own settings. */
const parts = ["client", "server", "media", "test", "scripts"];

const versions = /** @type {const} */ (["minimum", "newest"]);

/** What each suite runs; checks throw, suites of tests count. */
const suites = /** @satisfies {Record<string, () => Promise<Counts | undefined>>} */ ({
  lint: async () => {
    await check("Linting", [bin("eslint/bin/eslint.js"), "."]);
    await check("Checking the format", [bin("prettier/bin/prettier.cjs"), "--check", "--log-level", "warn", "."]);
    return undefined;
  },
  types: async () => {
    for (const part of parts) await check(`Checking the types of ${part}/`, [bin("typescript/bin/tsc"), "-p", part]);
    return undefined;
  },
  unit: () => nodeTests("unit", { concurrency: 2, timeout: 120_000 }),
  gpu: () => nodeTests("gpu", { concurrency: 1, timeout: 600_000 }),
  webview: async () => {
    await ensureBrowser();
    // Every view in every theme is one file.
    return nodeTests("webview", { concurrency: 1, timeout: 600_000 });
  },
  package: async () => {
    await vsix();
    return nodeTests("package", { concurrency: 1, timeout: 120_000 });
  },
  workbench: async () => {
    await ensureBrowser();
    const counts = [];
    for (const version of versions) counts.push(...(await workbenchTests(version, await vsix())));
    return sum(counts);
  },
});

/** @typedef {keyof typeof suites} Suite */

/** The suites that run bundles of `dist/`. */
const needBuild = /** @type {readonly Suite[]} */ (["unit", "gpu", "webview", "package", "workbench"]);

async function main() {
  const chosen = readSuites();
  const start = performance.now();
  await installPackages();
  if (chosen.some((suite) => needBuild.includes(suite))) {
    const { build } = await import("./build.mjs");
    await step("Building", () => build({ tests: true }));
    await ensureAdapter();
  }
  /** @type {Counts[]} */
  const counts = [];
  /** @type {string[]} */
  const failures = [];
  for (const suite of chosen) {
    console.log(`\n── ${suite} ${"─".repeat(70 - suite.length)}`);
    try {
      const count = await suites[suite]();
      if (count === undefined) continue;
      counts.push(count);
      if (count.passed + count.failed === 0) throw new Refusal(`The suite ${suite} ran no test.`);
      if (count.failed > 0) failures.push(`${suite}: ${count.failed} of ${count.passed + count.failed} failed`);
    } catch (error) {
      // The other suites still have something to say.
      console.error(error instanceof Refusal ? error.message : error);
      failures.push(`${suite}: failed`);
      counts.push({ passed: 0, failed: 1, skipped: 0 });
    }
  }
  const { passed, failed, skipped } = sum(counts);
  console.log(`\n── after ${Math.round((performance.now() - start) / 1000)} s`);
  for (const failure of failures) console.log(`✗ ${failure}`);
  console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  return failed === 0 ? 0 : 1;
}

/** @returns {Suite[]} */
function readSuites() {
  const { positionals } = parseArgs({ allowPositionals: true });
  const all = /** @type {Suite[]} */ (Object.keys(suites));
  const unknown = positionals.filter((name) => !Object.hasOwn(suites, name));
  if (unknown.length > 0) throw new Refusal(`There is no suite ${unknown.join(", ")}; there are ${all.join(", ")}.`, 2);
  return positionals.length === 0 ? all : all.filter((suite) => positionals.includes(suite));
}

/** @param {string} path of a package's program */
function bin(path) {
  return join(root, "node_modules", path);
}

/**
 * @param {string} title
 * @param {readonly string[]} args of Node
 */
async function check(title, args) {
  await step(title, async () => {
    const { code, output, errors } = await outcome(process.execPath, args);
    if (code !== 0) throw new Refusal(`${output}${errors}`.trim());
  });
}

/**
 * Runs a folder of `dist/test` with Node's own runner.
 * @param {string} folder
 * @param {{ concurrency: number, timeout: number, env?: NodeJS.ProcessEnv }} options `timeout` of one test in milliseconds
 * @returns {Promise<Counts>}
 */
async function nodeTests(folder, { concurrency, timeout, env = {} }) {
  const base = join(root, "dist/test", folder);
  const files = readTree(base).filter((name) => name.endsWith(".test.mjs"));
  if (files.length === 0) return { passed: 0, failed: 0, skipped: 0 };
  const results = resultsFile(folder);
  const { code } = await outcome(
    process.execPath,
    [
      ...["--enable-source-maps", "--test", `--test-concurrency=${concurrency}`, `--test-timeout=${timeout}`],
      ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ...["--test-reporter=./scripts/setup/test-counts.mjs", `--test-reporter-destination=${results}`],
      ...files.sort().map((name) => join(base, name)),
    ],
    { show: true, env },
  );
  return readCounts(results, code);
}

/** @param {string} folder @returns {string[]} the files below it, or none where it does not exist */
function readTree(folder) {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}

/** @param {string} name @returns {string} a file for a suite's counts that does not exist yet */
function resultsFile(name) {
  mkdirSync(cacheFolder, { recursive: true });
  const path = join(cacheFolder, `${name.replace(/\W/g, "-")}-counts.json`);
  rmSync(path, { force: true });
  return path;
}

/**
 * @param {string} path
 * @param {number | string} code the runner's exit code: a runner that failed without a failed test counts as one
 * @returns {Counts}
 */
function readCounts(path, code) {
  let counts = { passed: 0, failed: 0, skipped: 0 };
  try {
    counts = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    console.error(`The runner ended with ${code} and left no counts.`);
  }
  return code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

/** @param {readonly Counts[]} counts @returns {Counts} */
function sum(counts) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const { passed, failed, skipped } of counts) {
    total.passed += passed;
    total.failed += failed;
    total.skipped += skipped;
  }
  return total;
}

async function ensureBrowser() {
  const { ensureChromium } = await import("./setup/chromium.mjs");
  await ensureChromium();
}

/** @type {Promise<string> | undefined} */
let packaged;

/** This platform's package, made once. */
function vsix() {
  packaged ??= import("./package.mjs").then(async ({ createPackage }) => (await createPackage()).vsix);
  return packaged;
}

/**
 * Runs both halves of the workbench suite in one version of VS Code, with the package installed.
 * @param {typeof versions[number]} version
 * @param {string} vsix
 * @returns {Promise<Counts[]>}
 */
async function workbenchTests(version, vsix) {
  const { hostVariable, runInExtensionHost, startHost } = await import("./workbench/workbench.mjs");
  const results = resultsFile(`workbench-host-${version}`);
  const host = await step(`Starting VS Code (${version} version) with the package installed`, () =>
    startHost({ version, vsix, env: { SPECTRUM_TEST_RESULTS: results } }),
  );
  try {
    console.log("In the extension host:");
    const code = await runInExtensionHost(host, {
      folder: "samples",
      developmentPath: "test/workbench/host",
      testsPath: "dist/test/workbench/host/index.cjs",
      timeout: 600_000,
    });
    const inHost = readCounts(results, code);
    console.log("On the page:");
    const { stop: _stop, ...description } = host;
    const onPage = await nodeTests("workbench/page", {
      concurrency: 1,
      timeout: 300_000,
      env: { [hostVariable]: JSON.stringify(description) },
    });
    for (const counts of [inHost, onPage]) {
      if (counts.passed + counts.failed === 0) throw new Refusal(`A part of the workbench suite ran no test.`);
    }
    return [inHost, onPage];
  } finally {
    await host.stop();
  }
}

if (isMain(import.meta)) await runMain(main);
