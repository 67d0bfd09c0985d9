/** A workspace that nobody has vouched for: its weights are looked at, and what it would have run is not. */
import assert from "node:assert/strict";
import { access, chmod, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { makeCheckpoint } from "../../support/made-checkpoint.ts";
import { until } from "../../support/until.ts";

/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };
const small = 4;

test("in Restricted Mode a checkpoint is analysed, but not by the program that the workspace names", async () => {
  const path = await makeCheckpoint({ small });
  const folder = dirname(path);
  const program = join(folder, "node");
  const mark = join(folder, "it-ran");
  const ran = (): Promise<true | null> =>
    access(mark).then(
      () => true as const,
      () => null,
    );
  try {
    await writeFile(program, `#!/bin/sh\ntouch '${mark}'\nexit 1\n`);
    await chmod(program, 0o755);
    await mkdir(join(folder, ".vscode"));
    await writeFile(
      join(folder, ".vscode/settings.json"),
      JSON.stringify({ "safetensorsSpectrum.runtime": program, "safetensorsSpectrum.severity": { random: "error" } }),
    );
    const settings = {
      "security.workspace.trust.startupPrompt": "never",
      "security.workspace.trust.banner": "never",
    };
    await withWorkbench({ name: "restricted", folder, settings, trust: true }, async (workbench) => {
      const { page } = workbench;
      await page.locator(".statusbar-item", { hasText: "Restricted Mode" }).waitFor();
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      await editor.getByText(`${small} matrices analysed`, { exact: true }).waitFor(patience);
      // What does no harm is taken from the workspace's settings.
      await workbench.runCommand("Problems: Focus on Problems View");
      await page.locator(".markers-panel .monaco-list-row .codicon-error").first().waitFor();
      assert.equal(await ran(), null);

      // The same settings in a trusted workspace.
      await workbench.runCommand("Workspaces: Manage Workspace Trust");
      await page.locator(".workspace-trust-buttons-row").getByText("Trust", { exact: true }).first().click();
      await until("the workspace's program to be tried", ran, 60_000);
      await workbench.openFile(path);
      await editor.getByText(`${small} matrices analysed`, { exact: true }).waitFor(patience);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
