import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import {
  analysedLlama,
  analysisState,
  catalogue,
  checkpointOf,
  engine,
  llama,
  resultOf,
  detailOf,
} from "./checkpoints.ts";
import { eventually, launch, View } from "./harness.ts";

describe("tree", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  async function openLlama(blocks: number): Promise<View> {
    const view = await View.open(browser);
    await view.send({
      type: "catalogue",
      catalogue: catalogue(llama(blocks)),
      results: [],
      state: analysisState("running", 0, 7 * blocks + 2),
      engine,
      file: 0,
    });
    await view.row("model.layers.0").waitFor();
    return view;
  }

  const selectedName = (view: View): Promise<string | null> =>
    view.page.locator('[data-testid="tree-row"][aria-selected="true"]').getAttribute("data-name");

  it("groups tensors by block and says so to assistive technology", async () => {
    const view = await openLlama(3);
    const block = view.row("model.layers.0");
    assert.equal(await block.getAttribute("role"), "row");
    assert.equal(await block.getAttribute("aria-level"), "1");
    assert.equal(await block.getAttribute("aria-expanded"), "true");
    assert.equal(await block.getAttribute("aria-posinset"), "2");
    assert.equal(await block.getAttribute("aria-setsize"), "6");
    const query = view.row("model.layers.0.self_attn.q_proj.weight");
    assert.equal(await query.getAttribute("aria-level"), "2");
    assert.equal(await query.getAttribute("data-grade"), "pending");
    assert.equal(await query.getAttribute("aria-label"), "self_attn.q_proj.weight, query, F32, 64 × 96, pending");
    // A vector has no matrix and so no grade.
    assert.equal(await view.row("model.layers.0.input_layernorm.weight").getAttribute("data-grade"), "none");
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("goes everywhere by keyboard", async () => {
    const view = await openLlama(12);
    const keys = async (...names: string[]): Promise<string | null> => {
      for (const name of names) await view.page.keyboard.press(name);
      return selectedName(view);
    };
    await view.part("tree").focus();
    assert.equal(await keys("ArrowDown"), "model.embed_tokens.weight");
    assert.equal(await keys("ArrowDown"), "model.layers.0");
    assert.equal(await view.row("model.layers.0").getAttribute("aria-expanded"), "true");
    assert.equal(await keys("ArrowRight"), "model.layers.0.input_layernorm.weight");
    assert.equal(await keys("ArrowLeft"), "model.layers.0");
    assert.equal(await keys("ArrowLeft"), "model.layers.0");
    assert.equal(await view.row("model.layers.0").getAttribute("aria-expanded"), "false");
    assert.equal(await keys("ArrowDown", "ArrowDown"), "model.layers.2");
    assert.equal(await keys("Enter"), "model.layers.2");
    assert.equal(await view.row("model.layers.2").getAttribute("aria-expanded"), "true");
    assert.equal(await keys("End"), "lm_head.weight");
    assert.equal(await keys("Home"), "model.embed_tokens.weight");
    // What is active is told, and exists.
    const active = await view.part("tree").getAttribute("aria-activedescendant");
    assert.equal(await view.page.locator(`#${String(active)}`).getAttribute("data-name"), "model.embed_tokens.weight");
    // Typing goes to the next name that begins so, then to one that holds it.
    await view.page.keyboard.type("model.layers.11");
    assert.equal(await selectedName(view), "model.layers.11");
    await new Promise((resolve) => setTimeout(resolve, 850));
    await view.page.keyboard.type("head");
    assert.equal(await selectedName(view), "lm_head.weight");
    // Enter on a tensor goes to its details, Escape back.
    await view.page.keyboard.press("Enter");
    assert.equal(await view.page.evaluate(() => document.activeElement?.className), "title");
    await view.page.keyboard.press("Escape");
    assert.equal(await view.page.evaluate(() => document.activeElement?.getAttribute("role")), "treegrid");
    await view.posts("selected", ({ tensor }) => tensor === "lm_head.weight");
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("searches names, roles and grades", async () => {
    const view = await openLlama(4);
    const finds = async (query: string, count: string, names: readonly string[]): Promise<void> => {
      await view.part("search").fill(query);
      await eventually(`${names.join(", ")} for "${query}"`, async () => {
        const shown = await view.page
          .locator(".row-tensor")
          .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
        return shown.join() === names.join();
      });
      assert.equal(await view.part("search-count").textContent(), count);
    };
    await view.page.keyboard.press("Control+f");
    assert.equal(await view.page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "search");
    await finds(
      "Q_PROJ",
      "4 matches",
      [0, 1, 2, 3].map((layer) => `model.layers.${layer}.self_attn.q_proj.weight`),
    );
    assert.equal(await view.page.locator("mark").first().textContent(), "q_proj");
    await finds("layers.2 query", "1 match", ["model.layers.2.self_attn.q_proj.weight"]);
    await finds("role:unembedding", "1 match", ["lm_head.weight"]);
    await finds("nothing like it", "0 matches", []);
    await view.page.getByText("No tensor matches the search.").waitFor();
    await view.part("show-all").click();
    await view.row("model.layers.0").waitFor();
    assert.equal(await view.part("search").inputValue(), "");

    // A search for a grade finds results as they come.
    await finds("grade:random", "0 matches", []);
    const name = "model.layers.1.mlp.up_proj.weight";
    await view.send({
      type: "results",
      results: [resultOf(detailOf(name, false, 5))],
      state: analysisState("running", 1, 30),
    });
    await view.row(name).waitFor();

    await view.part("search").focus();
    await view.page.keyboard.press("Escape");
    assert.equal(await view.part("search").inputValue(), "");
    await view.row("lm_head.weight").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("shows the columns one chooses, orders by them, and remembers it", async () => {
    const { model, details, answers } = analysedLlama(3);
    const view = await View.open(browser, { width: 1900, ...answers });
    const open = (): Promise<void> =>
      view.send({
        type: "catalogue",
        catalogue: model,
        results: details.map(resultOf),
        state: analysisState("done", details.length, details.length),
        engine,
        file: 0,
      });
    await open();
    const heads = (): Promise<string[]> => view.part("tree").getByRole("columnheader").allTextContents();
    await view.row("model.layers.0").waitFor();
    assert.deepEqual(await heads(), ["Name", "Role", "Dtype", "Shape", "Size", "Spectrum", "Grade"]);
    // The picture of a spectrum is there for what was analysed, and for nothing else.
    const query = view.row("model.layers.0.self_attn.q_proj.weight");
    await query.locator(".sparkline").waitFor();
    assert.equal(await view.row("model.layers.0.input_layernorm.weight").locator(".sparkline").count(), 0);

    await view.part("columns").click();
    await view.part("column-effectiveRank").check();
    await view.part("column-dtype").uncheck();
    await view.page.keyboard.press("Escape");
    assert.equal(await view.page.evaluate(() => document.activeElement?.getAttribute("data-testid")), "columns");
    assert.deepEqual(await heads(), ["Name", "Role", "Shape", "Size", "Spectrum", "Eff. rank", "Grade"]);
    const rank = details.find(({ id }) => id === "model.layers.0.self_attn.q_proj.weight")!.metrics.effectiveRank!;
    const cell = query.locator(".cell-effectiveRank");
    await eventually("the effective rank", async () => (await cell.textContent()) === rank.toPrecision(3));
    assert.ok((await cell.getAttribute("title"))!.includes(String(Math.fround(rank))));

    // Largest first, then smallest first, then the tree again.
    const order = (descending: boolean): string[] =>
      [...details]
        .sort((a, b) => (descending ? -1 : 1) * (a.metrics.effectiveRank! - b.metrics.effectiveRank!))
        .map(({ id }) => id);
    const shown = (): Promise<(string | null)[]> =>
      view.page.locator(".row-tensor").evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
    const sort = view.part("tree-sort-effectiveRank");
    await sort.click();
    assert.equal(await view.page.locator('[role="columnheader"][aria-sort="descending"]').textContent(), "Eff. rank↓");
    assert.deepEqual((await shown()).slice(0, details.length), order(true));
    assert.equal(await view.page.locator(".row-group").count(), 0);
    await sort.click();
    assert.deepEqual((await shown()).slice(0, details.length), order(false));
    await eventually("the order to be kept", () =>
      view.page.evaluate(
        () => sessionStorage.getItem("state")?.includes('"by":"effectiveRank","descending":false') === true,
      ),
    );
    await view.reload();
    await open();
    await eventually("the order after a reload", async () => (await shown())[0] === order(false)[0]);
    assert.deepEqual(await heads(), ["Name", "Role", "Shape", "Size", "Spectrum", "Eff. rank↑", "Grade"]);
    await sort.click();
    await view.row("model.layers.2").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("filters by role, dtype and grade, and by a regular expression", async () => {
    const view = await openLlama(4);
    const count = async (text: string): Promise<void> => {
      await eventually(`"${text}"`, async () => (await view.part("search-count").textContent()) === text);
    };
    await view.part("filter").click();
    await view.part("facet-query").check();
    await view.part("facet-norm").check();
    await count("9 matches");
    await view.page.keyboard.press("Escape");
    // A search narrows it further.
    await view.part("expression").click();
    await view.part("search").fill("layers\\.[12]\\..*(q_proj|norm)");
    await count("4 matches");
    await view.part("search").fill("layers\\.[12");
    const error = view.part("search-error");
    await error.waitFor();
    assert.match(await error.innerText(), /^Not a regular expression: .+\.$/);
    assert.equal(await view.part("search").getAttribute("aria-invalid"), "true");
    // What is no expression hides nothing more than the filter does.
    await count("9 matches");
    await view.part("search").fill("");
    await view.part("chips").getByRole("button", { name: "norm" }).click();
    await count("4 matches");
    await view.part("chips").getByRole("button", { name: "query" }).click();
    await count("");
    assert.equal(await view.part("chips").isVisible(), false);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("selects several tensors, with the mouse and with the keyboard", async () => {
    const view = await openLlama(2);
    const short = (name: string): string => `model.layers.0.${name}.weight`;
    const selected = (): Promise<(string | null)[]> =>
      view.page
        .locator('[data-testid="tree-row"][aria-selected="true"]')
        .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
    const attention = ["q_proj", "k_proj", "v_proj"].map((name) => short(`self_attn.${name}`));
    await view.row(attention[0]!).click();
    await view.row(attention[2]!).click({ modifiers: ["Control"] });
    assert.deepEqual(await selected(), [attention[0], attention[2]]);
    await view.title("2 matrices side by side").waitFor();
    await view.row(attention[2]!).click({ modifiers: ["Control"] });
    assert.deepEqual(await selected(), [attention[0]]);
    await view.title(attention[0]!).waitFor();
    await view.row(attention[0]!).click();
    await view.row(attention[2]!).click({ modifiers: ["Shift"] });
    assert.deepEqual(await selected(), attention);
    // Shift and arrows go on from where the run began.
    await view.part("tree").focus();
    await view.page.keyboard.press("Shift+ArrowUp");
    assert.deepEqual(await selected(), attention.slice(0, 2));
    await view.page.keyboard.press("Shift+ArrowUp");
    await view.page.keyboard.press("Shift+ArrowUp");
    assert.deepEqual(await selected(), [short("input_layernorm"), attention[0]]);
    // Ctrl and arrows move without selecting, Space selects.
    await view.page.keyboard.press("Home");
    for (let step = 0; step < 3; step++) await view.page.keyboard.press("Control+ArrowDown");
    assert.deepEqual(await selected(), ["model.embed_tokens.weight"]);
    await view.page.keyboard.press("Control+Space");
    assert.deepEqual(await selected(), ["model.embed_tokens.weight", attention[0]]);
    // A whole block at once; its norm has no matrix.
    await view.page.keyboard.press("Home");
    await view.row("model.layers.0").click({ modifiers: ["Control"] });
    await view.title("8 matrices side by side").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("tells what is on screen, the selected one first", async () => {
    const view = await openLlama(6);
    const first = await view.posts("focus");
    assert.ok(first.ids.includes("model.embed_tokens.weight"));
    assert.ok(first.ids.includes("model.layers.0.mlp.up_proj.weight"));
    assert.ok(!first.ids.includes("model.layers.0.input_layernorm.weight"), "a vector is not analysed");
    assert.ok(!first.ids.includes("model.layers.5.mlp.up_proj.weight"), "its block is closed");
    await view.row("model.layers.0.mlp.down_proj.weight").click();
    await view.posts("focus", ({ ids }) => ids[0] === "model.layers.0.mlp.down_proj.weight");
    await view.close();
  });

  it("orders experts by number and groups them", async () => {
    const view = await View.open(browser);
    const experts = [0, 1, 10, 11, 2, 3];
    await view.send({
      type: "catalogue",
      catalogue: catalogue(
        checkpointOf(
          experts.flatMap((expert) =>
            ["gate_proj", "up_proj", "down_proj"].map((name) => ({
              name: `model.layers.0.mlp.experts.${expert}.${name}.weight`,
              shape: [32, 48],
            })),
          ),
        ),
      ),
      results: [],
      state: analysisState("waiting", 0, 18),
      engine,
      file: 0,
    });
    await view.row("expert 0").waitFor();
    const names = await view.page
      .locator(".row-group")
      .evaluateAll((rows) => rows.map((row) => row.getAttribute("data-name")));
    assert.deepEqual(names, ["model.layers.0", ...[0, 1, 2, 3, 10, 11].map((expert) => `expert ${expert}`)]);
    assert.equal(await view.row("model.layers.0.mlp.experts.10.up_proj.weight").getAttribute("aria-level"), "3");
    await view.close();
  });

  it("keeps 100 000 tensors fluent: few elements, no long task while results stream in", async () => {
    const perBlock = 1000;
    const names = Array.from({ length: 100 }, (_, layer) =>
      Array.from({ length: perBlock }, (_, k) => ({
        name: `model.layers.${layer}.module_${k}.weight`,
        shape: [64, 96],
      })),
    ).flat();
    const view = await View.open(browser);
    await view.send({
      type: "catalogue",
      catalogue: catalogue(checkpointOf(names)),
      results: [],
      state: analysisState("running", 0, names.length),
      engine,
      file: 0,
    });
    await view.row("model.layers.0").waitFor();
    await view.page.getByRole("button", { name: "Expand all blocks" }).click();
    await view.part("tree").focus();
    await view.page.keyboard.press("End");
    await view.row("model.layers.99.module_999.weight").waitFor();
    const elements = await view.page.getByTestId("tree-row").count();
    assert.ok(elements < 120, `${elements} lines exist as elements`);

    for (let batch = 0; batch < 20; batch++) {
      const results = names.slice(batch * 200, (batch + 1) * 200).map(({ name }) => ({
        id: name,
        tensor: name,
        role: "other" as const,
        grade: "learned" as const,
        reason: "made for a test",
      }));
      await view.send({ type: "results", results, state: analysisState("running", (batch + 1) * 200, names.length) });
      await view.page.evaluate((offset) => {
        document.querySelector(".tree-scroller")?.scrollTo(0, offset);
        return new Promise((resolve) => requestAnimationFrame(resolve));
      }, batch * 100_000);
    }
    await view.page.locator('[data-testid="progress"][data-done="4000"]').waitFor();
    const after = await view.page.getByTestId("tree-row").count();
    assert.ok(after < 120, `${after} lines exist as elements while results stream in`);
    assert.deepEqual(view.errors, []);
    await view.close();
  });
});
