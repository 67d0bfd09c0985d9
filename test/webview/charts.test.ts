/** What one can do with any chart: look closer, read it, save it as a picture in vectors. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser, Locator } from "playwright-core";
import { analysedLlama } from "./checkpoints.ts";
import { eventually, launch, View } from "./harness.ts";

describe("charts", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  const { model, details, answers } = analysedLlama(2);
  const name = "model.layers.0.self_attn.q_proj.weight";

  async function open(width = 1280): Promise<{ readonly view: View; readonly chart: Locator }> {
    const view = await View.showing(
      browser,
      { catalogue: model, results: details },
      { width, height: 1100, ...answers },
    );
    await view.row(name).click();
    const chart = view.part("chart-values");
    await chart.waitFor();
    return { view, chart };
  }

  /** The chart as SVG: what it shows can be read in it. */
  async function saved(view: View, chart: Locator): Promise<string> {
    view.posted.length = 0;
    await chart.getByTestId("chart-actions").click();
    await chart.getByTestId("save-svg").click();
    return (await view.posts("save", ({ format }) => format === "svg")).content;
  }

  const labels = (svg: string): string[] => [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!);

  it("saves a drawing in vectors that says and shows what the chart does", async () => {
    const { view, chart } = await open();
    const svg = await saved(view, chart);
    const texts = labels(svg);
    assert.equal(texts[0], "Singular values by index");
    assert.equal(texts[1], name);
    for (const text of ["singular values", "outliers", "expected of noise", "index", "singular value", "60"]) {
      assert.ok(texts.includes(text), `${text} in ${texts.join(", ")}`);
    }
    // It is well formed, a picture of a size, and its line has a point for each value.
    const drawn = await view.page.evaluate((text) => {
      const { documentElement } = new DOMParser().parseFromString(text, "image/svg+xml");
      const lines = [...documentElement.querySelectorAll('path[fill="none"]')].map(
        (path) => (path.getAttribute("d")?.match(/[ML]/g) ?? []).length,
      );
      return { root: documentElement.localName, lines, raster: documentElement.querySelectorAll("image").length };
    }, svg);
    assert.equal(drawn.root, "svg");
    assert.ok(drawn.lines.includes(64), String(drawn.lines));
    assert.equal(drawn.raster, 0);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("has its heading on one line, whatever the width", async () => {
    for (const width of [320, 480, 900, 1280]) {
      const { view, chart } = await open(width);
      const head = chart.locator(".card-head");
      const heights = await head.evaluate((element) => [
        element.clientHeight,
        element.scrollWidth - element.clientWidth,
      ]);
      assert.ok(heights[0]! < 30, `${heights[0]} pixels high at ${width}`);
      assert.equal(heights[1], 0, `its buttons are cut off at ${width}`);
      const inside = await chart.getByTestId("chart-actions").boundingBox();
      const card = await chart.boundingBox();
      assert.ok(inside!.x + inside!.width <= card!.x + card!.width, `the menu is outside at ${width}`);
      await view.close();
    }
  });

  it("says with its menu, by keyboard alone, what can be done", async () => {
    const { view, chart } = await open();
    const trigger = chart.getByTestId("chart-actions");
    await trigger.press("Enter");
    const items = chart.getByRole("menuitem");
    assert.deepEqual(await items.allInnerTexts(), [
      "Save picture as PNG",
      "Save picture as SVG",
      "Save numbers as CSV",
      "Copy Python program",
    ]);
    await view.page.keyboard.press("ArrowUp");
    await view.page.keyboard.press("ArrowUp");
    await view.page.keyboard.press("Enter");
    const { content } = await view.posts("save", ({ format }) => format === "csv");
    assert.equal(content.trim().split("\n").length, 65);
    assert.equal(await items.count(), 0);
    assert.ok(await trigger.evaluate((element) => element === document.activeElement));
    await trigger.press("Enter");
    assert.equal(await items.count(), 4);
    await view.page.keyboard.press("Escape");
    assert.equal(await items.count(), 0);
    // A table has no picture.
    await chart.getByTestId("switch-chart-values-table").click();
    await trigger.click();
    assert.deepEqual(await items.allInnerTexts(), ["Save numbers as CSV", "Copy Python program"]);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("zooms where one drags, and shows all again", async () => {
    const { view, chart } = await open();
    const canvas = chart.locator("canvas");
    const reset = chart.getByTestId("zoom-reset");
    assert.equal(await reset.isVisible(), false);
    const box = (await canvas.boundingBox())!;
    const drag = async (): Promise<void> => {
      await view.page.mouse.move(box.x + 0.3 * box.width, box.y + 0.3 * box.height);
      await view.page.mouse.down();
      await view.page.mouse.move(box.x + 0.45 * box.width, box.y + 0.4 * box.height, { steps: 4 });
      await view.page.mouse.move(box.x + 0.6 * box.width, box.y + 0.7 * box.height, { steps: 4 });
      await view.page.mouse.up();
    };
    await drag();
    await reset.waitFor();
    // The picture shows what is in view.
    assert.ok(!labels(await saved(view, chart)).includes("60"));
    await reset.click();
    await eventually("all of it", async () => labels(await saved(view, chart)).includes("60"));
    assert.equal(await reset.isVisible(), false);
    await drag();
    await reset.waitFor();
    await canvas.dblclick();
    await eventually("all of it again", async () => !(await reset.isVisible()));
    // The wheel scrolls the page, and zooms with Ctrl.
    await canvas.hover();
    await view.page.mouse.wheel(0, -200);
    assert.equal(await reset.isVisible(), false);
    await view.page.keyboard.down("Control");
    await view.page.mouse.wheel(0, -200);
    await view.page.keyboard.up("Control");
    await reset.waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("is read and zoomed by keyboard", async () => {
    const { view, chart } = await open();
    await chart.getByRole("group", { name: /^Singular values by index\. Left and right arrow/ }).focus();
    const status = chart.getByRole("status");
    await view.page.keyboard.press("ArrowRight");
    const { singularValues } = details.find(({ id }) => id === name)!;
    assert.match(await status.innerText(), new RegExp(`^s₁ = ${singularValues[0]!.toPrecision(3)}`));
    await view.page.keyboard.press("ArrowRight");
    assert.match(await status.innerText(), new RegExp(`^s₂ = ${singularValues[1]!.toPrecision(3)}`));
    const reset = chart.getByTestId("zoom-reset");
    await view.page.keyboard.press("+");
    await reset.waitFor();
    await view.page.keyboard.press("Shift+ArrowRight");
    await view.page.keyboard.press("0");
    await eventually("all of it", async () => !(await reset.isVisible()));
    assert.deepEqual(view.errors, []);
    await view.close();
  });
});
