// @ts-check
/// <reference lib="dom" />
/**
 * How quick the editor is in a real VS Code, with the package as users install it, beside what VS Code itself takes to
 * open a text file in the same run: `npm run bench:editor`. On shared machines look at the ratios.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { installPackages } from "./setup/install.mjs";
import { root } from "./setup/root.mjs";
import { runMain, step } from "./setup/step.mjs";
import { ensureAdapter } from "./setup/vulkan.mjs";

const rounds = 3;
/** While results stream in, so long. In milliseconds. */
const streaming = 10_000;

/**
 * A checkpoint of so many matrices, all zeros: a sparse file. The small one is a dense model, the large one has experts.
 * @param {string} path
 * @param {number} tensors
 */
function writeCheckpoint(path, tensors) {
  const attention = ["q", "k", "v", "o"].map((name) => `self_attn.${name}_proj`);
  const feedForward = ["gate", "up", "down"].map((name) => `${name}_proj`);
  const experts = tensors > 1000 ? Array.from({ length: 256 }, (_, expert) => `mlp.experts.${expert}.`) : ["mlp."];
  const names = [...attention, ...experts.flatMap((prefix) => feedForward.map((name) => prefix + name))];
  const shape = [32, 48];
  const size = 4 * 32 * 48;
  /** @type {Record<string, unknown>} */
  const header = {};
  for (let index = 0; index < tensors; index++) {
    const layer = Math.floor(index / names.length);
    const name = `model.layers.${layer}.${names[index % names.length]}.weight`;
    header[name] = { dtype: "F32", shape, data_offsets: [index * size, (index + 1) * size] };
  }
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, "w");
  writeSync(file, length);
  writeSync(file, text);
  ftruncateSync(file, 8 + text.length + tensors * size);
  closeSync(file);
}

/** @param {readonly number[]} values */
function median(values) {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[sorted.length >> 1] ?? NaN;
}

/**
 * Opens a file by Go to File and waits for what shows that it is there.
 * @param {import("./workbench/workbench.mjs").Workbench} workbench
 * @param {string} path
 * @param {() => import("playwright-core").Locator} sign
 * @returns {Promise<number>} milliseconds from choosing the file
 */
async function timeOpening({ page }, path, sign) {
  const input = page.locator(".quick-input-widget input").first();
  // The one that Enter takes: before the list follows the input, it shows what was open before, this file among it.
  const row = page.locator(".quick-input-list .monaco-list-row.focused", { hasText: basename(path) });
  // The starting workbench takes the focus away in the middle of it.
  for (let attempt = 1; ; attempt++) {
    const timeout = 1500 * attempt;
    try {
      await page.keyboard.press("Control+P");
      await input.fill(path, { timeout });
      await row.waitFor({ timeout });
      const start = performance.now();
      await page.keyboard.press("Enter");
      await input.waitFor({ state: "hidden", timeout });
      await sign().waitFor({ timeout: 60_000 });
      return performance.now() - start;
    } catch (error) {
      if (attempt === 4) throw error;
      await page.keyboard.press("Escape");
    }
  }
}

/** @param {import("./workbench/workbench.mjs").Workbench} workbench */
async function closeEditors({ page }) {
  await page.keyboard.press("Control+K");
  await page.keyboard.press("Control+W");
  await page.locator(".tabs-container .tab").first().waitFor({ state: "detached" });
}

/**
 * Takes away what pages that were closed before have left in the process of a page.
 * @param {import("./workbench/workbench.mjs").Workbench} workbench
 * @param {import("playwright-core").ElementHandle | null} within an element of the page
 */
async function collectGarbage({ page }, within) {
  // A frame has a session of its own where it has a process of its own.
  for (let frame = (await within?.ownerFrame()) ?? null; frame !== null; frame = frame.parentFrame()) {
    const session = await page
      .context()
      .newCDPSession(frame)
      .catch(() => null);
    if (session === null) continue;
    await session.send("HeapProfiler.collectGarbage");
    return;
  }
}

/** @param {string} name @param {string} value @param {string} bar */
function tell(name, value, bar) {
  console.log(`${name.padEnd(52)}${value.padStart(12)}   ${bar}`);
}

const milliseconds = (/** @type {number} */ value) => `${value.toFixed(0)} ms`;

