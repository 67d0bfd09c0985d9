import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { analysisState, catalogue, detailOf, engine, llama, resultOf } from "./checkpoints.ts";
import { eventually, launch, View, type Message } from "./harness.ts";

const query = "model.layers.7.self_attn.q_proj.weight";

describe("state", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  function opening(path?: string): Message {
    const described = catalogue(llama(40));
    return {
      type: "catalogue",
      catalogue: path === undefined ? described : { ...described, path },
      results: [],
      state: analysisState("running", 0, 282),
      engine,
      file: 0,
    };
  }

  it("comes back as it was after being hidden", async () => {
    const detail = detailOf(query, true, 1);
    const view = await View.open(browser, { matrix: (id) => (id === query ? detail : null) });
    await view.send(opening());
    await view.row("model.layers.0").waitFor();
    await view.row("model.layers.7").click();
    await view.row(query).click();
    await view.send({ type: "results", results: [resultOf(detail)], state: analysisState("running", 1, 282) });
    await view.part("switch-values-log").click();
    await view.part("tree-sash-grade").press("ArrowLeft");
    const grade = await view.part("tree-sash-grade").getAttribute("aria-valuenow");
    await view.part("splitter").focus();
    await view.page.keyboard.press("ArrowRight");
    const width = await view.part("splitter").getAttribute("aria-valuenow");
    await view.page.evaluate(() => document.querySelector(".tree-scroller")?.scrollTo(0, 220));
    await new Promise((resolve) => setTimeout(resolve, 200));

    await view.reload();
    await view.send({ ...opening(), results: [resultOf(detail)] } as Message);
    await view.part("chart-values").waitFor();
    assert.equal(await view.row(query).getAttribute("aria-selected"), "true");
    assert.equal(await view.row("model.layers.7").getAttribute("aria-expanded"), "true");
    assert.equal(await view.part("switch-values-log").getAttribute("aria-pressed"), "true");
    assert.equal(await view.part("splitter").getAttribute("aria-valuenow"), width);
    assert.equal(await view.part("tree-sash-grade").getAttribute("aria-valuenow"), grade);
    assert.equal(
      await view
        .row(query)
        .locator(".cell-grade")
        .evaluate(({ clientWidth }) => String(clientWidth)),
      grade,
    );
    assert.equal(await view.page.evaluate(() => document.querySelector(".tree-scroller")?.scrollTop), 220);
    // The host learns of the selection that the editor remembered.
    await view.posts("selected", ({ tensor }) => tensor === query);
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("keeps a search, and forgets what belongs to another checkpoint", async () => {
    const view = await View.open(browser);
    await view.send(opening());
    await view.part("search").fill("up_proj");
    await eventually("matches", async () => (await view.part("search-count").textContent()) === "40 matches");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await view.reload();
    await view.send(opening());
    await eventually("matches again", async () => (await view.part("search-count").textContent()) === "40 matches");
    assert.equal(await view.part("search").inputValue(), "up_proj");

    await view.send(opening("/models/other/model.safetensors"));
    await eventually("all tensors", async () => (await view.part("search").inputValue()) === "");
    await view.row("model.embed_tokens.weight").waitFor();
    await view.close();
  });

  it("survives memory that makes no sense", async () => {
    const view = await View.open(browser);
    await view.page.evaluate(() => {
      sessionStorage.setItem("state", JSON.stringify({ selection: { kind: "tensor" }, split: "wide", expanded: 7 }));
    });
    await view.reload();
    await view.send(opening());
    await view.row("model.layers.0").waitFor();
    await view.part("overview").waitFor();
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("reveals a tensor it is asked for, also before the checkpoint is there", async () => {
    const view = await View.open(browser);
    await view.send({ type: "reveal", tensor: "model.layers.33.mlp.down_proj.weight" });
    await view.send(opening());
    await view.row("model.layers.33.mlp.down_proj.weight").waitFor();
    assert.equal(await view.row("model.layers.33.mlp.down_proj.weight").getAttribute("aria-selected"), "true");

    // A search that hides it gives way.
    await view.part("search").fill("q_proj");
    await eventually("matches", async () => (await view.part("search-count").textContent()) === "40 matches");
    await view.send({ type: "reveal", tensor: "model.layers.2.mlp.up_proj.weight" });
    await view.row("model.layers.2.mlp.up_proj.weight").waitFor();
    assert.equal(await view.part("search").inputValue(), "");
    await view.close();
  });

  it("begins at the shard that was opened", async () => {
    const view = await View.open(browser);
    const described = catalogue(llama(40));
    const [file] = described.files;
    await view.send({
      ...opening(),
      file: 1,
      catalogue: {
        ...described,
        files: [file!, { ...file!, path: "/models/test/second.safetensors" }],
        tensors: described.tensors.map((tensor) => ((tensor.layer ?? 0) >= 30 ? { ...tensor, file: 1 } : tensor)),
      },
    } as Message);
    await view.row("model.layers.30.input_layernorm.weight").waitFor();
    await view.close();
  });
});
