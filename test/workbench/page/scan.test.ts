/** A workspace of checkpoints none of which is opened: their findings come into Problems by one command. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { copySample, reinitialise } from "../../support/sample.ts";

/** Software drivers on a busy machine need a while for the sample. */
const patience = { timeout: 250_000 };
const command = "Safetensors Spectrum: Scan the Workspace for Checkpoints";

test("a scan brings the findings of all checkpoints into Problems, after one question; the next comes from the cache", async () => {
  const index = await copySample();
  const folder = dirname(index);
  try {
    await reinitialise(index, "model.layers.1");
    await mkdir(join(folder, "broken"));
    await writeFile(join(folder, "broken", "model.safetensors"), new Uint8Array(20));
    await withWorkbench({ name: "scan", folder }, async (workbench) => {
      const { page } = workbench;
      await workbench.runCommand("Problems: Focus on Problems View");
      const problem = (hasText: string) => page.locator(".markers-panel .monaco-list-row", { hasText }).first();
      await workbench.runCommand(command);
      const question = page.locator(".monaco-dialog-box", { hasText: "not analysed yet" });
      await question.waitFor(patience);
      assert.match(await question.innerText(), /Analysing 23 matrices takes about .+ here/u);
      // The broken file needs no analysis: it stands there already.
      await problem("model.safetensors").waitFor(patience);
      await question.getByRole("button", { name: "Analyse" }).click();
      await problem("looks randomly initialised").waitFor(patience);
      assert.equal(await page.locator(".tab").count(), 0);

      // Messages are kept quiet here: they stand in the centre.
      await workbench.runCommand("Notifications: Show Notifications");
      const done = page.locator(".notifications-center", { hasText: "Checkpoints scanned in the workspace: 2." });
      await done.waitFor(patience);
      await workbench.runCommand("Notifications: Clear All Notifications");
      await workbench.runCommand(command);
      await workbench.runCommand("Notifications: Show Notifications");
      await done.waitFor(patience);
      assert.equal(await question.count(), 0);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
