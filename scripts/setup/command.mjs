// @ts-check
import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { root } from "./root.mjs";
import { Refusal } from "./step.mjs";

/**
 * @typedef {object} CommandOptions
 * @property {string} [cwd] the project's root unless told otherwise
 * @property {NodeJS.ProcessEnv} [env] added to this process's environment
 * @property {boolean} [show] let the command write to this process's own output
 * @property {number} [timeout] in milliseconds
 * @property {string} [remedy] what to do when the command fails, one sentence
 */

/**
 * Runs a command to its end and returns what it wrote to stdout. A failure carries the last lines of its output.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<string>}
 */
export async function run(command, args, options = {}) {
  const { code, output, errors } = await outcome(command, args, options);
  if (code === 0) return output;
  const said = [output, errors].join("\n").trim().split("\n").slice(-40).join("\n");
  const line = [command, ...args].join(" ");
  throw new Refusal(
    [said, `\`${line.length > 200 ? `${line.slice(0, 200)}…` : line}\` failed (${code}).`, options.remedy ?? ""]
      .filter((part) => part !== "")
      .join("\n"),
  );
}

/**
 * Runs a command to its end whatever its exit code; `code` is a word where it did not exit by itself.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {CommandOptions} [options]
 * @returns {Promise<{ code: number | string, output: string, errors: string }>}
 */
export function outcome(command, args, options = {}) {
  return new Promise((done) => {
    const child = spawn(command, args, {
      cwd: options.cwd ?? root,
      env: { ...process.env, ...options.env },
      stdio: ["ignore", options.show === true ? "inherit" : "pipe", options.show === true ? "inherit" : "pipe"],
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
    });
    let output = "";
    let errors = "";
    child.stdout?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (output += text));
    child.stderr?.setEncoding("utf8").on("data", (/** @type {string} */ text) => (errors += text));
    child.on("error", (error) => done({ code: "not started", output, errors: `${errors}${error.message}` }));
    child.on("close", (code, signal) => done({ code: code ?? signal ?? "ended", output, errors }));
  });
}

/**
 * The first of these programs that PATH knows, with its full path.
 * @param {readonly string[]} names
 * @returns {string | undefined}
 */
export function findProgram(...names) {
  const extensions = process.platform === "win32" ? [".exe", ".cmd"] : [""];
  for (const name of names) {
    for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
      for (const extension of extensions) {
        const path = join(folder, name + extension);
        try {
          accessSync(path, constants.X_OK);
          return path;
        } catch {
          // Not here.
        }
      }
    }
  }
  return undefined;
}
