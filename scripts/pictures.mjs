// @ts-check
/**
 * Makes the README's pictures from the running editor, with the package as users install it:
 *
 *   npm run pictures
 */
import { join } from "node:path";
import { installPackages } from "./setup/install.mjs";
import { root } from "./setup/root.mjs";
import { runMain, step } from "./setup/step.mjs";
import { ensureAdapter } from "./setup/vulkan.mjs";

const folder = join(root, "docs/images");
const sample = join(root, "samples/tiny-llama");

/** Breadcrumbs would show where the project lies on this machine. */
const settings = { "breadcrumbs.enabled": false };

/**
 * Charts and hovers are drawn in the frames after they appear.
 * @param {import("./workbench/workbench.mjs").Workbench} workbench
 */
async function settle({ page }) {
  await page.waitForTimeout(1000);
}

await runMain(async () => {
  await installPackages();
  await ensureAdapter();
  const { createPackage } = await import("./package.mjs");
  const { vsix } = await createPackage();
  const { openWorkbench } = await import("./workbench/workbench.mjs");
  const workbench = await step("Opening VS Code", () =>
    openWorkbench({ version: "newest", vsix, folder: sample, viewport: { width: 1440, height: 900 }, settings }),
  );
  try {
    await step("Photographing the editor", async () => {
      await workbench.openFile(join(sample, "model-00001-of-00003.safetensors"));
      const editor = workbench.webviewFrame();
      await editor.getByText("23 matrices analysed", { exact: true }).waitFor({ timeout: 300_000 });
      await editor.getByText("self_attn.q_proj").first().click();
      await editor.locator("canvas").first().waitFor();
      await settle(workbench);
      await workbench.screenshot(join(folder, "editor.png"));
    });
    await step("Photographing a hover", async () => {
      await workbench.runCommand("Safetensors Spectrum: Open Outline of Checkpoint");
      await workbench.page.locator(".view-line", { hasText: "self_attn.q_proj.weight" }).first().hover();
      await workbench.page.locator(".monaco-hover:visible", { hasText: "effective rank" }).first().waitFor();
      await settle(workbench);
      await workbench.screenshot(join(folder, "hover.png"));
    });
  } finally {
    await workbench.close();
  }
});
