/** Where grades begin is the person's to say, at any time. */
import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { makeCheckpoint } from "../../support/made-checkpoint.ts";

/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };
const small = 8;

test("other thresholds judge an open checkpoint anew, and the old ones as before", async () => {
  const path = await makeCheckpoint({ small });
  const folder = join(dirname(path), ".vscode");
  const set = (value: unknown): Promise<void> =>
    writeFile(join(folder, "settings.json"), JSON.stringify({ "safetensorsSpectrum.thresholds": value }));
  try {
    await mkdir(folder);
    await set({});
    await withWorkbench({ name: "thresholds", folder: dirname(path) }, async (workbench) => {
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      await editor.getByText(`${small} matrices analysed`, { exact: true }).waitFor(patience);
      const graded = editor.locator('[data-testid="tree-row"][data-name^="model.layers."][data-name$="weight"]');
      const random = graded.and(editor.locator('[data-grade="random"]'));
      await editor.getByTestId("tree-sort-name").click();
      await graded
        .and(editor.locator("[data-grade]"))
        .nth(small - 1)
        .waitFor(patience);
      const before = await random.count();
      assert.ok(before > small / 2, `${before} are random`);

      // Noise is called random as long as no test rejects that; at a half, every second one does.
      await set({ significance: 0.5 });
      await random.nth(before - 1).waitFor({ state: "detached", ...patience });

      await set({});
      await random.nth(before - 1).waitFor(patience);
      assert.equal(await random.count(), before);
    });
  } finally {
    await rm(dirname(path), { recursive: true });
  }
});
