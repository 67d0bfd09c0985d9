/** What a user sees of the editor, clicked in a real window. */
import test from "node:test";
import { withWorkbench } from "../../../scripts/workbench/workbench.mjs";

test("a shard opens as the checkpoint that it belongs to", async () => {
  await withWorkbench({ name: "shard", folder: "samples/tiny-llama" }, async (workbench) => {
    await workbench.openFile("samples/tiny-llama/model-00002-of-00003.safetensors");
    const editor = workbench.webviewFrame();
    await editor.getByText("7.87 M parameters").waitFor();
    await editor.getByText("model.layers.0", { exact: true }).waitFor();
    await editor.getByText("23 matrices analysed", { exact: true }).waitFor({ timeout: 200_000 });
  });
});
