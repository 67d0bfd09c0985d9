/** One metric over the whole checkpoint: the heat map, the profile and the ranking of the overview. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { base64Floats } from "../../server/analysis/floats.ts";
import type { MatrixDetail } from "../../server/protocol.ts";
import { analysisState, catalogue, detailOf, llama, resultOf } from "./checkpoints.ts";
import { eventually, launch, View } from "./harness.ts";

describe("one metric over the whole checkpoint", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  const model = catalogue(llama(3));
  const details = model.tensors
    .filter(({ matrices }) => matrices > 0)
    .map(({ name, layer }, index): MatrixDetail => detailOf(name, layer !== 1, 5 * index + 1));

  /** @param known those whose numbers are told; the results unless told otherwise */
  function open(
    results: readonly MatrixDetail[],
    width = 1280,
    known: ReadonlySet<MatrixDetail> = new Set(results),
  ): Promise<View> {
    return View.showing(
      browser,
      { catalogue: model, results, state: analysisState("done", results.length, details.length) },
      {
        width,
        height: 1600,
        matrix: (id) => details.find((detail) => detail.id === id) ?? null,
        metric: (metric) => ({
          values: base64Floats(details.map((detail) => (known.has(detail) ? detail.metrics[metric] : null) ?? NaN)),
          noise: base64Floats(details.map((detail) => (known.has(detail) ? detail.noise[metric] : null) ?? NaN)),
        }),
      },
    );
  }

  it("shows a role and layer heat map that leads to the matrices", async () => {
    const view = await open(details);
    const map = view.part("heat-map");
    await map.waitFor();
    assert.deepEqual(await map.locator("tbody th").allTextContents(), [
      "query",
      "key",
      "value",
      "output",
      "gate",
      "up",
      "down",
    ]);
    assert.equal(await map.locator(".heat-cell").count(), 21);
    const colours = await map
      .locator("tbody tr")
      .first()
      .locator("td")
      .evaluateAll((cells) => cells.map((cell) => getComputedStyle(cell).backgroundColor));
    assert.equal(new Set(colours).size, 3);

    const key = details.find(({ id }) => id === "model.layers.1.self_attn.k_proj.weight")!;
    const cell = map.locator("tbody tr").nth(1).locator("td").nth(1);
    await cell.hover();
    const read = await map.locator(".heat-read-out").innerText();
    assert.match(read, /^key, layer 1/);
    assert.ok(read.includes(key.metrics.effectiveRank!.toPrecision(3)), read);
    // By keyboard: from the first cell, one to the right and one down.
    await map.locator('[tabindex="0"]').focus();
    await view.page.keyboard.press("ArrowRight");
    await view.page.keyboard.press("ArrowDown");
    await view.page.keyboard.press("Enter");
    await view.title(key.id).waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("takes new numbers into the cells that are there", async () => {
    const last = details.find(({ id }) => id === "model.layers.2.mlp.down_proj.weight")!;
    const known = new Set(details.filter((detail) => detail !== last));
    const view = await open([...known], 1280, known);
    const map = view.part("heat-map");
    const unknown = map.locator(".heat-unknown");
    await unknown.waitFor();
    const before = await unknown.getAttribute("aria-label");
    await unknown.hover();
    assert.match(await map.locator(".heat-read-out").innerText(), /^down, layer 2\s+not known$/);
    const cells = await map.locator("[role=gridcell]").elementHandles();
    const kept = await unknown.elementHandle();
    known.add(last);
    await view.send({
      type: "results",
      results: [resultOf(last)],
      state: analysisState("done", details.length, details.length),
    });
    await unknown.waitFor({ state: "detached" });
    assert.notEqual(await kept.getAttribute("aria-label"), before);
    // What was read out while it was pointed at is what is known now.
    const number = last.metrics.effectiveRank!.toPrecision(3);
    assert.ok((await map.locator(".heat-read-out").innerText()).includes(number));
    assert.notEqual(await kept.evaluate((cell) => (cell as HTMLElement).style.background), "");
    assert.equal(cells.length, 21);
    for (const cell of cells) assert.ok(await cell.evaluate(({ isConnected }) => isConnected));
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("is no wider than its pane", async () => {
    for (const width of [700, 1000, 1280]) {
      const view = await open(details, width);
      await view.part("heat-map").waitFor();
      const beyond = await view.part("detail").evaluate((pane) => pane.scrollWidth - pane.clientWidth);
      assert.equal(beyond, 0, `${beyond} pixels wider at ${width}`);
      await view.close();
    }
  });

  it("shows another metric on demand, remembers it, and says the same in the profile's table", async () => {
    const view = await open(details);
    await view.part("metric-select").selectOption("energy90");
    await view.posts("metric", ({ metric }) => metric === "energy90");
    await view.part("switch-across-ratio").click();
    const table = view.part("chart-profile-table").locator("tbody tr");
    const query = details.find(({ id }) => id === "model.layers.0.self_attn.q_proj.weight")!;
    await eventually(
      "the metric itself",
      async () => (await table.first().locator("td").nth(1).textContent()) === String(query.metrics.energy90),
    );
    assert.equal(await table.count(), 3);
    // Drawn, not only listed.
    const drawn = await view
      .part("chart-profile")
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value) => value !== 0);
      });
    assert.ok(drawn);
    await eventually("the choice to be kept", () =>
      view.page.evaluate(() => sessionStorage.getItem("state")?.includes('"energy90"') === true),
    );
    await view.close();
  });

  it("ranks matrices in the order one clicks", async () => {
    const view = await open(details);
    const ratios = async (): Promise<number[]> =>
      (await view.part("ranking").locator("tbody tr td:nth-child(4)").allTextContents()).map((text) =>
        Number(text.replace("× ", "")),
      );
    await view.part("ranking").waitFor();
    const ascending = await ratios();
    assert.deepEqual(
      ascending,
      [...ascending].sort((a, b) => a - b),
    );
    assert.equal(ascending.length, details.length);
    await view.part("sort-ratio").click();
    assert.deepEqual(await ratios(), [...ascending].reverse());
    const first = view.part("ranking").locator("tbody tr").first();
    assert.match(await first.innerText(), /model\.layers\.1\..*random/su);
    await first.getByRole("button").click();
    await view.title(/^model\.layers\.1\./).waitFor();
    await view.close();
  });

  it("waits for the first results, and fills in as they come", async () => {
    const view = await open([]);
    assert.equal(await view.part("across").isVisible(), false);
    assert.equal(
      view.posted.some(({ type }) => type === "metric"),
      false,
    );
    await view.send({
      type: "results",
      results: details.slice(0, 3).map(resultOf),
      state: analysisState("running", 3, details.length),
    });
    await view.posts("metric");
    await view.close();
  });
});
