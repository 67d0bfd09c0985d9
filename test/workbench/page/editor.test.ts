import assert from "node:assert/strict";
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";

test("a text file opens in a tab", async () => {
  await withWorkbench({ name: "text file", folder: "." }, async (workbench) => {
    await workbench.openFile("README.md");
    assert.match((await workbench.tab("README.md").textContent()) ?? "", /README/);
  });
});
