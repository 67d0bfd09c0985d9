/** The widths of the tree's columns: dragged, moved by keyboard, fitted, and never at the cost of another column. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { catalogue, llama } from "./checkpoints.ts";
import { launch, View } from "./harness.ts";

const query = "model.layers.0.self_attn.q_proj.weight";

describe("columns of the tree", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  const open = (width = 1600): Promise<View> =>
    View.showing(browser, { catalogue: catalogue(llama(2)), results: [] }, { width });

  const widthOf = (view: View, column: string, row = query): Promise<number> =>
    view
      .row(row)
      .locator(`.cell-${column}`)
      .evaluate((cell) => cell.getBoundingClientRect().width);

  const told = async (view: View, column: string, what: "now" | "min" | "max"): Promise<number> =>
    Number(await view.part(`tree-sash-${column}`).getAttribute(`aria-value${what}`));

  async function drag(view: View, column: string, by: number): Promise<void> {
    const box = (await view.part(`tree-sash-${column}`).boundingBox())!;
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    await view.page.mouse.move(x, y);
    await view.page.mouse.down();
    await view.page.mouse.move(x + by / 2, y, { steps: 3 });
    await view.page.mouse.move(x + by, y, { steps: 3 });
    await view.page.mouse.up();
  }

  it("follow the pointer, and take what they gain from the names", async () => {
    const view = await open();
    const [shape, name] = [await widthOf(view, "shape"), await widthOf(view, "name")];
    const edge = (await view.part("tree-sash-shape").boundingBox())!.x;
    await drag(view, "shape", -40);
    assert.equal(await widthOf(view, "shape"), shape + 40);
    assert.equal(await widthOf(view, "name"), name - 40);
    assert.equal((await view.part("tree-sash-shape").boundingBox())!.x, edge - 40);
    assert.equal(await told(view, "shape", "now"), shape + 40);
    // Headings and lines have the same edges; dragging is no click on a heading.
    const head = view.page.locator(".tree-columns .cell-shape");
    assert.equal((await head.boundingBox())!.width, shape + 40);
    assert.equal(await head.getAttribute("aria-sort"), "none");
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("stop before another column would have to go", async () => {
    const view = await open();
    const columns = (): Promise<string[]> => view.page.locator(".tree-columns [role=columnheader]").allInnerTexts();
    const before = await columns();
    await drag(view, "dtype", -500);
    assert.deepEqual(await columns(), before);
    assert.equal(await told(view, "dtype", "now"), await told(view, "dtype", "max"));
    await drag(view, "dtype", 700);
    assert.equal(await widthOf(view, "dtype"), await told(view, "dtype", "min"));
    await view.close();
  });

  it("are moved by keyboard as the edge that is seen, and fitted to what is in them", async () => {
    const view = await open();
    const sash = view.part("tree-sash-grade");
    assert.equal(await sash.getAttribute("role"), "separator");
    assert.equal(await sash.getAttribute("aria-label"), "Width of the column Grade");
    const before = await told(view, "grade", "now");
    await sash.press("ArrowLeft");
    assert.equal(await widthOf(view, "grade"), before + 8);
    await sash.press("ArrowRight");
    await sash.press("ArrowRight");
    assert.equal(await widthOf(view, "grade"), before - 8);
    await sash.press("End");
    assert.equal(await widthOf(view, "grade"), await told(view, "grade", "max"));
    await sash.press("Home");
    assert.equal(await widthOf(view, "grade"), await told(view, "grade", "min"));

    const cutOff = (column: string): Promise<number> =>
      view.page
        .locator(`.tree-list .cell-${column}`)
        .evaluateAll((cells) => cells.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth).length);
    await view.part("tree-sash-shape").press("Home");
    assert.notEqual(await cutOff("shape"), 0);
    await view.part("tree-sash-shape").dblclick();
    assert.equal(await cutOff("shape"), 0);
    const fitted = await widthOf(view, "shape");
    await view.part("tree-sash-shape").press("End");
    await view.part("tree-sash-shape").press("Enter");
    assert.equal(await widthOf(view, "shape"), fitted);

    // The menu gives all of them back their widths.
    await view.part("columns").click();
    await view.page.getByRole("button", { name: "Reset" }).click();
    assert.equal(await widthOf(view, "grade"), before);
    assert.deepEqual(view.errors, []);
    await view.close();
  });
});
