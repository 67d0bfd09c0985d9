// @ts-check
/**
 * VS Code without a display and without its download site: npm's `code-server` package carries a complete VS Code
 * server with the workbench for a browser. Only that part of it is used.
 */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { run } from "./command.mjs";
import { nodeRuntime } from "./node-runtime.mjs";
import { npm, unpackPackage } from "./npm.mjs";
import { cacheFolder, root } from "./root.mjs";
import { Refusal, step } from "./step.mjs";

/**
 * The oldest VS Code that package.json's `engines` admits, and the newest at hand, with the Node that each was made for.
 */
export const vscodeVersions = {
  minimum: { vscode: "1.100.3", package: "code-server@4.100.3", node: 20 },
  newest: { vscode: "1.139.1", package: "code-server@4.139.1", node: 24 },
};

/** @typedef {keyof typeof vscodeVersions} VsCodeVersion */

/**
 * @typedef {object} InstalledServer
 * @property {string} folder
 * @property {string} node the Node that runs it
 */

/**
 * Installs the server of one version under `.cache/`, unless it is there. Nothing is compiled.
 * @param {VsCodeVersion} version
 * @returns {Promise<InstalledServer>}
 */
export async function installVsCodeServer(version) {
  const { vscode, package: name, node } = vscodeVersions[version];
  const folder = join(cacheFolder, "vscode-server", vscode);
  const done = join(folder, ".installed");
  const runtime = await nodeRuntime(node);
  if (!existsSync(done)) {
    await step(`Installing the VS Code ${vscode} server`, async () => {
      await unpackPackage(name, { "lib/vscode": folder });
      await npm(["install", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund", "--no-save"], { cwd: folder });
      await replaceNativeModules(join(folder, "node_modules"));
      writeFileSync(done, "");
    });
  }
  return { folder, node: runtime };
}

/**
 * Gives a server what its packages would have compiled or downloaded when installed.
 * @param {string} packages its node_modules
 */
async function replaceNativeModules(packages) {
  copyFileSync(join(import.meta.dirname, "spdlog.cjs"), join(packages, "@vscode/spdlog/index.js"));
  // The watchdog ends an extension host whose parent is gone; the host also looks for its parent by itself.
  const watchdog = ["native-watchdog", "@vscode/native-watchdog"].find((name) => existsSync(join(packages, name)));
  if (watchdog !== undefined) writeFileSync(join(packages, watchdog, "index.js"), "exports.start = () => {};\n");
  const ripgrep = join(packages, "@vscode/ripgrep");
  if (existsSync(ripgrep)) {
    await unpackPackage(`@vscode/ripgrep-${process.platform}-${process.arch}@1.18.0`, {
      bin: join(ripgrep, "bin"),
    });
  }
}

/**
 * @param {InstalledServer} server
 * @param {string} dataFolder
 * @param {string} vsix
 */
export async function installExtension(server, dataFolder, vsix) {
  await run(server.node, [
    join(server.folder, "out/server-main.js"),
    ...["--server-data-dir", dataFolder, "--install-extension", vsix, "--force", "--accept-server-license-terms"],
  ]);
}

/**
 * A server under way.
 * @typedef {object} RunningServer
 * @property {string} url where the workbench answers
 * @property {string} authority host and port, as in `vscode-remote://AUTHORITY/PATH`
 * @property {string} token what a page must show to connect
 * @property {string} dataFolder
 * @property {Promise<number>} exited its exit code
 * @property {() => Promise<void>} stop ends it with its children
 */

/**
 * Starts a server, on the loopback interface unless told otherwise, and waits until it answers. Where the port is taken,
 * or 0, it is another one.
 * @param {InstalledServer} server
 * @param {{ dataFolder: string, host?: string, port?: number, env?: NodeJS.ProcessEnv, settings?: Record<string, unknown>, trust?: boolean, driver?: boolean }} options
 *   `trust`: folders have to be trusted; without it, all are. `driver`: VS Code knows that a test drives it
 * @returns {Promise<RunningServer>}
 */
export async function startVsCodeServer(
  server,
  { dataFolder, host = "127.0.0.1", port = 0, env = {}, settings, trust = false, driver = false },
) {
  if (settings !== undefined) writeSettings(dataFolder, settings);
  const token = randomBytes(16).toString("hex");
  const chosen = await freePort(host, port);
  const child = spawn(
    server.node,
    [
      join(server.folder, "out/server-main.js"),
      ...["--host", host, "--port", String(chosen), "--server-data-dir", dataFolder],
      // On a shared machine another user could reach the port.
      ...["--connection-token", token],
      "--accept-server-license-terms",
      ...(trust ? [] : ["--disable-workspace-trust"]),
      "--disable-telemetry",
      ...(driver ? ["--enable-smoke-test-driver"] : []),
    ],
    { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"], detached: process.platform !== "win32" },
  );
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (/** @type {string} */ text) => (output = (output + text).slice(-20_000)));
  }
  /** @type {Promise<number>} */
  const exited = new Promise((done) => {
    child.on("error", () => done(-1));
    child.on("exit", (code) => done(code ?? -1));
  });
  let ended = false;
  void exited.then(() => (ended = true));

  // The extension hosts are its children and in its process group.
  const signal = (/** @type {NodeJS.Signals} */ name) => {
    try {
      if (process.platform === "win32") child.kill(name);
      else process.kill(-(child.pid ?? Number.NaN), name);
    } catch {
      // It is gone already.
    }
  };
  const killAtExit = () => signal("SIGKILL");
  process.once("exit", killAtExit);
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(name, () => process.exit(130));

  const stop = async () => {
    signal("SIGTERM");
    await Promise.race([exited, sleep(5000, undefined, { ref: false })]);
    // An extension host may outlive its server.
    signal("SIGKILL");
    await exited;
    process.off("exit", killAtExit);
  };

  const url = `http://${host}:${chosen}`;
  for (const deadline = Date.now() + 60_000; ; await sleep(100)) {
    if (ended || Date.now() > deadline) {
      await stop();
      throw new Refusal(`${output.trim()}\nThe VS Code server did not start on port ${chosen}.`);
    }
    const answer = await fetch(`${url}/version`).catch(() => undefined);
    if (answer?.ok === true) break;
  }
  return { url, authority: `${host}:${chosen}`, token, dataFolder, exited, stop };
}

/** Settings that leave the window to the checkpoint. */
export const quietSettings = {
  "workbench.startupEditor": "none",
  "workbench.enableExperiments": false,
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.commandCenter.enabled": false,
  "chat.disableAIFeatures": true,
  "extensions.ignoreRecommendations": true,
  "extensions.autoCheckUpdates": false,
  "git.enabled": false,
  "telemetry.telemetryLevel": "off",
  "update.mode": "none",
  "window.commandCenter": false,
};

/**
 * The user's settings, which this server keeps on its own disk.
 * @param {string} dataFolder
 * @param {Record<string, unknown>} settings
 */
export function writeSettings(dataFolder, settings) {
  const folder = join(dataFolder, "data", "User");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "settings.json"), JSON.stringify(settings, undefined, 2));
}

