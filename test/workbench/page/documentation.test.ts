/** The way from a number to what is written of it. */
import assert from "node:assert/strict";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";

test("a metric's explanation leads to its heading in the documentation", async () => {
  await withWorkbench({ name: "documentation", folder: "samples/tiny-llama" }, async (workbench) => {
    const { page } = workbench;
    await workbench.openFile("samples/tiny-llama/model-00001-of-00003.safetensors");
    const editor = workbench.webviewFrame();
    await editor.getByText("23 matrices analysed", { exact: true }).waitFor({ timeout: 300_000 });
    await editor.getByText("self_attn.q_proj").first().click();
    const metric = editor.locator('[data-metric="spectralNorm"]');
    await metric.getByRole("button", { name: "What is Spectral norm?" }).click();
    await editor.locator('[data-metric="spectralNorm"] + tr').getByTestId("more").click();
    await page.getByRole("tab", { name: /Preview.*metrics\.md/u }).waitFor();
    // The preview's page lies in a frame within a frame, and is scrolled once it is drawn.
    const preview = page.locator("iframe.webview.ready").last().contentFrame().frameLocator("iframe");
    const heading = preview.locator("h4", { hasText: /^spectralNorm$/u });
    await heading.waitFor();
    // To the pixel, but for what the preview rounds.
    const isOnTop = (): Promise<boolean> =>
      heading.evaluate((element) => Math.abs(element.getBoundingClientRect().top) < 40);
    for (let attempt = 0; attempt < 100 && !(await isOnTop()); attempt++) await page.waitForTimeout(100);
    assert.ok(await isOnTop());
  });
});
