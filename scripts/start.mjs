// @ts-check
/**
 * Opens a checkpoint in VS Code with this extension, on a machine that has nothing but Node and npm.
 *
 *   npm start [-- [PATH] [--port N] [--host ADDRESS] [--server] [--check]]
 *
 * PATH is a `.safetensors` file, an index or a folder; without it the sample is opened. `--server` takes the VS Code
 * server also where there is a display; `--check` ends as soon as the page answers.
 */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { findProgram, outcome, run } from "./setup/command.mjs";
import { installPackages } from "./setup/install.mjs";
import { cacheFolder, root } from "./setup/root.mjs";
import { note, Refusal, runMain, step } from "./setup/step.mjs";
import { ensureAdapter } from "./setup/vulkan.mjs";

/** An extension that opens the file named by this variable when the window is ready. */
const opener = join(root, "scripts/start/opener");
const openVariable = "SPECTRUM_OPEN";

const sample = join(root, "samples/tiny-llama/model.safetensors.index.json");

function readOptions() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        port: { type: "string", default: "8173" },
        host: { type: "string", default: "127.0.0.1" },
        server: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
      },
    });
    if (positionals.length > 1) throw new Refusal(`One path can be opened, not ${positionals.length}.`, 2);
    const port = Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65535) throw new Refusal(`${values.port} is not a port.`, 2);
    return { ...values, port, path: positionals[0] ?? sample };
  } catch (error) {
    throw error instanceof Refusal ? error : new Refusal(/** @type {Error} */ (error).message, 2);
  }
}

/**
 * The folder and the file to open for a path.
 * @param {string} path
 * @returns {{ folder: string, file: string }}
 */
function findCheckpoint(path) {
  // npm runs scripts in the project's folder; the path is meant from where the user is.
  const full = resolve(process.env["INIT_CWD"] ?? process.cwd(), path);
  if (!existsSync(full)) throw new Refusal(`${path} does not exist.`, 2);
  if (statSync(full).isDirectory()) {
    const names = readdirSync(full).sort();
    const name = names.find(isIndex) ?? names.find(isCheckpointFile);
    if (name === undefined) throw new Refusal(`The folder ${path} holds no .safetensors file.`, 2);
    return { folder: full, file: firstShard(join(full, name)) };
  }
  if (!isIndex(full) && !isCheckpointFile(full)) {
    throw new Refusal(`${path} is neither a .safetensors file nor a .safetensors.index.json nor a folder.`, 2);
  }
  return { folder: dirname(full), file: firstShard(full) };
}

/** @param {string} path */
function isCheckpointFile(path) {
  return path.endsWith(".safetensors");
}

/** @param {string} path */
function isIndex(path) {
  return path.endsWith(".safetensors.index.json");
}

/**
 * The file that shows a checkpoint: an index is plain JSON to VS Code, and its first shard opens as the whole.
 * @param {string} path
 */
function firstShard(path) {
  if (!isIndex(path)) return path;
  try {
    const shards = Object.values(JSON.parse(readFileSync(path, "utf8")).weight_map)
      .map(String)
      .sort();
    const shard = join(dirname(path), basename(shards[0] ?? ""));
    return shards.length > 0 && existsSync(shard) ? shard : path;
  } catch {
    // The editor says what is wrong with it.
    return path;
  }
}

function hasDisplay() {
  if (process.platform === "darwin" || process.platform === "win32") return true;
  return ["DISPLAY", "WAYLAND_DISPLAY"].some((name) => (process.env[name] ?? "") !== "");
}

/**
 * Opens the installed VS Code, or one that can be downloaded.
 * @param {{ folder: string, file: string }} target
 * @returns {Promise<boolean>} whether it opened
 */
