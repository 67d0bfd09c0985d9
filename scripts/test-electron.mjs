// @ts-check
/**
 * The workbench suite's half for the extension host, in the desktop's VS Code, where that can be downloaded:
 *
 *   npm run test:desktop [-- VERSION…]     `minimum` and `stable` without one
 *
 * On Linux without a display: `xvfb-run -a npm run test:desktop`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { outcome, run } from "./setup/command.mjs";
import { installPackages } from "./setup/install.mjs";
import { cacheFolder, root } from "./setup/root.mjs";
import { Refusal, runMain, step } from "./setup/step.mjs";
import { vscodeVersions } from "./setup/vscode-server.mjs";
import { ensureAdapter } from "./setup/vulkan.mjs";

/**
 * Runs the suite in one version, with the package installed in it and fresh data.
 * @param {string} version
 * @param {string} vsix
 */
async function testDesktop(version, vsix) {
  const { downloadAndUnzipVSCode, resolveCliArgsFromVSCodeExecutablePath } = await import("@vscode/test-electron");
  const cachePath = join(cacheFolder, "vscode-desktop");
  const executable = await step(`Downloading VS Code ${version}`, () =>
    downloadAndUnzipVSCode({ version, cachePath }).catch((/** @type {Error} */ error) => {
      throw new Refusal(`VS Code ${version} cannot be downloaded: ${error.message}`);
    }),
  );
  const data = mkdtempSync(join(tmpdir(), "vscode-desktop-"));
  // Electron refuses to run as root inside its sandbox.
  const asRoot = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
  const folders = [`--user-data-dir=${join(data, "user")}`, `--extensions-dir=${join(data, "extensions")}`];
  try {
    const [cli = "", ...cliArgs] = resolveCliArgsFromVSCodeExecutablePath(executable, { reuseMachineInstall: true });
    await step("Installing the package in it", () =>
      run(cli, [...cliArgs, ...asRoot, ...folders, "--install-extension", vsix, "--force"]),
    );
    const { code } = await outcome(
      executable,
      [
        ...asRoot,
        ...folders,
        ...[
          "--disable-workspace-trust",
          "--skip-welcome",
          "--skip-release-notes",
          "--disable-updates",
          "--disable-gpu",
        ],
        `--extensionDevelopmentPath=${join(root, "test/workbench/host")}`,
        `--extensionTestsPath=${join(root, "dist/test/workbench/host/index.cjs")}`,
        join(root, "samples"),
      ],
      { show: true },
    );
    if (code !== 0) throw new Refusal(`The suite failed in VS Code ${version} (${code}).`);
  } finally {
    rmSync(data, { recursive: true, force: true, maxRetries: 5 });
  }
}

await runMain(async () => {
  const { positionals } = parseArgs({ allowPositionals: true });
  await installPackages();
  const { build } = await import("./build.mjs");
  await step("Building", () => build({ tests: true }));
  await ensureAdapter();
  const { createPackage } = await import("./package.mjs");
  const { vsix } = await createPackage();
  for (const version of positionals.length === 0 ? ["minimum", "stable"] : positionals) {
    await testDesktop(version === "minimum" ? vscodeVersions.minimum.vscode : version, vsix);
  }
});
