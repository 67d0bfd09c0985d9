// @ts-check
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "./command.mjs";
import { cacheFolder } from "./root.mjs";

/**
 * Runs npm with this Node, whatever the platform calls its launcher.
 * @param {readonly string[]} args
 * @param {import("./command.mjs").CommandOptions} [options]
 */
export function npm(args, options = {}) {
  const quiet = {
    ...options,
    env: { npm_config_loglevel: "error", npm_config_update_notifier: "false", ...options.env },
  };
  // npm tells its scripts where it lives; without it the one on PATH is taken.
  const cli = process.env["npm_execpath"];
  if (cli?.endsWith(".js") === true) return run(process.execPath, [cli, ...args], quiet);
  return process.platform === "win32" ? run("cmd.exe", ["/c", "npm", ...args], quiet) : run("npm", args, quiet);
}

/**
 * Takes files and folders out of a package of the npm registry without installing it: no dependencies, no scripts.
 * @param {string} specifier as in `npm pack`, for example `name@1.2.3`
 * @param {Readonly<Record<string, string>>} parts where each goes, by its path inside the package; replaced
 */
export async function unpackPackage(specifier, parts) {
  // Inside the cache, so that the parts can be moved rather than copied.
  mkdirSync(cacheFolder, { recursive: true });
  const work = mkdtempSync(join(cacheFolder, "package-"));
  try {
    await npm(["pack", "--silent", "--ignore-scripts", "--pack-destination", work, specifier], {
      remedy: `The npm registry must be reachable for ${specifier}.`,
    });
    const archive = readdirSync(work).find((name) => name.endsWith(".tgz")) ?? "";
    await run("tar", ["-xzf", archive, "package"], { cwd: work, remedy: "`tar` must be on PATH." });
    for (const [part, target] of Object.entries(parts)) {
      mkdirSync(dirname(target), { recursive: true });
      rmSync(target, { recursive: true, force: true });
      renameSync(join(work, "package", part), target);
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
