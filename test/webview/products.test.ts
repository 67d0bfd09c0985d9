/** Products of weights as a person meets them: the update of an adapter, W_QᵀW_K of heads. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import type { ProductResult } from "../../server/protocol.ts";
import { adapter, adapterConfig, config, llama, updated } from "./attention.ts";
import { eventually, launch, type View } from "./harness.ts";
import { ServedCheckpoint } from "./server.ts";

describe("products of weights", () => {
  let browser: Browser;
  let served: ServedCheckpoint;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  async function open(what: "adapter" | "attention"): Promise<View> {
    served = await (what === "adapter"
      ? ServedCheckpoint.analysed(adapter(), adapterConfig)
      : ServedCheckpoint.analysed(llama(2), config));
    return served.open(browser, { height: 1400 });
  }

  async function openHeads(): Promise<View> {
    const view = await open("attention");
    await view.row("model.layers.1").click();
    await view.part("show-heads").click();
    await view.part("compute-products").waitFor();
    return view;
  }

  const metric = (view: View, key: string): Promise<string | null> =>
    view.part("product").locator(`[data-metric="${key}"] td`).first().getAttribute("title");

  it("computes the update that a factor belongs to when asked, scaled as the config says", async () => {
    const view = await open("adapter");
    await view.row(`${updated}.lora_A.weight`).click();
    assert.match(await view.part("products").innerText(), /Update ΔW = \(α\/r\)·B·A/);
    assert.equal(await view.part("chart-product-values").count(), 0);
    await view.part("compute-products").click();
    await view.part("chart-product-energy").waitFor();
    const facts = await view.part("product").locator("dl").innerText();
    assert.match(facts, /Shape\s+64 × 64\s+Rank r\s+8\s+α\s+16\s+Factor\s+2/);
    const [update] = await measured("update", [`${updated}.lora_B.weight`]);
    assert.equal(await metric(view, "spectralNorm"), String(update!.singularValues[0]));
    assert.equal(await metric(view, "effectiveRank"), String(update!.metrics.effectiveRank));
    // A product has no bulk: what does not exist is not listed.
    assert.equal(await view.part("product").locator('[data-metric="upperEdge"]').count(), 0);

    await view.part("chart-product-values").getByTestId("switch-chart-product-values-table").click();
    const rows = view.part("chart-product-values-table").locator("tr");
    assert.deepEqual(await rows.first().locator("th").allInnerTexts(), ["Index", "Value", "Noise"]);
    assert.equal(await rows.count(), 9);

    // It is not computed again when one comes back, and its other factor has the same update.
    await view.row(`${updated}.lora_B.weight`).click();
    await view.part("compute-products").waitFor();
    await view.row(`${updated}.lora_A.weight`).click();
    await view.part("chart-product-energy").waitFor();
    assert.equal(view.posted.filter(({ type }) => type === "products").length, 1);
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("says so where a factor has no other, and shows none of ordinary weights", async () => {
    const view = await open("adapter");
    await view.row("base_model.model.model.layers.1.self_attn.q_proj.lora_A.weight").click();
    await view.part("compute-products").click();
    await view.part("products").getByText("The other factor is not in this checkpoint").waitFor();
    await served.close();
    const other = await open("attention");
    await other.row("model.layers.0.self_attn.q_proj.weight").click();
    await other.part("metrics").waitFor();
    assert.equal(await other.part("products").count(), 0);
    await served.close();
  });

  it("shows W_QᵀW_K of each head alike, in full and as a table, by keyboard", async () => {
    const view = await openHeads();
    await view.part("compute-products").press("Enter");
    const heads = view.part("product-choice");
    await heads.nth(3).waitFor();
    assert.equal(await heads.count(), 4);
    const products = await measured("attention", undefined, ["model.layers.1"]);
    assert.deepEqual(
      await heads
        .locator(".head-cell-head")
        .evaluateAll((cells) => cells.map(({ firstChild }) => firstChild?.textContent)),
      ["head 0, key 0", "head 1, key 0", "head 2, key 1", "head 3, key 1"],
    );
    assert.match((await heads.nth(1).getAttribute("aria-label"))!, /^head 1, key 0: .+, rank 90 %: \d+ of 16, noise /);
    await heads.nth(1).press("Enter");
    await view.part("chart-product-values").waitFor();
    assert.equal(await metric(view, "stableRank"), String(products[1]!.metrics.stableRank));
    assert.equal(await heads.nth(1).getAttribute("aria-pressed"), "true");
    assert.equal(await heads.nth(1).evaluate((cell) => cell === document.activeElement), true);

    await view.part("switch-products-table").press("Enter");
    const rows = view.part("products").locator(".table-scroll tbody tr");
    assert.equal(await rows.count(), 4);
    assert.equal(
      await rows.nth(2).locator("td").nth(2).locator("span").first().getAttribute("title"),
      `${products[2]!.metrics.energy90!}\nnoise: ${products[2]!.noise.energy90!}`,
    );
    // A second click closes it.
    await heads.nth(1).click();
    await view.part("chart-product-values").waitFor({ state: "detached" });
    // The role of the heads above does not matter to it.
    await view.part("head-role-key").click();
    await rows.nth(3).waitFor();
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("tells how far it is, and stops when asked: what comes later is not shown", async () => {
    const view = await openHeads();
    let release = (): void => undefined;
    served.held = new Promise((resolve) => {
      release = resolve;
    });
    await view.part("compute-products").click();
    const request = await view.posts("products");
    await view.send({ type: "progress", id: request.id, done: 3, total: 4 });
    await view.part("products-status").getByText("Computing … 3 of 4 done.").waitFor();
    await view.part("stop-products").click();
    assert.equal((await view.posts("cancelRequest")).request, request.id);
    await view.part("products-status").getByText("Stopped.").waitFor();
    release();
    await view.part("compute-products").click();
    await view.part("product-choice").nth(3).waitFor();
    assert.deepEqual(view.errors, []);
    await served.close();
  });

  it("is cancelled when one leaves, and says in one sentence why it failed", async () => {
    const view = await openHeads();
    served.refusals.set("products", "The GPU was lost <b>twice</b>");
    await view.part("compute-products").click();
    await view.part("products-status").getByText("The GPU was lost <b>twice</b>.").waitFor();
    served.refusals.clear();
    served.held = new Promise(() => undefined);
    await view.part("compute-products").click();
    const second = await eventually("another request", () => {
      const all = view.posted.filter((message) => message.type === "products");
      return all.length === 2 && all[1];
    });
    await view.row("model.layers.0").click();
    assert.equal((await view.posts("cancelRequest")).request, second.id);
    await served.close();
  });

  async function measured(
    kind: ProductResult["kind"],
    tensors?: readonly string[],
    blocks?: readonly string[],
  ): Promise<readonly ProductResult[]> {
    return served.products({
      kind,
      ...(tensors === undefined ? {} : { tensors }),
      ...(blocks === undefined ? {} : { blocks }),
    });
  }
});
