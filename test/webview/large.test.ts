/** A tree of 100 000 tensors: what is not in view is not there. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Browser } from "playwright-core";
import { analysisState, catalogue, checkpointOf, engine } from "./checkpoints.ts";
import { eventually, launch, View } from "./harness.ts";

const count = 100_000;
const nameOf = (i: number): string => `model.layers.${Math.floor(i / 1000)}.mlp.experts.${i % 1000}.up_proj.weight`;

let browser: Browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

test("only the lines in view are elements, at the beginning and at the end", async () => {
  const view = await View.open(browser);
  const tensors = Array.from({ length: count }, (_, i) => ({ name: nameOf(i), shape: [32, 48] }));
  await view.send({
    type: "catalogue",
    catalogue: catalogue(checkpointOf(tensors)),
    results: [],
    state: analysisState("waiting", 0, count),
    engine,
    file: 0,
  });
  const rows = view.part("tree-row");
  await rows.first().waitFor();
  await view.page.getByRole("button", { name: "Expand all blocks" }).click();
  const grid = view.part("tree");
  // Blocks, experts and tensors, and the headings.
  await eventually("all lines", async () => (await grid.getAttribute("aria-rowcount")) === String(100 + 2 * count + 1));
  // A line is 22 pixels high, and some beyond the edges are kept ready.
  const most = Math.ceil(800 / 22) + 2 * 8 + 2;
  assert.ok((await rows.count()) <= most);
  await grid.focus();
  await view.page.keyboard.press("End");
  await view.row(nameOf(count - 1)).waitFor();
  assert.ok((await rows.count()) <= most);
  assert.deepEqual(view.errors, []);
  await view.close();
});
