/** A checkpoint with a re-initialised block, from Problems to the tensor, as a person would follow it. */
import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench, type Workbench } from "../../../scripts/workbench/workbench.mjs";
import { copySample, reinitialise } from "../../support/sample.ts";

/** Software drivers on a busy machine need a while for the sample. */
const patience = { timeout: 300_000 };

async function withRandomBlock(
  name: string,
  body: (workbench: Workbench, folder: string, random: readonly string[]) => Promise<void>,
): Promise<void> {
  const index = await copySample();
  const folder = dirname(index);
  try {
    const random = await reinitialise(index, "model.layers.1");
    await withWorkbench({ name, folder }, (workbench) => body(workbench, folder, random));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("the problems of a random block lead into the editor, and its results outlive the tab", async () => {
  await withRandomBlock("random-block", async (workbench, folder, random) => {
    const { page } = workbench;
    await workbench.openFile(join(folder, "model-00001-of-00003.safetensors"));
    const editor = workbench.webviewFrame();
    await editor.getByText("23 matrices analysed", { exact: true }).waitFor(patience);

    // Problems: one for each matrix of the block, none for the others.
    await workbench.runCommand("Problems: Focus on Problems View");
    await page.locator("#status\\.problems", { hasText: String(random.length) }).waitFor();
    // The list shows what has room; the filter brings one forward.
    await page.getByPlaceholder(/^Filter/u).fill("v_proj");
    const problem = page.locator(".markers-panel .monaco-list-row", { hasText: "looks randomly initialised" });
    await problem.filter({ hasText: "v_proj" }).first().waitFor();
    assert.equal(await problem.count(), 1);

    // The code is a link that reveals the tensor.
    await problem.locator("a", { hasText: "random" }).first().click();
    await editor.getByTestId("detail").getByText("model.layers.1.self_attn.v_proj.weight").first().waitFor();
    const verdict = editor.getByTestId("verdict");
    await verdict.getByText("initializer_range").first().waitFor();
    const row = editor.locator('[data-testid="tree-row"][data-name="model.layers.1.self_attn.v_proj.weight"]');
    assert.equal(await row.getAttribute("data-grade"), "random");
    assert.equal(await row.getAttribute("aria-selected"), "true");

    // The chart shows all 128 values: its table twin counts them.
    const histogram = editor.getByTestId("chart-histogram");
    await histogram.locator("canvas").waitFor();
    const counts = await histogram.locator("tbody tr :nth-child(3)").allTextContents();
    assert.equal(
      counts.reduce((sum, text) => sum + Number(text.replace(/\D/g, "")), 0),
      128,
    );

    // A second look is immediate: closed, and opened again.
    await page.keyboard.press("Control+K");
    await workbench.runCommand("View: Close All Editors");
    await workbench.openFile(join(folder, "model-00003-of-00003.safetensors"));
    await editor.getByText("23 matrices analysed", { exact: true }).waitFor({ timeout: 20_000 });
  });
});

test("an index has hovers and squiggles on its keys", async () => {
  await withRandomBlock("index", async (workbench, folder, random) => {
    const { page } = workbench;
    await workbench.openFile(join(folder, "model.safetensors.index.json"));
    await page.locator(".squiggly-warning").first().waitFor(patience);
    const key = page.locator(".view-line", { hasText: random[0]! }).locator("span", { hasText: random[0]! }).last();
    const hover = page.locator(".monaco-hover:visible", { hasText: "effective rank" }).first();
    for (let attempt = 0; attempt < 10 && !(await hover.isVisible()); attempt++) {
      await page.mouse.move(0, 0);
      // Lines are drawn anew while hints come in.
      await key.hover({ timeout: 5000 }).catch(() => undefined);
      await hover.waitFor({ timeout: 10_000 }).catch(() => undefined);
    }
    const text = await hover.innerText();
    assert.match(text, /random/);
    assert.equal(await hover.locator("img").evaluate((image: HTMLImageElement) => image.naturalWidth > 100), true);
  });
});

test("an analysis can be cancelled and taken up again", async () => {
  await withRandomBlock("cancel", async (workbench, folder) => {
    await workbench.openFile(join(folder, "model-00001-of-00003.safetensors"));
    const progress = workbench.webviewFrame().getByTestId("progress");
    await progress.getByRole("button", { name: /cancel|stop/iu }).click(patience);
    await progress.getByRole("button", { name: /analyse|resume|continue/iu }).click(patience);
    await workbench.webviewFrame().getByText("23 matrices analysed", { exact: true }).waitFor(patience);
  });
});
