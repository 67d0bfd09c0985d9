/** Who decides what is computed, where and when: the person, by keyboard and palette. */
import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench, type Workbench } from "../../../scripts/workbench/workbench.mjs";
import { copySample } from "../../support/sample.ts";

/** Software drivers on a busy machine need a while for the sample. */
const patience = { timeout: 300_000 };

/** A checkpoint of so many matrices of a side, in F32, whose zeros take no room on the disk. */
async function longCheckpoint(matrices: number, side: number): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-long-"));
  const path = join(folder, "model.safetensors");
  const bytes = 4 * side * side;
  const header = Object.fromEntries(
    Array.from({ length: matrices }, (_, layer) => [
      `model.layers.${layer}.mlp.up_proj.weight`,
      { dtype: "F32", shape: [side, side], data_offsets: [layer * bytes, (layer + 1) * bytes] },
    ]),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const handle = await open(path, "wx");
  await handle.write(Buffer.concat([length, text]));
  await handle.truncate(8 + text.length + matrices * bytes);
  await handle.close();
  return path;
}

/** The labels of the rows that the quick input shows, once one of them matches. */
async function offered({ page }: Workbench, row: string): Promise<string[]> {
  const rows = page.locator(".quick-input-list .monaco-list-row");
  await rows.filter({ hasText: row }).first().waitFor({ timeout: 120_000 });
  return rows.allInnerTexts();
}

test("the palette pauses and resumes an analysis, and lists the machine's adapters", async () => {
  const folder = dirname(await copySample());
  try {
    await withWorkbench({ name: "pause", folder }, async (workbench) => {
      const { page } = workbench;
      await workbench.openFile(join(folder, "model-00001-of-00003.safetensors"));
      const editor = workbench.webviewFrame();
      const progress = editor.getByTestId("progress");
      await progress.getByRole("button", { name: "Pause" }).waitFor(patience);
      await workbench.runCommand("Safetensors Spectrum: Pause Analysis");
      await progress.getByText(/^Paused at \d+ of 23/u).waitFor(patience);

      // Paused for as long as the person likes: time to look at what there is to compute on.
      await workbench.runCommand("Safetensors Spectrum: Choose GPU");
      const rows = await offered(workbench, "Automatic");
      assert.ok(rows.length >= 2, rows.join());
      const computing = rows.filter((text) => text.includes("computes now"));
      assert.equal(computing.length, 1, rows.join());
      // The first is chosen already, so that nothing changes.
      await page.keyboard.press("Enter");
      await page.locator(".quick-input-widget").waitFor({ state: "hidden" });

      await workbench.runCommand("Safetensors Spectrum: Resume Analysis");
      await editor.getByText("23 matrices analysed", { exact: true }).waitFor(patience);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("what takes long waits for a decision, and goes on waiting when it is put off", async () => {
  const path = await longCheckpoint(400, 2048);
  try {
    await withWorkbench({ name: "decision", folder: dirname(path) }, async (workbench) => {
      const { page } = workbench;
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      const decision = editor.getByTestId("decision");
      await decision.getByRole("heading", { name: /^Analysing takes about \d+ (minutes|hours)$/u }).waitFor(patience);
      assert.match(await decision.innerText(), /400 matrices to compute on .+/u);

      await workbench.runCommand("Safetensors Spectrum: Analyse Checkpoint");
      const dialog = page.locator(".monaco-dialog-box", { hasText: "Analysing 400 matrices takes about" });
      await dialog.waitFor();
      await page.keyboard.press("Escape");
      await dialog.waitFor({ state: "detached" });
      await decision.waitFor();
      assert.equal(await editor.getByTestId("progress").getAttribute("data-done"), "0");
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});

test("the walkthrough has four steps with pictures", async () => {
  await withWorkbench({ name: "walkthrough", folder: "samples/tiny-llama" }, async (workbench) => {
    const { page } = workbench;
    await workbench.runCommand("Welcome: Open Walkthrough...");
    await offered(workbench, "Look into model weights");
    await page.locator(".quick-input-widget input").first().fill("Look into model weights");
    await page.keyboard.press("Enter");
    const steps = page.locator(".getting-started-step");
    await steps.filter({ hasText: "Read a spectrum" }).waitFor();
    const titles = await steps.locator(".step-title").allInnerTexts();
    assert.deepEqual(titles, ["Open a checkpoint", "Read a spectrum", "Find what is wrong", "Work in text"]);
    const picture = page.locator(".getting-started-media img").first();
    await picture.waitFor();
    assert.equal(
      await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth > 100)),
      true,
    );
  });
});