await runMain(async () => {
  await installPackages();
  await ensureAdapter();
  const folder = mkdtempSync(join(tmpdir(), "bench-editor-"));
  const path = (/** @type {string} */ name) => join(folder, name);
  const { createPackage } = await import("./package.mjs");
  const { vsix } = await createPackage();
  const { openWorkbench } = await import("./workbench/workbench.mjs");
  await step("Writing checkpoints", async () => {
    for (let round = 0; round < rounds; round++) {
      writeFileSync(path(`plain-${round}.txt`), `plain text ${round}\n`);
      writeCheckpoint(path(`small-${round}.safetensors`), 300);
      writeCheckpoint(path(`large-${round}.safetensors`), 100_000);
    }
  });
  const settings = { "safetensorsSpectrum.analyseOnOpen": "never" };
  const workbench = await step("Opening VS Code", () => openWorkbench({ version: "newest", vsix, folder, settings }));
  try {
    const { page } = workbench;
    const text = (/** @type {number} */ round) =>
      page.locator(".view-line", { hasText: "plain" }).filter({ hasText: String(round) });
    const rows = () => workbench.webviewFrame().locator('[data-testid="tree-row"]').first();
    /** @type {Record<"text" | "small" | "large", number[]>} */
    const times = { text: [], small: [], large: [] };
    // The first checkpoint starts the extension and its server.
    const first = await timeOpening(workbench, path("small-0.safetensors"), rows);
    await closeEditors(workbench);
    for (let round = 0; round < rounds; round++) {
      times.text.push(await timeOpening(workbench, path(`plain-${round}.txt`), () => text(round)));
      await closeEditors(workbench);
      times.small.push(await timeOpening(workbench, path(`small-${round}.safetensors`), rows));
      await closeEditors(workbench);
      times.large.push(await timeOpening(workbench, path(`large-${round}.safetensors`), rows));
      if (round < rounds - 1) await closeEditors(workbench);
    }
    const plain = median(times.text);
    const ratio = (/** @type {number} */ time) => `${(time / plain).toFixed(1)} × a text file`;
    tell("plain text file", milliseconds(plain), `of ${times.text.map(milliseconds).join(", ")}`);
    tell("300 tensors, the extension not started", milliseconds(first), ratio(first));
    tell("300 tensors", milliseconds(median(times.small)), `${ratio(median(times.small))}; bar 500 ms`);
    tell("100 000 tensors", milliseconds(median(times.large)), `${ratio(median(times.large))}; bar 1500 ms`);

    const editor = workbench.webviewFrame().locator("body");
    await collectGarbage(workbench, await editor.elementHandle());
    const heap = await editor.evaluate(() => {
      const { memory } = /** @type {{ memory?: { usedJSHeapSize: number } }} */ (/** @type {unknown} */ (performance));
      return memory?.usedJSHeapSize ?? NaN;
    });
    tell("heap of the webview's process, 100 000 tensors", `${(heap / 2 ** 20).toFixed(0)} MB`, "bar 150 MB");

    await workbench.webviewFrame().getByRole("button", { name: "Expand all blocks" }).click();
    const frames = await editor.evaluate(async () => {
      const scroller = document.querySelector(".tree-scroller");
      const times = [];
      let last = performance.now();
      for (let frame = 0; frame < 180; frame++) {
        scroller?.scrollBy(0, 440);
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return times.slice(1);
    });
    const late = frames.filter((time) => time > 34).length;
    tell(
      "frame while scrolling 20 lines a frame",
      `${median(frames).toFixed(1)} ms`,
      `${late} of ${frames.length} took over 34 ms`,
    );

    const tasks = editor.evaluate(async (_body, time) => {
      /** @type {number[]} */
      const found = [];
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) found.push(duration);
      });
      observer.observe(/** @type {PerformanceObserverInit} */ ({ entryTypes: ["longtask"] }));
      await new Promise((resolve) => setTimeout(resolve, time));
      observer.disconnect();
      const progress = document.querySelector('[data-testid="progress"]');
      return { found, done: progress instanceof HTMLElement ? progress.dataset["done"] : undefined };
    }, streaming);
    await workbench.webviewFrame().getByTestId("analyse").click();
    const { found, done } = await tasks;
    const longest = found.length === 0 ? "under 50 ms" : milliseconds(Math.max(...found));
    tell(
      "longest task while results stream in",
      longest,
      `${found.length} over 50 ms, ${done ?? "no"} results; bar 50 ms`,
    );
  } catch (error) {
    const picture = join(root, "dist/bench-editor.png");
    await workbench.screenshot(picture).catch(() => undefined);
    console.error(`Picture: ${picture}`);
    throw error;
  } finally {
    await workbench.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
});