/**
 * The page's address for a folder, an extension under development and files to open.
 * @param {{ url: string, token: string }} server
 * @param {{ folder?: string, payload?: readonly (readonly [string, string])[] }} options
 */
export function workbenchUrl({ url, token }, { folder, payload = [] }) {
  const address = new URL(url);
  address.searchParams.set("tkn", token);
  if (folder !== undefined) address.searchParams.set("folder", folder);
  if (payload.length > 0) address.searchParams.set("payload", JSON.stringify(payload));
  return address.href;
}

/**
 * How the page names a file of the server's machine.
 * @param {{ authority: string }} server
 * @param {string} path relative to the project's root or absolute
 */
export function remoteUri({ authority }, path) {
  return `vscode-remote://${authority}${pathToFileURL(resolve(root, path)).pathname}`;
}

/**
 * A port that nobody listens on: the one asked for if it is free, else any.
 * @param {string} host
 * @param {number} wanted
 * @returns {Promise<number>}
 */
function freePort(host, wanted) {
  return new Promise((done, failed) => {
    const probe = createServer();
    probe.on("error", (error) => (wanted === 0 ? failed(error) : done(freePort(host, 0))));
    probe.listen(wanted, host, () => {
      const address = probe.address();
      const port = address !== null && typeof address === "object" ? address.port : wanted;
      probe.close(() => done(port));
    });
  });
}
