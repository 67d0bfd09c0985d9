/** The editor and what is beside it: the outline, which follows it and is followed; the status; and the files that are saved of it. */
import assert from "node:assert/strict";
import { readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";
import { madeMatrix, makeCheckpoint } from "../../support/made-checkpoint.ts";
import { until } from "../../support/until.ts";

/** A software driver on a busy machine needs a while to start. */
const patience = { timeout: 120_000 };
/** Wide enough for both. */
const viewport = { width: 1800, height: 900 };
const small = 8;

test("charts, tables and results are saved where one says; outline and editor follow each other", async () => {
  const path = await makeCheckpoint({ small });
  const folder = dirname(path);
  try {
    await withWorkbench({ name: "beside", folder, viewport }, async (workbench) => {
      const { page } = workbench;
      await workbench.openFile(path);
      const editor = workbench.webviewFrame();
      await editor.getByText(`${small} matrices analysed`, { exact: true }).waitFor(patience);
      const row = (layer: number) => editor.locator(`[data-testid="tree-row"][data-name="${madeMatrix(layer)}"]`);
      await row(0).click();
      const histogram = editor.getByTestId("chart-histogram");
      await histogram.locator("canvas").waitFor();

      // VS Code's own dialog, which offers a name and takes another.
      const place = page.locator(".quick-input-widget input").first();
      const save = async (offered: RegExp, name: string): Promise<string> => {
        await until("the offered place", async () => (offered.test(await place.inputValue()) ? true : null));
        const target = join(folder, name);
        await place.fill(target);
        await page.keyboard.press("Enter");
        await place.waitFor({ state: "hidden" });
        return until(name, () => readFile(target, "latin1").catch(() => null));
      };
      const choose = async (what: string): Promise<void> => {
        await histogram.getByTestId("chart-actions").click();
        await histogram.getByTestId(what).click();
      };
      await choose("save-svg");
      assert.match(await save(/down_proj[^/]*\.svg$/u, "chart.svg"), /^(?:<\?xml[^>]*>\s*)?<svg[^]*<\/svg>\s*$/u);
      await choose("save-png");
      assert.match(await save(/down_proj[^/]*\.png$/u, "chart.png"), /^\x89PNG/u);
      await choose("save-csv");
      const table = (await save(/down_proj[^/]*\.csv$/u, "chart.csv")).trim().split(/\r?\n/u);
      assert.equal(table.length, 1 + (await histogram.locator("tbody tr").count()));
      for (const [name, contents] of [
        ["results.html", /^<!DOCTYPE html>[^]*<\/html>\s*$/u],
        ["results.json", /^\{"schema":1,[^]*\}\s*$/u],
        ["results.sarif", /"version":"2\.1\.0"/u],
        ["results.csv", /^checkpoint,name,role,/u],
      ] as const) {
        await workbench.runCommand("Safetensors Spectrum: Export Results");
        assert.match(await save(/model-spectrum\.html$/u, name), contents, name);
      }
      const results = JSON.parse(await readFile(join(folder, "results.json"), "utf8")) as {
        readonly checkpoints: readonly { readonly matrices: readonly unknown[] }[];
      };
      assert.equal(results.checkpoints[0]?.matrices.length, small);

      // The Explorer's menu opens the outline; the editor stays to its left.
      await workbench.runCommand("View: Split Editor Right");
      const entry = (name: string) => page.locator(".explorer-folders-view .monaco-list-row", { hasText: name });
      // The rows stay where they are once the last file is among them.
      await entry("results.csv").waitFor();
      await entry("model.safetensors").click({ button: "right" });
      // A menu of VS Code takes a click for the end of the one that opened it.
      await page.getByRole("menuitem", { name: "Open Outline of Checkpoint" }).hover();
      await page.keyboard.press("Enter");
      const heading = (layer: number) => page.locator(".view-line", { hasText: `model.layers.${layer}` });
      await heading(3).waitFor();

      // One goes to a line: the editor selects its tensor, and breadcrumbs say where one is.
      await heading(3).click();
      await page.keyboard.press("ArrowDown");
      await row(3).and(editor.locator('[aria-selected="true"]')).waitFor();
      const crumbs = page.locator(".breadcrumbs-below-tabs .monaco-breadcrumb-item");
      await crumbs.filter({ hasText: "model.layers.3" }).waitFor();
      await crumbs.filter({ hasText: "mlp.down_proj.weight" }).waitFor();

      // The status beside the language: what is analysed, and on what.
      await page.locator("#status\\.languageStatus").hover();
      const status = page.locator(".hover-language-status", { hasText: `${small} matrices analysed` });
      await status.waitFor();
      assert.match(await status.innerText(), /Computed (?:in software, )?on .+ \(\w+\)/u);

      // A row of the tree is clicked: the outline's cursor goes to its line, and what was clicked keeps the focus.
      await row(6).click();
      await crumbs.filter({ hasText: "model.layers.6" }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), "IFRAME");
    });
  } finally {
    await rm(folder, { recursive: true });
  }
});