async function openDesktop({ folder, file }) {
  const development = [root, opener].map((path) => `--extensionDevelopmentPath=${path}`);
  const args = ["--new-window", ...development, folder];
  const env = { [openVariable]: file };
  const installed = findProgram("code", "code-insiders", "codium");
  if (installed !== undefined) {
    const title = `Opening ${basename(file)} in ${installed}`;
    const { code } = await step(title, () => outcome(installed, args, { show: true, env }));
    if (code === 0) return true;
    note(`it ended with ${code}`);
  }
  const { downloadAndUnzipVSCode, ProgressReportStage } = await import("@vscode/test-electron");
  const cachePath = join(cacheFolder, "vscode-desktop");
  try {
    const executable = await step("Downloading VS Code", () =>
      downloadAndUnzipVSCode({
        version: "stable",
        cachePath,
        reporter: {
          report: ({ stage }) => void (stage === ProgressReportStage.Downloading && note("from its download site")),
          error: () => undefined,
        },
      }),
    );
    // Electron refuses to run as root inside its sandbox.
    const asRoot = process.getuid?.() === 0 ? ["--no-sandbox", `--user-data-dir=${join(cachePath, "data")}`] : [];
    const { code } = await step("Running VS Code until it is closed", () =>
      outcome(executable, [...asRoot, ...args], { env }),
    );
    if (code === 0) return true;
    note(`it ended with ${code}`);
  } catch (error) {
    note(`${/** @type {Error} */ (error).message.split("\n")[0] ?? ""}: taking npm's VS Code server instead`);
  }
  return false;
}

/**
 * Serves VS Code to a browser until the process is interrupted.
 * @param {{ folder: string, file: string }} target
 * @param {{ host: string, port: number, check: boolean }} options
 */
async function openInBrowser({ folder, file }, { host, port, check }) {
  const { installVsCodeServer, quietSettings, remoteUri, startVsCodeServer, workbenchUrl } =
    await import("./setup/vscode-server.mjs");
  const installed = await installVsCodeServer("newest");
  const dataFolder = join(cacheFolder, "vscode-data");
  await installOpener(installed, dataFolder);
  const server = await step("Starting VS Code", () =>
    startVsCodeServer(installed, {
      dataFolder,
      host,
      port,
      env: { [openVariable]: file },
      ...(existsSync(join(dataFolder, "data/User/settings.json")) ? {} : { settings: quietSettings }),
    }),
  );
  try {
    const url = workbenchUrl(server, {
      folder,
      payload: [["extensionDevelopmentPath", remoteUri(server, root)]],
    });
    // The page takes the token into a cookie and goes on from there.
    const { status } = await fetch(url, { redirect: "manual" });
    if (status >= 400) throw new Refusal(`VS Code answered ${status} at ${url}`);
    const { port: used } = new URL(url);
    console.log(`
${basename(file)} is ready. Open this address in a browser on this machine:

  ${url}

From another machine, forward the port first, then open the same address there:

  ssh -L ${used}:127.0.0.1:${used} ${process.env["USER"] ?? "user"}@${hostname()}
`);
    if (check) return;
    console.log("Ctrl-C ends it.");
    await server.exited;
  } finally {
    await server.stop();
  }
}

/**
 * A page takes one extension under development; the opener is installed.
 * @param {import("./setup/vscode-server.mjs").InstalledServer} server
 * @param {string} dataFolder
 */
async function installOpener(server, dataFolder) {
  const { publisher, name, version } = JSON.parse(readFileSync(join(opener, "package.json"), "utf8"));
  if (existsSync(join(dataFolder, "extensions", `${publisher}.${name}-${version}`))) return;
  const { installExtension } = await import("./setup/vscode-server.mjs");
  await step("Preparing VS Code", async () => {
    const vsix = join(cacheFolder, `${name}.vsix`);
    const vsce = join(root, "node_modules/@vscode/vsce/vsce");
    const flags = ["--allow-missing-repository", "--skip-license", "--no-dependencies"];
    await run(process.execPath, [vsce, "package", ...flags, "--out", vsix], { cwd: opener });
    await installExtension(server, dataFolder, vsix);
  });
}

await runMain(async () => {
  const options = readOptions();
  const target = findCheckpoint(options.path);
  await installPackages();
  const { build } = await import("./build.mjs");
  await step("Building the extension", () => build({}));
  await ensureAdapter().catch((/** @type {Error} */ error) => {
    // Tensors and shapes can be seen without one.
    if (!(error instanceof Refusal)) throw error;
    note(`${error.message} Until then only names and shapes are shown.`);
  });
  if (options.server || !hasDisplay() || !(await openDesktop(target))) await openInBrowser(target, options);
});
