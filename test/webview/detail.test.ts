import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { MatrixDetail } from "../../server/protocol.ts";
import { analysisState, catalogue, checkpointOf, detailOf, engine, llama, resultOf } from "./checkpoints.ts";
import { eventually, launch, View, type ViewOptions } from "./harness.ts";

const query = "model.layers.0.self_attn.q_proj.weight";
const key = "model.layers.0.self_attn.k_proj.weight";

describe("details", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  async function openLlama(details: readonly MatrixDetail[], options: ViewOptions = {}): Promise<View> {
    const view = await View.open(browser, {
      matrix: (id) => details.find((detail) => detail.id === id) ?? null,
      ...options,
    });
    await view.send({
      type: "catalogue",
      catalogue: catalogue(llama(2)),
      results: details.map(resultOf),
      state: analysisState("running", details.length, 16),
      engine,
      file: 0,
    });
    await view.row(query).waitFor();
    return view;
  }

  const tableOf = (view: View, chart: string): Promise<string[][]> =>
    view
      .part(`${chart}-table`)
      .locator("tbody tr")
      .evaluateAll((rows) => rows.map((row) => [...row.children].map((cell) => cell.textContent)));

  it("saves a chart as a picture, and its table with every number", async () => {
    const detail = detailOf(query, true, 1);
    const view = await openLlama([detail]);
    await view.row(query).click();
    const chart = view.part("chart-values");
    await chart.getByTestId("chart-actions").click();
    await chart.getByTestId("save-png").click();
    const picture = await view.posts("save", ({ format }) => format === "png");
    assert.equal(picture.name, `${query} Singular values by index`);
    const size = await view.page.evaluate(async (content) => {
      const image = new Image();
      image.src = `data:image/png;base64,${content}`;
      await image.decode();
      return { width: image.naturalWidth, height: image.naturalHeight };
    }, picture.content);
    const canvas = (await chart.locator("canvas").boundingBox())!;
    assert.ok(size.width > canvas.width && size.height > canvas.height, JSON.stringify(size));

    await view.part("switch-chart-values-table").click();
    await chart.getByTestId("chart-actions").click();
    await chart.getByTestId("save-csv").click();
    const table = await view.posts("save", ({ format }) => format === "csv");
    const [heading, ...lines] = table.content.trimEnd().split("\r\n");
    assert.equal(heading, "index,singular value,noise");
    assert.deepEqual(
      lines.map((line) => Number(line.split(",")[1])),
      detail.singularValues,
    );
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("shows verdict, charts with their numbers, metrics and entries of a matrix", async () => {
    const detail = detailOf(query, true, 1);
    const view = await openLlama([detail]);
    await view.row(query).click();
    await view.part("chart-values").waitFor();

    assert.equal(await view.part("verdict").getAttribute("data-grade"), detail.grade);
    assert.notEqual(detail.grade, "random");
    assert.match(await view.part("verdict").innerText(), new RegExp(detail.reason.slice(1, 20)));

    // The energy's table says what the metrics say.
    const energy = await tableOf(view, "chart-energy");
    assert.equal(energy.length, 65);
    assert.ok(Number.parseFloat(energy[detail.metrics.energy90!]![1]!) >= 90);
    assert.ok(Number.parseFloat(energy[detail.metrics.energy90! - 1]![1]!) < 90);

    // The histogram's bars add up to all singular values, and the noise beside them to nearly as many.
    const bars = await tableOf(view, "chart-histogram");
    const counts = bars.map(([, , count]) => Number(count));
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      64,
    );
    const noise = bars.map(([, , , expected]) => Number(expected)).reduce((sum, expected) => sum + expected, 0);
    assert.ok(Math.abs(noise - 64) < 0.5, `noise adds up to ${noise}`);
    const above = bars
      .filter(([, , , , part]) => part === "above the bulk")
      .reduce((sum, [, , count]) => sum + Number(count), 0);
    assert.equal(above, detail.metrics.outliersRight);
    // Bars and curve are drawn, not only listed.
    const colours = await view
      .part("chart-histogram")
      .locator("canvas")
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set<string>();
        for (let k = 0; k < data.length; k += 4)
          if (data[k + 3] === 255) seen.add(`${data[k]!},${data[k + 1]!},${data[k + 2]!}`);
        return [...seen];
      });
    for (const colour of ["55,148,255", "209,134,22", "204,204,204"]) assert.ok(colours.includes(colour), colour);

    const values = await tableOf(view, "chart-values");
    assert.equal(values.length, 64);
    assert.ok(Math.abs(Number(values[0]![1]) / detail.singularValues[0]! - 1) < 0.005);
    assert.equal(values[0]![3], "outlier");

    const row = view.part("metrics").locator('[data-metric="stableRank"]');
    assert.equal(await row.locator("td").nth(0).getAttribute("title"), String(detail.metrics.stableRank));
    assert.equal(await row.locator("td").nth(1).getAttribute("title"), String(detail.noise.stableRank));
    await row.getByRole("button", { name: "What is Stable rank?" }).click();
    await view.page.getByText("the whole energy in units of the strongest direction").waitFor();
    assert.match(await view.part("entries").innerText(), /Standard deviation/);

    await view.part("tests").locator("summary").click();
    assert.equal(await view.part("tests").locator("tbody tr").count(), detail.verdict.tests.length);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("gives charts a label, and their numbers as a table on demand", async () => {
    const view = await openLlama([detailOf(query, true, 1)]);
    await view.row(query).click();
    const chart = view.part("chart-histogram");
    const image = chart.getByRole("img");
    assert.match(
      (await image.getAttribute("aria-label")) ?? "",
      /Histogram of 64 singular values from .* Marchenko–Pastur bulk/,
    );
    assert.equal(await view.part("chart-histogram-table").isVisible(), false);
    await view.part("switch-chart-histogram-table").click();
    assert.equal(await view.part("chart-histogram-table").isVisible(), true);
    assert.equal(await image.isVisible(), false);
    await view.part("switch-chart-histogram-table").click();
    assert.equal(await image.isVisible(), true);

    // A logarithmic axis has other bins, which hold the same values.
    const linear = await tableOf(view, "chart-histogram");
    await view.part("switch-histogram-log").click();
    assert.equal(await view.part("switch-histogram-log").getAttribute("aria-pressed"), "true");
    const logarithmic = await tableOf(view, "chart-histogram");
    assert.notDeepEqual(logarithmic, linear);
    assert.equal(
      logarithmic.reduce((sum, [, , count]) => sum + Number(count), 0),
      64,
    );
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("waits for a result and fills in when it arrives; of the tree only the badge changes", async () => {
    const detail = detailOf(query, false, 2);
    let known = false;
    const view = await openLlama([], { matrix: (id) => (known && id === query ? detail : null) });
    await view.row(query).click();
    await view.part("waiting").getByText("Computing the spectrum …").waitFor();
    assert.equal(await view.part("progress").getAttribute("data-done"), "0");
    const line = await view.row(query).elementHandle();

    known = true;
    await view.send({ type: "results", results: [resultOf(detail)], state: analysisState("running", 1, 16) });
    await view.part("verdict").waitFor();
    assert.equal(await view.part("verdict").getAttribute("data-grade"), "random");
    assert.equal(await view.row(query).getAttribute("data-grade"), "random");
    assert.equal(await view.row("model.layers.0").getAttribute("data-grade"), "random");
    assert.match(await view.row("model.layers.0").innerText(), /1 random/);
    assert.equal(await line.evaluate((element) => element.isConnected), true, "the line stayed");
    assert.equal(await view.part("progress").getAttribute("data-done"), "1");
    assert.match(await view.part("progress").innerText(), /1 of 16/);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("ignores an answer that comes after the selection moved on", async () => {
    const details = [detailOf(query, true, 1), detailOf(key, false, 2)];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const view = await openLlama(details, {
      matrix: async (id) => {
        if (id === query) await held;
        return details.find((detail) => detail.id === id) ?? null;
      },
    });
    await view.row(query).click();
    await view.posts("matrix", ({ matrix }) => matrix === query);
    await view.row(key).click();
    await view.part("verdict").waitFor();
    release();
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal(await view.part("verdict").getAttribute("data-grade"), "random");
    await view.title(/k_proj/).waitFor();
    await view.close();
  });

  it("says why a request failed, and tries again when asked to", async () => {
    const detail = detailOf(query, true, 1);
    let broken = true;
    const view = await openLlama([detail], {
      matrix: () => {
        if (broken) throw new Error("The language server is restarting.");
        return detail;
      },
    });
    await view.row(query).click();
    await view.part("failure").getByText("The language server is restarting.").waitFor();
    broken = false;
    await view.page.getByRole("button", { name: "Try again" }).click();
    await view.part("verdict").waitFor();
    assert.equal(await view.part("failure").count(), 0);
    await view.close();
  });

  it("offers what can be done: analyse, pause, resume, cancel", async () => {
    const view = await openLlama([], { estimate: () => ({ matrices: 1, seconds: 12, long: false }) });
    await view.row(query).click();
    const act = view.part("analyse");
    assert.equal(await act.innerText(), "Pause");
    await act.click();
    await view.posts("command", ({ command }) => command === "pause");
    await view.send({
      type: "results",
      results: [],
      state: { phase: "paused", done: 3, total: 16, estimatedSeconds: 400 },
    });
    await view.part("progress").getByText("Paused at 3 of 16 · about 7 minutes left").waitFor();
    await act.click();
    await view.posts("command", ({ command }) => command === "resume");
    await view.part("cancel").click();
    await view.posts("command", ({ command }) => command === "cancel");
    await view.send({ type: "results", results: [], state: analysisState("cancelled", 3, 16) });
    await view.part("waiting").getByRole("button", { name: "Resume" }).click();
    await view.posts("command", ({ command }) => command === "analyse");
    await view.send({
      type: "results",
      results: [],
      state: { phase: "waiting", done: 0, total: 16, estimatedSeconds: 190 },
    });
    await view.part("waiting").getByText("about 3 minutes").waitFor();
    await view.part("waiting").getByText("about 12 seconds").waitFor();
    await view.part("analyse-tensor").click();
    await view.posts("analyse", ({ tensor }) => tensor === query);
    await view.posts("estimate", ({ matrices }) => matrices.length === 1 && matrices[0] === query);
    await view.page.getByRole("button", { name: "Open the outline document" }).click();
    await view.posts("command", ({ command }) => command === "outline");
    await view.close();
  });

  it("says how long a checkpoint takes before it begins, and lets the person decide", async () => {
    const view = await openLlama([]);
    const decision = view.part("decision");
    assert.equal(await decision.count(), 0, "nothing to decide while it runs");
    await view.send({
      type: "results",
      results: [],
      state: { phase: "waiting", done: 0, total: 16, estimatedSeconds: 5400 },
    });
    await decision.getByRole("heading", { name: "Analysing takes about 90 minutes" }).waitFor();
    assert.match(await decision.innerText(), /16 matrices to compute on llvmpipe .*, in software/);
    await decision.getByRole("button", { name: "Choose another GPU" }).click();
    await view.posts("command", ({ command }) => command === "adapter");
    await view.part("decide").click();
    await view.posts("command", ({ command }) => command === "analyse");
    await view.send({ type: "results", results: [], state: analysisState("running", 0, 16) });
    await decision.waitFor({ state: "detached" });
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("explains a missing GPU with its remedy", async () => {
    const view = await openLlama([]);
    await view.row(query).click();
    await view.send({
      type: "engine",
      engine: {
        ...engine,
        phase: "unavailable",
        adapter: null,
        message: "No GPU adapter was found.",
        remedy: "Install a driver.",
      },
    });
    await view.part("engine-problem").getByText("No GPU adapter was found. Install a driver.").waitFor();
    await view.part("waiting").getByText("The spectrum cannot be computed here").waitFor();
    await view.part("engine-problem").getByRole("button", { name: "Log" }).click();
    await view.posts("command", ({ command }) => command === "log");
    await view.close();
  });

  it("lists the tensors of a block, and the findings and metadata of a checkpoint", async () => {
    const details = [detailOf(query, true, 1), detailOf(key, false, 2)];
    const view = await openLlama(details);
    assert.match(await view.part("overview").innerText(), /format\s+pt/);
    const finding = view.part("finding");
    assert.equal(await finding.count(), 1);
    assert.match(await finding.innerText(), /random\s+model\.layers\.0\.self_attn\.k_proj\.weight/);
    await finding.click();
    await view.posts("selected", ({ tensor }) => tensor === key);
    assert.equal(await view.row(key).getAttribute("aria-selected"), "true");

    await view.row("model.layers.1").click();
    await view.part("block-table").waitFor();
    assert.equal(await view.part("block-table").locator("tbody tr").count(), 8);
    await view.page.getByRole("button", { name: "mlp.up_proj.weight" }).click();
    await view.title(/model\.layers\.1\.mlp\.up_proj\.weight/).waitFor();
    await view.page.getByRole("button", { name: "Overview" }).click();
    await view.part("overview").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("says what of a vector cannot be read, and shows the slices of a stack", async () => {
    const stack = "model.layers.0.mlp.experts.gate_up_proj";
    const slice = detailOf(`${stack}[1]`, true, 3, stack);
    const view = await View.open(browser, {
      matrix: (id) => (id === slice.id ? slice : null),
      answer: () => Promise.reject(new Error("The file ends at byte 9.")),
    });
    const described = catalogue(
      checkpointOf([
        { name: stack, shape: [3, 64, 96] },
        { name: "model.norm.weight", shape: [96] },
      ]),
    );
    assert.equal(described.tensors[0]?.matrices, 3, "the architecture sees a stack");
    await view.send({
      type: "catalogue",
      catalogue: described,
      results: [resultOf(slice)],
      state: analysisState("running", 1, 3),
      engine,
      file: 0,
    });
    await view.row("model.norm.weight").click();
    await view.part("failure").getByText("The file ends at byte 9.").waitFor();
    assert.equal(await view.part("chart-histogram").count(), 0);

    await view.row(stack).click();
    await view.posts("focus", ({ ids }) => ids[0] === `${stack}[0]`);
    const slices = view.part("slice");
    await eventually("three slices", async () => (await slices.count()) === 3);
    assert.deepEqual(await slices.evaluateAll((rows) => rows.map((row) => row.getAttribute("data-grade"))), [
      "pending",
      slice.grade,
      "pending",
    ]);
    await slices.nth(1).getByRole("button").click();
    await view.part("chart-histogram").waitFor();
    await view.posts("focus", ({ ids }) => ids[0] === slice.id);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("follows a change of theme, charts included", async () => {
    const view = await openLlama([detailOf(query, true, 1)]);
    await view.row(query).click();
    await view.part("chart-values").waitFor();
    const has = (colour: string): Promise<boolean> =>
      view
        .part("chart-histogram")
        .locator("canvas")
        .evaluate((canvas: HTMLCanvasElement, wanted) => {
          const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
          for (let k = 0; k < data.length; k += 4) {
            if (data[k + 3] === 255 && `${data[k]!},${data[k + 1]!},${data[k + 2]!}` === wanted) return true;
          }
          return false;
        }, colour);
    assert.equal(await has("1,2,200"), false);
    await view.page.evaluate(() => {
      document.documentElement.style.setProperty("--vscode-charts-blue", "rgb(1, 2, 200)");
    });
    await eventually("bars of the new colour", () => has("1,2,200"));
    await view.close();
  });
});
