import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { analysisState, catalogue, checkpointOf, detailOf, engine, resultOf } from "./checkpoints.ts";
import { launch, View } from "./harness.ts";
import { active, hostileNames } from "../support/hostile.ts";

const markup = '<img src=x onerror="document.title=1">';
const reversed = "model.\u202Ethgiew.sresal\u202C";
const long = `model.${"x".repeat(10_000)}.weight`;
const quoted = `"'\`</script><script>document.title=1</script>`;

describe("text from files", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  it("is shown as text wherever it appears, whatever it says", async () => {
    const details = [markup, reversed, long, quoted].map((name, seed) => {
      const detail = detailOf(name, false, seed);
      const reason = `because of ${markup}`;
      return { ...detail, reason, verdict: { ...detail.verdict, reason } };
    });
    const view = await View.open(browser, { matrix: (id) => details.find((detail) => detail.id === id) ?? null });
    const checkpoint = checkpointOf(
      [markup, reversed, long, quoted].map((name) => ({ name, shape: [64, 96] })),
      {
        problems: [
          {
            code: "duplicate-key",
            severity: "warning",
            message: `two of ${markup}`,
            path: `/${markup}`,
            tensor: markup,
          },
        ],
      },
    );
    await view.send({
      type: "catalogue",
      catalogue: {
        ...catalogue(checkpoint),
        family: markup,
        metadata: { [markup]: markup, "\u202Ekey": "\u0000value\u2028" },
        files: [{ path: `/models/${markup}`, size: 10 }],
      },
      results: details.map(resultOf),
      state: analysisState("done", 4, 4),
      engine: { ...engine, adapter: markup, message: markup },
      file: 0,
    });
    await view.row(markup).waitFor();
    await view.part("metadata").getByText("⟨U+0000⟩value⟨U+2028⟩").waitFor();
    const titles = new Map([
      [markup, markup],
      [reversed, "model.⟨U+202E⟩thgiew.sresal⟨U+202C⟩"],
      [long, `${long.slice(0, 200)}…${long.slice(-200)}`],
      [quoted, quoted],
    ]);
    for (const [name, title] of titles) {
      await view.row(name).click();
      await view.title(title).waitFor();
      await view.part("verdict").getByText(`Because of ${markup}.`).waitFor();
    }
    await view.part("search").fill("<img");
    await view.page.locator("mark", { hasText: "<img" }).waitFor();

    assert.equal(await view.page.locator("img").count(), 0);
    assert.equal(await view.page.locator("script").count(), 1);
    assert.equal(await view.page.title(), "test");
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("of which there is none says so, and is told from blanks", async () => {
    const names = new Map([
      ["", "⟨no name⟩"],
      ["  ", "⟨U+0020⟩⟨U+0020⟩"],
    ]);
    const details = [...names.keys()].map((name, seed) => detailOf(name, false, seed));
    const view = await View.showing(
      browser,
      {
        catalogue: catalogue(checkpointOf([...names.keys()].map((name) => ({ name, shape: [64, 96] })))),
        results: details,
      },
      { matrix: (id) => details.find((detail) => detail.id === id) ?? null },
    );
    for (const [name, shown] of names) {
      await view.row(name).getByText(shown).click();
      await view.title(shown).waitFor();
      assert.ok((await view.row(name).getAttribute("aria-label"))?.startsWith(`${shown}, `));
      assert.ok((await view.part("detail").locator(".breadcrumb").innerText()).includes(shown));
    }
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("is shown without a character that does something, whichever name it is", async () => {
    const names = Object.values(hostileNames);
    const view = await View.open(browser, { matrix: () => null });
    await view.send({
      type: "catalogue",
      catalogue: {
        ...catalogue(checkpointOf(names.map((name) => ({ name, shape: [64, 96] })))),
        family: hostileNames.bidirectional,
        metadata: Object.fromEntries(names.map((name, index) => [`${index} ${name.slice(0, 1000)}`, name])),
      },
      results: [],
      state: analysisState("running", 0, names.length),
      engine: { ...engine, adapter: hostileNames.terminal },
      file: 0,
    });
    await view.part("metadata").waitFor();
    for (const name of names) {
      await view.send({ type: "reveal", tensor: name });
      await view.posts("selected", ({ tensor }) => tensor === name);
      await view.part("detail").getByRole("heading", { level: 2 }).waitFor();
      const shown = await view.page.evaluate(() => {
        const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        const found: string[] = [];
        for (let node = texts.nextNode(); node !== null; node = texts.nextNode()) found.push(node.nodeValue ?? "");
        for (const element of document.querySelectorAll("[title], [aria-label]")) {
          found.push(element.getAttribute("title") ?? "", element.getAttribute("aria-label") ?? "");
        }
        return found;
      });
      for (const text of shown) assert.doesNotMatch(text.replace(/^\s+$/u, "").replaceAll("\n", ""), active, name);
    }
    assert.equal(await view.page.locator("img, iframe, object, a[href]").count(), 0);
    assert.equal(await view.page.locator("script").count(), 1);
    assert.equal(await view.page.title(), "test");
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("may be called like what every object has", async () => {
    const names = ["__proto__", "constructor", "toString"];
    const view = await View.open(browser, { matrix: () => null });
    await view.send({
      type: "catalogue",
      catalogue: catalogue(checkpointOf(names.map((name) => ({ name, shape: [64, 96] })))),
      results: [],
      state: analysisState("running", 0, 3),
      engine,
      file: 0,
    });
    for (const name of names) {
      await view.row(name).click();
      await view.title(name).waitFor();
    }
    assert.deepEqual(view.errors, []);
    await view.close();
  });

  it("tells that a checkpoint cannot be opened", async () => {
    const view = await View.open(browser);
    await view.send({ type: "failed", message: `${markup} is not a safetensors file.` });
    await view.part("failure").getByText(`${markup} is not a safetensors file.`).waitFor();
    assert.equal(await view.page.locator("img").count(), 0);
    await view.close();
  });
});
