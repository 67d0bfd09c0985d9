// @ts-check
/**
 * Makes the pictures of the README and of the walkthrough from the running editor, with the package as users install it;
 * or, for looking at, pictures of every view of the page in every theme:
 *
 *   npm run pictures
 *   npm run pictures -- --views FOLDER [--language de]
 */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { outcome } from "./setup/command.mjs";
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

/**
 * The sample with its second block as its initialiser would have left it, in a folder of that name.
 * @returns {string}
 */
function brokenSample() {
  const copy = join(mkdtempSync(join(tmpdir(), "pictures-")), "tiny-llama");
  cpSync(sample, copy, { recursive: true });
  for (const name of readdirSync(copy).filter((file) => file.endsWith(".safetensors"))) {
    const path = join(copy, name);
    const bytes = readFileSync(path);
    const data = 8 + Number(bytes.readBigUInt64LE(0));
    /** @type {Record<string, { shape?: number[], data_offsets?: [number, number] }>} */
    const header = JSON.parse(bytes.toString("utf8", 8, data));
    for (const [tensor, { shape = [], data_offsets: [begin, end] = [0, 0] }] of Object.entries(header)) {
      if (!tensor.startsWith("model.layers.1.") || shape.length !== 2) continue;
      // BF16: the upper half of a float32.
      for (let at = data + begin; at < data + end; at += 2) {
        const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
        const single = Buffer.alloc(4);
        single.writeFloatLE(0.02 * normal);
        bytes.writeUInt16LE(single.readUInt16LE(2), at);
      }
    }
    writeFileSync(path, bytes);
  }
  return copy;
}

/**
 * The pictures of the walkthrough, small and of a part of the window each: they travel in the package.
 * @param {string} vsix
 * @param {typeof import("./workbench/workbench.mjs").openWorkbench} openWorkbench
 */
async function walkthrough(vsix, openWorkbench) {
  const checkpoint = brokenSample();
  const viewport = { width: 1120, height: 720 };
  const workbench = await openWorkbench({ version: "newest", vsix, folder: checkpoint, viewport, settings });
  const { page } = workbench;
  /** @param {string} name */
  const photograph = async (name) => {
    await settle(workbench);
    await workbench.screenshot(join(root, "media/walkthrough", `${name}.png`));
  };
  try {
    await workbench.runCommand("View: Toggle Primary Side Bar Visibility");
    await workbench.openFile(join(checkpoint, "model-00001-of-00003.safetensors"));
    const editor = workbench.webviewFrame();
    await editor.getByText("23 matrices analysed", { exact: true }).waitFor({ timeout: 300_000 });
    await photograph("overview");
    await editor.getByText("self_attn.q_proj").first().click();
    await editor.locator("canvas").first().waitFor();
    await photograph("spectrum");
    await workbench.runCommand("Problems: Focus on Problems View");
    await page.locator(".markers-panel .monaco-list-row").nth(2).waitFor();
    await photograph("problems");
    await workbench.runCommand("View: Toggle Panel Visibility");
    await workbench.runCommand("Safetensors Spectrum: Open Outline of Checkpoint");
    await hoverOutline(page);
    await photograph("outline");
  } finally {
    await workbench.close();
    rmSync(dirname(checkpoint), { recursive: true });
  }
}

/**
 * Points at a tensor of the outline until its hover is shown: lenses that come meanwhile move the lines on.
 * @param {import("playwright-core").Page} page
 */
async function hoverOutline(page) {
  const line = page.locator(".view-line", { hasText: "self_attn.q_proj.weight" }).first();
  const hover = page.locator(".monaco-hover:visible", { hasText: "effective rank" }).first();
  for (let attempt = 1; ; attempt++) {
    await page.mouse.move(0, 0);
    await line.hover();
    try {
      await hover.waitFor({ timeout: 2000 * attempt });
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

/**
 * The scenes of the accessibility test, each photographed before it is judged.
 * @param {string} into
 * @param {string | undefined} language English unless told otherwise
 */
async function views(into, language) {
  const { build } = await import("./build.mjs");
  await step("Building", () => build({ tests: true }));
  mkdirSync(into, { recursive: true });
  const { code } = await outcome(
    process.execPath,
    ["--enable-source-maps", "--test", join(root, "dist/test/webview/accessibility.test.mjs")],
    {
      show: true,
      env: { SPECTRUM_PICTURES: into, ...(language === undefined ? {} : { SPECTRUM_LANGUAGE: language }) },
    },
  );
  if (code !== 0) process.exitCode = 1;
}

await runMain(async () => {
  const { values: chosen } = parseArgs({ options: { views: { type: "string" }, language: { type: "string" } } });
  await installPackages();
  await ensureAdapter();
  if (chosen.views !== undefined) return views(resolve(chosen.views), chosen.language);
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
      await hoverOutline(workbench.page);
      await settle(workbench);
      await workbench.screenshot(join(folder, "hover.png"));
    });
  } finally {
    await workbench.close();
  }
  await step("Photographing for the walkthrough", () => walkthrough(vsix, openWorkbench));
});
