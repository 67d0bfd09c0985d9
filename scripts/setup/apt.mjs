// @ts-check
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram, outcome, run } from "./command.mjs";

/** @returns {{ id: string, codename: string, name: string }} what /etc/os-release says; empty words elsewhere */
export function linuxDistribution() {
  const text = existsSync("/etc/os-release") ? readFileSync("/etc/os-release", "utf8") : "";
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}="?([^"\n]*)"?$`, "m").exec(text)?.[1] ?? "";
  return { id: value("ID"), codename: value("VERSION_CODENAME"), name: value("PRETTY_NAME") };
}

/**
 * How commands are run as root here without asking anybody: nothing before them, `sudo -n`, or not at all.
 * @returns {Promise<readonly string[] | undefined>}
 */
async function asRoot() {
  if (process.getuid?.() === 0) return [];
  const sudo = findProgram("sudo");
  return sudo !== undefined && (await outcome(sudo, ["-n", "true"])).code === 0 ? [sudo, "-n"] : undefined;
}

/** Whether packages can be installed here without asking anybody. */
export async function canInstall() {
  return findProgram("apt-get") !== undefined && (await asRoot()) !== undefined;
}

/**
 * @param {readonly string[]} command
 * @param {string} [remedy]
 */
async function runAsRoot(command, remedy) {
  const [program = "", ...args] = [...((await asRoot()) ?? []), ...command];
  await run(program, args, {
    env: { DEBIAN_FRONTEND: "noninteractive" },
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/**
 * Installs Debian packages with apt-get, as root or by passwordless sudo.
 * @param {readonly string[]} packages
 * @param {{ release?: string }} [options] `release`: the suite to take them from
 */
export async function aptInstall(packages, { release } = {}) {
  await runAsRoot(["apt-get", "update", "-qq"], "The machine's Debian mirror must be reachable.");
  const from = release === undefined ? [] : ["-t", release];
  await runAsRoot(["apt-get", "install", "-qq", "-y", "--no-install-recommends", ...from, ...packages]);
}

/**
 * Makes Debian's backports known to apt, by the machine's own sources with the suite changed, so that its mirror stays.
 * @param {string} codename for example `bookworm`
 */
export async function addBackports(codename) {
  const folder = "/etc/apt/sources.list.d";
  const lists = [
    "/etc/apt/sources.list",
    ...(existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : []),
  ]
    .filter((path) => existsSync(path) && /\.(list|sources)$/.test(path))
    .map((path) => ({ path, text: readFileSync(path, "utf8").replace(/^\s*#.*\n?/gm, "") }));
  const suite = `${codename}-backports`;
  if (lists.some(({ text }) => text.includes(suite))) return;
  for (const { path, text } of lists) {
    const backports = path.endsWith(".sources") ? backportsStanza(text, codename) : backportsLine(text, codename);
    if (backports === undefined) continue;
    const target = join(folder, `${suite}${path.endsWith(".sources") ? ".sources" : ".list"}`);
    await runAsRoot(["sh", "-c", 'printf "%s\\n" "$1" > "$2"', "sh", backports, target]);
    return;
  }
}

/**
 * The backports stanza for a deb822 sources file, made from the stanza of the release itself.
 * @param {string} text
 * @param {string} codename
 */
export function backportsStanza(text, codename) {
  const stanza = text.split(/\n\s*\n/).find((part) => new RegExp(`^Suites:.*\\b${codename}(\\s|$)`, "m").test(part));
  return stanza?.trim().replace(/^Suites:.*$/m, `Suites: ${codename}-backports`);
}

/**
 * The same for the one-line form: `deb [options] URI bookworm main`.
 * @param {string} text
 * @param {string} codename
 */
export function backportsLine(text, codename) {
  const line = text
    .split("\n")
    .find((part) => new RegExp(`^deb\\s+(\\[[^\\]]*\\]\\s+)?\\S+\\s+${codename}\\s`).test(part));
  return line?.replace(new RegExp(`(\\s)${codename}(\\s)`), `$1${codename}-backports$2`);
}
