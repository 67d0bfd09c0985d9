/** The outline as a document one works in: lenses, hints, quick fixes, and the editor beside it. */
import assert from "node:assert/strict";
import { mkdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { copySample, reinitialise } from "../../support/sample.ts";

/** Software drivers on a busy machine need a while for the sample. */
const patience = { timeout: 300_000 };

test("the outline tells its lines' grades, and opens blocks in the editor; a quick fix turns findings off", async () => {
  const index = await copySample();
  const folder = dirname(index);
  try {
    await reinitialise(index, "model.layers.1");
    await mkdir(join(folder, ".vscode"));
    await withWorkbench({ name: "outline", folder }, async (workbench) => {
      const { page } = workbench;
      await workbench.openFile(join(folder, "model-00001-of-00003.safetensors"));
      const editor = workbench.webviewFrame();
      await editor.getByText("23 matrices analysed", { exact: true }).waitFor(patience);
      await workbench.runCommand("Safetensors Spectrum: Open Outline of Checkpoint");
      const lens = page.locator(".codelens-decoration", { hasText: /^7 random\s·\srank/u });
      await lens.waitFor();
      const lines = page.locator(".view-line");
      await lines
        .filter({ hasText: "q_proj.weight" })
        .filter({ hasText: /learned\s·\s\d+\soutliers/u })
        .first()
        .waitFor();
      await page.locator(".squiggly-warning").first().waitFor();

      // A block's lens opens the block.
      await lens.getByText("open", { exact: true }).click();
      await editor.getByTestId("detail").getByRole("heading", { name: "model.layers.1", exact: true }).waitFor();

      // Its other lens opens its heads.
      await workbench.runCommand("Safetensors Spectrum: Open Outline of Checkpoint");
      const heads = editor.getByRole("heading", { name: "Attention heads of model.layers.1", exact: true });
      // A lens that is drawn again under the pointer takes no click.
      for (let attempt = 0; attempt < 5 && !(await heads.isVisible()); attempt++) {
        await lens.getByText("heads", { exact: true }).click();
        await heads.waitFor({ timeout: 3000 }).catch(() => undefined);
      }
      await heads.waitFor();

      // A quick fix writes the setting, and the squiggles go. (In a read-only document VS Code offers none.)
      await workbench.openFile(index);
      await lines
        .filter({ hasText: "layers.1.self_attn.k_proj" })
        .locator("span", { hasText: "k_proj" })
        .last()
        .click();
      await page.locator(".squiggly-warning").first().waitFor();
      // Until the findings have come a second time, after the document's, there is nothing to fix.
      const fix = page.locator(".action-widget").getByText("Turn findings “random” off in the settings");
      for (let attempt = 0; attempt < 10 && !(await fix.isVisible()); attempt++) {
        await page.keyboard.press("Escape");
        await page.keyboard.press("Control+.");
        await fix.waitFor({ timeout: 3000 }).catch(() => undefined);
      }
      // By keyboard: the menu keeps the pointer off for a moment.
      const titles = await page.locator(".action-widget .monaco-list-row.action").allInnerTexts();
      const place = titles.findIndex((title) => title.includes("Turn findings"));
      assert.ok(place >= 0, titles.join());
      for (let step = 0; step < place; step++) await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.locator(".squiggly-warning").first().waitFor({ state: "detached" });
      const settings = JSON.parse(await readFile(join(folder, ".vscode/settings.json"), "utf8")) as unknown;
      assert.deepEqual(settings, { "safetensorsSpectrum.severity": { random: "off" } });
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
