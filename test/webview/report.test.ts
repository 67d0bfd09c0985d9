/** The report as a page, opened in a browser from a file, as whoever it is sent to opens it. */
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser, Page } from "playwright-core";
import { htmlReport } from "../../server/command-line/report-html.ts";
import { hostileNames } from "../support/hostile.ts";
import { gaussianMatrix } from "../support/random.ts";
import { encode, type TensorData } from "../support/safetensors.ts";
import { config, llama } from "./attention.ts";
import { launch } from "./harness.ts";
import { ServedCheckpoint } from "./server.ts";

/** Four blocks that learned, a head that did not, and names that want to be more than text. */
function tensors(): Record<string, TensorData> {
  const random = (seed: number): TensorData => ({
    dtype: "F32",
    shape: [48, 64],
    data: encode(gaussianMatrix(48, 64, seed, 0.02), "F32"),
  });
  const hostile = Object.values(hostileNames).filter((name) => name.length < 1000);
  return {
    ...llama(4),
    "lm_head.weight": random(1),
    ...Object.fromEntries(hostile.map((name, index) => [name, random(2 + index)])),
  };
}

describe("the report", () => {
  let browser: Browser;
  let served: ServedCheckpoint;
  let folder = "";
  let url = "";
  before(async () => {
    browser = await launch();
    served = await ServedCheckpoint.create(tensors(), config);
    served.analysis.enqueue(null);
    await served.compute();
    folder = await mkdtemp(join(tmpdir(), "report-"));
    const { analysis } = served;
    const pieces = htmlReport({
      engine: { version: "1.2.3", adapter: "an adapter", backend: "vulkan", software: false },
      checkpoints: [
        {
          analysis,
          ids: analysis.matrices.map(({ id }) => id),
          vectors: false,
          products: [],
          problems: analysis.findings({ severity: {}, silence: [] }),
        },
      ],
      draw: null,
      failures: [],
      folder,
    });
    let text = "";
    for await (const piece of pieces) text += piece;
    await writeFile(join(folder, "report.html"), text);
    url = pathToFileURL(join(folder, "report.html")).href;
  });
  after(async () => {
    await browser.close();
    await served.close();
    await rm(folder, { recursive: true });
  });

  /** Opens it, and collects whatever else it asks for and complains of. */
  async function open(colorScheme: "light" | "dark"): Promise<{ page: Page; asked: string[]; complaints: string[] }> {
    const context = await browser.newContext({ colorScheme, viewport: { width: 1180, height: 900 } });
    const page = await context.newPage();
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    page.on("console", (message) => complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto(url);
    return { page, asked, complaints };
  }

  for (const scheme of ["light", "dark"] as const) {
    it(`is whole and readable by itself, ${scheme}`, async () => {
      const { page, asked, complaints } = await open(scheme);
      const folder = process.env["SPECTRUM_PICTURES"];
      if (folder !== undefined) await page.screenshot({ path: join(folder, `report-${scheme}.png`), fullPage: true });
      assert.deepEqual(asked, [url]);
      assert.match(await page.title(), / \/ model\.safetensors · Safetensors Spectrum$/);
      assert.match(
        await page.locator(".lead").innerText(),
        /^20 of \d+ matrices stand out from random initialisation\. /,
      );
      assert.ok((await page.locator(".findings li", { hasText: "lm_head.weight" }).count()) > 0);
      assert.equal(await page.locator(".findings li", { hasText: hostileNames.html }).count(), 1);
      // Pictures of what has findings and of what was learned, each in words too.
      assert.ok((await page.locator(".spectrum").count()) >= 8);
      for (const label of await page
        .locator("svg[role=img]")
        .evaluateAll((all) => all.map((each) => each.getAttribute("aria-label")))) {
        assert.ok(label !== null && label.length > 5);
      }
      assert.equal(await page.locator(".spectrum figure").count(), 2 * (await page.locator(".spectrum").count()));
      // The style is the one that the policy knows.
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(ground, scheme === "light" ? "rgb(255, 255, 255)" : "rgb(20, 23, 28)");
      assert.deepEqual(complaints, []);
      await page.evaluate(axe.source);
      const { violations } = await page.evaluate(() =>
        (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      );
      const findings = violations
        .filter(({ impact }) => impact === "serious" || impact === "critical")
        .map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
      assert.deepEqual(findings, []);
      await page.context().close();
    });
  }

  it("shows another metric of the map by mouse and by keyboard, and its numbers on demand", async () => {
    const { page } = await open("light");
    const map = page.locator(".tabs svg.heat:visible");
    assert.match((await map.getAttribute("aria-label"))!, /^Effective rank ÷ noise by role and layer, from/);
    assert.equal(await map.locator("rect").count(), 5 * 4);
    await page.getByText("Stable rank ÷ noise", { exact: true }).click();
    assert.match((await map.getAttribute("aria-label"))!, /^Stable rank/);
    await page.keyboard.press("ArrowRight");
    assert.match((await map.getAttribute("aria-label"))!, /^Above the bulk/);
    await page.locator(".tabs summary:visible").click();
    assert.equal(await page.locator(".tabs table:visible tbody tr").count(), 5);
    await page.context().close();
  });
});
