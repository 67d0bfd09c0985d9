/** Attention heads and singular vectors of the sample, from a click to what is kept on disk. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { copySample } from "../../support/sample.ts";

/** Software drivers on a busy machine need a while for the sample. */
const patience = { timeout: 300_000 };

test("heads and vectors are computed on demand, and are there at once the second time", async () => {
  const folder = dirname(await copySample());
  try {
    await withWorkbench({ name: "heads", folder }, async (workbench) => {
      const file = join(folder, "model-00001-of-00003.safetensors");
      await workbench.openFile(file);
      const editor = workbench.webviewFrame();
      await editor.getByText("23 matrices analysed", { exact: true }).waitFor(patience);
      await editor.locator('[data-testid="tree-row"][data-name="model.layers.0"]').click();
      await editor.getByTestId("show-heads").click();
      await editor.getByTestId("analyse-heads").click();
      await editor.getByTestId("head").nth(5).waitFor(patience);
      assert.equal(await editor.getByTestId("head").count(), 6);
      const label = await editor.getByTestId("head").nth(3).getAttribute("aria-label");
      assert.match(label ?? "", /^query head 3: [a-z ]+, \d+ outliers?, rank 90 %: \d+ of 64, noise \d+$/);
      await editor.getByTestId("head").nth(3).click();
      await editor.getByTestId("chart-histogram").waitFor();

      await editor.locator('[data-testid="tree-row"][data-name="model.layers.0.self_attn.q_proj.weight"]').click();
      await editor.getByTestId("analyse-vectors").click();
      await editor.getByTestId("chart-vectors-left").waitFor(patience);
      await editor.getByTestId("preview").locator("canvas").waitFor();

      // Closed and opened again: nothing is computed for it.
      await workbench.runCommand("View: Close Editor");
      await workbench.openFile(file);
      const again = workbench.webviewFrame();
      await again.locator('[data-testid="tree-row"][data-name="model.layers.0.self_attn.q_proj.weight"]').click();
      await again.getByTestId("chart-vectors-right").waitFor(patience);
      await again.getByTestId("head").nth(5).waitFor(patience);
      assert.equal(await again.getByTestId("analyse-heads").count(), 0);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
