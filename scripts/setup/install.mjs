// @ts-check
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { npm } from "./npm.mjs";
import { root } from "./root.mjs";
import { Refusal, step } from "./step.mjs";

const oldestNode = [20, 19];

/** Refuses a Node that is too old to run the project, before anything fails for stranger reasons. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const [oldestMajor = 0, oldestMinor = 0] = oldestNode;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    throw new Refusal(`Node ${oldestNode.join(".")} or newer is needed; this is ${process.versions.node}.`);
  }
}

/**
 * Installs the project's packages as package-lock.json names them, unless they are there already. No package's own
 * scripts are run: none is needed.
 */
export async function installPackages() {
  checkNode();
  if (isInstalled()) return;
  await step("Installing npm packages", () => npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]));
}

/**
 * npm writes what it installed beside the packages; that must agree with the lock file, package by package.
 * @returns {boolean}
 */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return false;
  /** @param {string} path @returns {Record<string, { version?: string, optional?: boolean }>} */
  const packages = (path) => JSON.parse(readFileSync(path, "utf8")).packages;
  const present = packages(installed);
  return Object.entries(packages(join(root, "package-lock.json"))).every(
    // An optional package may be one for another platform.
    ([path, { version, optional }]) =>
      path === "" || present[path]?.version === version || (optional === true && present[path] === undefined),
  );
}
