/** Heads, singular vectors, parts of fused weights and values, as a person meets them. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { config, llama, norm, query, side, weight } from "./attention.ts";
import { eventually, launch, type View } from "./harness.ts";
import { ServedCheckpoint } from "./server.ts";

describe("heads, vectors and values", () => {
  let browser: Browser;
  let served: ServedCheckpoint;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  async function open(layers = 2): Promise<View> {
    served = await ServedCheckpoint.analysed(llama(layers), config);
    return served.open(browser, { height: 1400 });
  }

  const labels = (view: View): Promise<(string | null)[]> =>
    view.part("head").evaluateAll((cells) => cells.map((cell) => cell.getAttribute("aria-label")));

  it("shows the heads of a block or of a tensor that it is asked for from outside", async () => {
    const view = await open();
    await view.send({ type: "reveal", tensor: "model.layers.1", view: "heads" });
    await view.title("Attention heads of model.layers.1").waitFor();
    assert.equal(await view.row("model.layers.1").count(), 1);
    await view.send({ type: "reveal", tensor: "model.layers.0.self_attn.k_proj.weight", view: "heads" });
    await view.title("Attention heads of model.layers.0").waitFor();
    assert.match(await view.part("head-grid").innerText(), /2 heads of this weight are not analysed yet/);
    await served.close();
  });

  it("analyses the heads of a layer when asked, draws them alike, and leads to each", async () => {
    const view = await open();
    await view.row("model.layers.0").click();
    await view.part("show-heads").click();
    await view.title("Attention heads of model.layers.0").waitFor();
    const facts = await view.part("heads").locator("dl").first().innerText();
    assert.match(
      facts,
      /Query heads\s+4\s+Key and value heads\s+2\s+Size of a head\s+16\s+Size known from\s+config\.json/,
    );
    assert.match(await view.part("head-grid").innerText(), /4 heads of this weight are not analysed yet/);
    await view.part("analyse-heads").click();
    await view.part("head").nth(3).waitFor();
    const told = await labels(view);
    assert.equal(told.length, 4);
    assert.match(told[0]!, /^query head 0: (partly )?learned, 1 outlier, rank 90 %: \d+ of 16, noise \d+$/);
    assert.match(told[2]!, /^query head 2: random, 0 outliers/);
    assert.equal(await view.part("head").nth(1).locator("svg rect.series-outlier").count(), 1);
    // No result of a head is counted as a matrix.
    assert.equal(served.analysis.state.done, 10);

    await view.part("switch-heads-table").click();
    const table = view.part("head-grid").locator("tbody tr");
    assert.equal(await table.count(), 4);
    const detail = (await served.analysis.detail(`${query(0)}#head1`))!;
    const cell = table.nth(1).locator("td").nth(5).locator("span").first();
    assert.equal(
      await cell.getAttribute("title"),
      `${detail.metrics.effectiveRank!}\nnoise: ${detail.noise.effectiveRank!}`,
    );
    await table.nth(1).getByRole("button").click();

    await view.title(`Query head 1 of ${query(0)}`).waitFor();
    await view.part("chart-histogram").waitFor();
    assert.equal(await view.part("verdict").getAttribute("data-grade"), detail.grade);
    await view.part("siblings").getByRole("button", { name: "head 2 ›" }).click();
    await view.title(`Query head 2 of ${query(0)}`).waitFor();
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("changes the role by keyboard, and asks only for what that role lacks", async () => {
    const view = await open();
    await view.row("model.layers.1").click();
    await view.part("show-heads").click();
    await view.part("head-role-query").focus();
    await view.page.keyboard.press("Tab");
    await view.page.keyboard.press("Enter");
    await eventually("the keys' heads", async () => (await view.part("head-grid").innerText()).startsWith("Key heads"));
    assert.equal(await view.page.evaluate(() => document.activeElement?.textContent), "Key");
    await view.part("analyse-heads").press("Enter");
    await view.part("head").nth(1).waitFor();
    const asked = await view.posts("analyseHeads");
    assert.deepEqual(asked.tensors, ["model.layers.1.self_attn.k_proj.weight"]);
    assert.equal((await labels(view)).length, 2);
    await served.close();
  });

  it("shows every head of the model as a map of a metric or of grades, which leads to the heads", async () => {
    const view = await open(3);
    await view.part("show-heads").click();
    await view.title("Attention heads").waitFor();
    assert.match(await view.part("head-map").innerText(), /None of 36 heads are analysed/);
    await view.part("analyse-all-heads").click();
    const cell = view.part("head-map").getByRole("gridcell", { name: "head 1, layer 2:" });
    await view
      .part("head-map")
      .getByRole("gridcell", { name: /^head 1, layer 2: × [\d.]+$/ })
      .waitFor();
    assert.equal(await view.part("head-map").getByRole("gridcell").count(), 12);

    await view.part("head-metric").selectOption("stableRank");
    await view.part("switch-heads-ratio").click();
    const stable = (await served.analysis.detail(`${query(2)}#head1`))!.metrics.stableRank!;
    await eventually("the stable rank", async () =>
      ((await cell.getAttribute("aria-label")) ?? "").endsWith(`: ${stable.toPrecision(3)}`),
    );
    await view.part("head-metric").selectOption({ label: "Grade" });
    const third = view.part("head-map").getByRole("gridcell", { name: "head 2, layer 0: random" });
    await third.waitFor();
    await cell.focus();
    await view.page.keyboard.press("ArrowDown");
    assert.match(
      (await view.page.evaluate(() => document.activeElement?.getAttribute("aria-label"))) ?? "",
      /^head 2, layer 2/,
    );
    await view.page.keyboard.press("Enter");
    await view.title(`Query head 2 of ${query(2)}`).waitFor();
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("says where there are no heads, and what cannot be read", async () => {
    served = await ServedCheckpoint.create({ a: weight(side, 1) }, {});
    served.refusals.set("portions", "The checkpoint is not open.");
    let view = await served.open(browser);
    assert.equal(await view.part("show-heads").count(), 0);
    await served.close();
    view = await open();
    await view.row(query(0)).click();
    served.refusals.set("analyseHeads", "The GPU is gone.");
    await view.part("analyse-heads").click();
    await view.part("head-grid").getByText("The GPU is gone.").waitFor();
    await served.close();
  });

  it("tests singular vectors when asked, and shows each p-value beside noise", async () => {
    const view = await open();
    await view.row(query(0)).click();
    await view.part("analyse-vectors").click();
    await view.part("chart-vectors-left").waitFor();
    const { pValues, left } = (await served.analysis.detail(query(0)))!.vectors!;
    await view.part("switch-chart-vectors-left-table").click();
    const rows = view.part("chart-vectors-left-table").locator("tbody tr");
    // The vector of the null space is not among them.
    assert.equal(await rows.count(), side - 1);
    assert.equal(await rows.nth(0).locator("td").nth(1).innerText(), "6.7 × 10⁻⁴");
    assert.equal(pValues.left[side - 1], null);
    const note = await view.part("chart-vectors-left").locator(".chart-note").innerText();
    assert.ok(note.includes(`Mean p ${left.meanP!.toPrecision(3)}, noise 0.564; below .05: 6.3 %, noise 3.9 %`), note);
    assert.match(
      (await view.part("chart-vectors-right").locator("canvas").getAttribute("aria-label")) ?? "",
      /^p-values of 63 right/,
    );
    assert.equal(await view.part("localisation").locator("tbody tr").count(), 2);
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("copies a program that draws a head, and several matrices together", async () => {
    const view = await open();
    served.analysis.enqueue([`${query(0)}#head1`]);
    await served.compute();
    await view.send({ type: "results", results: served.analysis.results, state: served.analysis.state });
    await view.row(query(0)).click();
    await view.part("head").nth(0).click();
    const actions = view.part("chart-histogram").getByTestId("chart-actions");
    await actions.click();
    await view.part("chart-histogram").getByTestId("copy-python").click();
    await eventually("the head's program", () => served.copied.includes(".reshape(-1, 64)[16:32]"));
    await view.part("chart-histogram").getByText("Copied").waitFor({ state: "attached" });
    await actions.locator(".icon-check").waitFor();

    await view.row(query(0)).click();
    await view.row(query(1)).click({ modifiers: ["ControlOrMeta"] });
    await view.part("chart-overlay").getByTestId("chart-actions").click();
    await view.part("chart-overlay").getByTestId("copy-python").click();
    await eventually("the program of both", () => served.copied.split('read("').length === 3);

    served.refusals.set("copyPython", "A short program cannot read these numbers.");
    await view.part("chart-overlay").getByTestId("chart-actions").click();
    await view.part("chart-overlay").getByTestId("copy-python").click();
    await view.part("chart-overlay").getByText("A short program cannot read these numbers.").first().waitFor();
    await served.close();
  });

  it("lays a freshly drawn spectrum over the values", async () => {
    const view = await open();
    await view.row(query(0)).click();
    await view.part("draw").click();
    await view.part("chart-values").getByText("a fresh matrix").waitFor();
    await view.part("switch-chart-values-table").click();
    const headings = await view.part("chart-values-table").locator("thead th").allInnerTexts();
    assert.deepEqual(headings, ["Index", "Value", "Noise", "Part", "Fresh"]);
    assert.match(await view.part("draw-card").innerText(), /Seed 1: N\(0, /);
    await view.part("draw").click();
    await view
      .part("draw-card")
      .getByText(/Seed 2/)
      .waitFor();
    await served.close();
  });

  it("shows values as colours and as numbers, of any slice that is typed", async () => {
    const view = await open();
    await view.row(query(0)).click();
    const map = view.part("preview").locator("canvas");
    await map.waitFor();
    assert.match((await map.getAttribute("aria-label")) ?? "", /^48 rows and 48 columns/);
    await map.focus();
    await view.page.keyboard.press("ArrowRight");
    await view.page.keyboard.press("ArrowRight");
    const path = served.analysis.checkpoint.files[0]!.path;
    const tensor = served.analysis.checkpoint.tensors.find(({ name }) => name === query(0))!;
    const { readEntries } = await import("../../server/checkpoint/entries.ts");
    const at = async (row: number, column: number): Promise<number> =>
      (
        await readEntries(path, tensor, {
          offset: row * side + column,
          rows: 1,
          columns: 1,
          rowStride: 0,
          columnStride: 0,
        })
      ).values[0]!;
    assert.match(await view.part("preview").locator(".heat-read-out").innerText(), /^\[0, 1\]/);
    assert.ok((await view.part("preview").locator(".heat-read-out").innerText()).endsWith(String(await at(0, 1))));

    await view.part("switch-preview-numbers").click();
    await view.part("preview-rows").fill("-2:");
    await view.part("preview-rows").press("Enter");
    await view.part("preview-columns").fill("::16");
    await view.part("preview-columns").press("Enter");
    const table = view.part("preview-table");
    await eventually("the last two rows", async () => (await table.locator("tbody tr").count()) === 2);
    await eventually("every 16th column", async () => (await table.locator("thead th").count()) === 5);
    assert.deepEqual(await table.locator("thead th").allInnerTexts(), ["", "0", "16", "32", "48"]);
    const cell = table.locator("tbody tr").nth(1).locator("td").nth(3).locator("span");
    assert.equal(await cell.getAttribute("title"), String(await at(side - 1, 32)));

    await view.part("preview-rows").fill("70");
    await view.part("preview-rows").press("Enter");
    await view.part("preview").getByText("There is no place 70 on a side of 64.").waitFor();
    await view.part("preview-rows").fill("3");
    await view.part("preview-rows").press("Enter");
    await eventually("one row", async () => (await table.locator("tbody tr").count()) === 1);
    await view.part("preview-actions").click();
    await view.part("preview-save").click();
    const saved = await view.posts("save");
    const [heading, line] = saved.content.split("\r\n");
    assert.equal(heading, "row,0,16,32,48");
    assert.equal(line!.split(",")[2], String(await at(3, 16)));
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("draws a vector's entries in runs, with what they amount to", async () => {
    const view = await open();
    await view.row(norm).click();
    await view.part("chart-vector").waitFor();
    assert.match(await view.part("vector-facts").innerText(), /Mean\s+1\.30[\s\S]*Minimum\s+1[\s\S]*Maximum\s+1\.6/);
    assert.match(
      await view.part("chart-vector").locator(".chart-note").innerText(),
      /^2,000 entries in 500 runs of 4\.$/,
    );
    await view.part("switch-chart-vector-table").click();
    const first = view.part("chart-vector-table").locator("tbody tr").first();
    assert.deepEqual(await first.locator("td").allInnerTexts(), ["0 – 3", "1.15", "1", "1.30"]);
    await served.close();
  });

  it("shows the parts of a fused weight, and leads to the spectrum of each", async () => {
    const fused = "model.layers.0.self_attn.qkv_proj.weight";
    const gate = "model.layers.0.mlp.gate_up_proj.weight";
    served = await ServedCheckpoint.create(
      { [fused]: weight(2 * side, 1), [gate]: weight(2 * side, 2) },
      { ...config, model_type: "phi3" },
    );
    served.analysis.enqueue(null);
    await served.compute();
    const view = await served.open(browser, { height: 1600 });
    await view.row(fused).click();
    await view.part("parts").waitFor();
    const rows = view.part("part");
    assert.deepEqual(
      await rows.evaluateAll((all) => all.map((row) => [row.children[0]!.textContent, row.children[1]!.textContent])),
      [
        ["query", "64 × 64"],
        ["key", "32 × 64"],
        ["value", "32 × 64"],
      ],
    );
    await view.part("analyse-parts").click();
    await rows.nth(1).locator(".badge:not(.tone-pending)").waitFor();
    await rows.nth(1).getByRole("button").click();
    await view.title(`Key part of ${fused}`).waitFor();
    await view.part("chart-histogram").waitFor();
    assert.equal(
      await view.part("metrics").locator('[data-metric="stableRank"] td').first().getAttribute("title"),
      String((await served.analysis.detail(`${fused}#key`))!.metrics.stableRank),
    );
    await view.row(gate).click();
    await eventually("both halves", async () => (await view.part("part").count()) === 2);
    await view.part("part").nth(1).getByRole("button", { name: "up" }).click();
    await view.part("analyse-portion").click();
    await view.part("verdict").waitFor();
    assert.deepEqual(view.errors, []);
    await served.close();
  });
});
