/** Several matrices side by side: overlays of their spectra, and their metrics beside those of noise. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { formatMetric } from "../../media/model/metric-texts.ts";
import { analysedLlama, analysisState, engine, resultOf } from "./checkpoints.ts";
import { eventually, launch, View } from "./harness.ts";

describe("comparison", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  const { model, details, answers } = analysedLlama(6);
  const id = (layer: number, name: string): string => `model.layers.${layer}.${name}.weight`;
  const detail = (wanted: string): (typeof details)[number] => details.find((each) => each.id === wanted)!;

  const open = (): Promise<View> =>
    View.showing(browser, { catalogue: model, results: details }, { width: 1500, height: 1400, ...answers });

  const isDrawn = (view: View, chart: string): Promise<boolean> =>
    view
      .part(chart)
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) =>
        canvas
          .getContext("2d")!
          .getImageData(0, 0, canvas.width, canvas.height)
          .data.some((value) => value !== 0),
      );

  it("lays the spectra of selected tensors over each other, with their metrics beside noise", async () => {
    const view = await open();
    const chosen = [id(0, "self_attn.q_proj"), id(0, "self_attn.k_proj")];
    await view.row(chosen[0]!).click();
    await view.row(chosen[1]!).click({ modifiers: ["Control"] });
    await view.title("2 matrices side by side").waitFor();
    const chart = view.part("chart-overlay");
    await chart.waitFor();
    assert.ok(await isDrawn(view, "chart-overlay"));
    assert.ok(await isDrawn(view, "chart-overlay-energy"));
    // Roles have their own colours, as everywhere.
    assert.deepEqual(await chart.locator(".legend li").allTextContents(), ["q_proj", "k_proj"]);
    assert.equal(await chart.locator(".legend .series-role-query").count(), 1);

    const line = view.part("compare-table").getByRole("row", { name: /^Effective rank/ });
    const cells = await line.locator("td").allTextContents();
    chosen.forEach((name, index) => {
      const { metrics, noise } = detail(name);
      assert.ok(cells[index]!.startsWith(formatMetric("effectiveRank", metrics.effectiveRank)), cells[index]);
      const ratio = metrics.effectiveRank! / noise.effectiveRank!;
      assert.ok(cells[index]!.includes(`× ${ratio.toPrecision(3)}`), cells[index]);
    });

    // Over the largest of each, as numbers.
    await view.part("switch-overlay-normalised").click();
    await view.part("switch-chart-overlay-table").click();
    const first = view.part("chart-overlay-table").locator("tbody tr").first().locator("td");
    assert.deepEqual(await first.allTextContents(), ["1", "1", "1"]);
    await chart.getByTestId("chart-actions").click();
    await chart.getByTestId("save-csv").click();
    const { content } = await view.posts("save", ({ format }) => format === "csv");
    const lines = content.trim().split("\r\n");
    assert.equal(lines[0], "position,q_proj,k_proj");
    assert.equal(lines.length, 1 + 64);
    const values = detail(chosen[0]!).singularValues;
    assert.ok(Math.abs(Number(lines[2]!.split(",")[1]) - values[1]! / values[0]!) < 1e-6);

    await view.part("save-metrics").click();
    const table = await view.posts("save", ({ name }) => name.endsWith("metrics"));
    assert.match(table.content, /^matrix,rows,columns,grade,effectiveRank,effectiveRank of noise,/);
    // Each leads to its matrix.
    await view.part("compare-table").getByRole("button", { name: "k_proj" }).click();
    await view.title(chosen[1]!).waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("compares one role over the layers, all or the first and the last", async () => {
    const view = await open();
    await view.row(id(0, "self_attn.q_proj")).click();
    await view.page.getByRole("button", { name: "Compare query over layers" }).click();
    await view.title("query · model.layers over layers").waitFor();
    await view.part("chart-overlay").waitFor();
    // A scale tells the layers.
    assert.equal(await view.part("chart-overlay").locator(".legend .scale").innerText(), "layers.0\nlayers.5");
    const rows = view.part("compare-table").locator("tbody tr");
    assert.equal(await rows.count(), 6);
    assert.match(await rows.nth(1).innerText(), /^layers\.1\s+64 × 96\s+random/);
    await view.part("ends-2").click();
    await eventually("four layers", async () => (await view.part("compare-table").locator("thead th").count()) === 5);
    assert.equal(await view.part("ends-2").getAttribute("aria-pressed"), "true");
    // What is looked at is computed first.
    await view.posts(
      "focus",
      ({ ids }) => ids[0] === id(0, "self_attn.q_proj") && ids.includes(id(5, "self_attn.q_proj")),
    );
    // The choice is kept when the editor is hidden and shown.
    await eventually("the selection to be kept", () =>
      view.page.evaluate(() => sessionStorage.getItem("state")?.includes('"ends":2') === true),
    );
    await view.close();
  });

  it("leads there from the heat map of the overview", async () => {
    const view = await open();
    await view.part("heat-map").getByRole("button", { name: "down" }).click();
    await view.title("down over layers").waitFor();
    await view.close();
  });

  it("waits for what is not analysed, and says so", async () => {
    const known = new Set<string>();
    const view = await View.open(browser, {
      ...answers,
      spectra: (ids, points) =>
        answers.spectra(
          ids.filter((each) => known.has(each)),
          points,
        ),
    });
    await view.send({
      type: "catalogue",
      catalogue: model,
      results: [],
      state: analysisState("running", 0, details.length),
      engine,
      file: 0,
    });
    const chosen = [id(0, "self_attn.q_proj"), id(0, "self_attn.k_proj")];
    await view.row(chosen[0]!).click();
    await view.row(chosen[1]!).click({ modifiers: ["Control"] });
    await view.part("waiting").waitFor();
    known.add(chosen[0]!);
    await view.send({
      type: "results",
      results: [resultOf(detail(chosen[0]!))],
      state: analysisState("running", 1, details.length),
    });
    await view.part("chart-overlay").waitFor();
    await view.page.getByText("1 matrix without a spectrum, so far, is left out.").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });
});
