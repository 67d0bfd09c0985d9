/** What someone sees who opens the walkthrough, and what its buttons and ticks do. */
import assert from "node:assert/strict";
import { dirname } from "node:path";
import { rm } from "node:fs/promises";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { madeMatrix, makeCheckpoint } from "../../support/made-checkpoint.ts";
import { until } from "../../support/until.ts";

/** Wide enough for the pictures to stand beside the steps. */
const viewport = { width: 1800, height: 1000 };
/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };
const small = 4;

test("the walkthrough has four steps with pictures; their buttons work, and what was done is ticked", async () => {
  const path = await makeCheckpoint({ small });
  try {
    await withWorkbench({ name: "walkthrough", folder: dirname(path), viewport }, async (workbench) => {
      const { page } = workbench;
      const step = (title: string) => page.locator(".getting-started-step", { hasText: title });
      const button = (title: string) =>
        page.locator(".getting-started-step.expanded").getByText(title, { exact: true });
      const isDone = (title: string) => step(title).locator('.codicon[role="checkbox"][aria-checked="true"]');
      const walkthrough = async (): Promise<void> => {
        await workbench.runCommand("Welcome: Open Walkthrough...");
        await page
          .locator(".quick-input-list .monaco-list-row", { hasText: "Look into model weights" })
          .first()
          .click();
        await step("Read a spectrum").waitFor();
      };
      await walkthrough();
      const titles = ["Open a checkpoint", "Read a spectrum", "Find what is wrong", "Work in text"];
      const shown = await page.locator(".getting-started-step .step-title").allInnerTexts();
      assert.deepEqual(
        shown.map((title) => title.trim()),
        titles,
      );
      const seen = new Set<string>();
      for (const title of titles) {
        await step(title).locator(".step-title").click();
        await until(`the picture of “${title}”`, async () => {
          const pictures = await page
            .locator("img[srcset]:visible, .getting-started-media img:visible")
            .evaluateAll((images: HTMLImageElement[]) =>
              images
                .filter(({ naturalWidth }) => naturalWidth > 100)
                .map(({ currentSrc, alt }) => `${currentSrc} ${alt}`),
            );
          const fresh = pictures.find((picture) => !seen.has(picture) && picture.includes("walkthrough"));
          return fresh === undefined ? null : seen.add(fresh);
        });
        assert.equal(await isDone(title).count(), 0, title);
      }

      // The second button of the first step; then the first.
      await step("Open a checkpoint").locator(".step-title").click();
      const choice = page.locator(".quick-input-widget", { hasText: "Choose the GPU that computes spectra" });
      await until(
        "the choice of GPUs",
        async () => {
          await button("Choose GPU").click();
          // It goes away where the starting workbench takes the focus.
          return choice.waitFor({ timeout: 15_000 }).then(
            () => true,
            () => null,
          );
        },
        60_000,
      );
      await page.keyboard.press("Escape");
      await button("Open a File").click();
      const place = page.locator(".quick-input-widget input").first();
      await until("the dialog", async () => ((await place.inputValue()).startsWith("/") ? true : null));
      await place.fill(path);
      await page.keyboard.press("Enter");
      const editor = workbench.webviewFrame();
      await editor.getByText(`${small} matrices analysed`, { exact: true }).waitFor(patience);
      await editor.locator(`[data-testid="tree-row"][data-name="${madeMatrix(1)}"]`).click();
      await editor.getByTestId("chart-histogram").locator("canvas").waitFor();

      await walkthrough();
      await isDone("Open a checkpoint").waitFor();
      await isDone("Read a spectrum").waitFor();
      await step("Find what is wrong").locator(".step-title").click();
      assert.equal(await isDone("Find what is wrong").count(), 0);
      await button("Show Problems").click();
      await page.locator(".markers-panel .monaco-list-row", { hasText: "model.safetensors" }).first().waitFor(patience);
      await isDone("Find what is wrong").waitFor();
      // The walkthrough itself is in front: the outline is that of the checkpoint that is open.
      await step("Work in text").locator(".step-title").click();
      await button("Open Outline").click();
      await page.locator(".view-line", { hasText: "down_proj.weight" }).first().waitFor();
      await walkthrough();
      await isDone("Work in text").waitFor();
      await step("Find what is wrong").locator(".step-title").click();
      await button("Open Settings").click();
      await page.locator(".setting-item-contents", { hasText: "Analyse On Open" }).first().waitFor();
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});
