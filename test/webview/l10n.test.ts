/**
 * Every text of every view goes through the bundle: in texts that stand in brackets nothing is left outside of them but
 * names, numbers and what came out of a file.
 */
import { bracketed, unbracketed } from "./pseudo.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Browser } from "playwright-core";
import { roles } from "../../server/architecture/role.ts";
import { dtypeBits } from "../../server/checkpoint/dtype.ts";
import { engine } from "./checkpoints.ts";
import { launch, View } from "./harness.ts";
import { model, openScene, scenes } from "./scenes.ts";

/** Words of two letters and more. */
function wordsOf(text: string): string[] {
  return text.match(/\p{L}[\p{L}\d_]+/gu) ?? [];
}

/** What is no text: out of files, from drivers, and names that are the same in every language. */
const data: ReadonlySet<string> = new Set(
  [
    ...model.tensors.map(({ name }) => name),
    ...model.files.map(({ path }) => path),
    ...Object.entries(model.metadata).flat(),
    ...roles,
    ...Object.keys(dtypeBits),
    ...["llama", engine.adapter!, engine.backend!],
    // What the scenes hand to the page instead of the server.
    ...["No graphics adapter was found. Install a driver.", "The header is not JSON."],
    ...["The analysis server did not start.", "no such tensor", "layers"],
    ...["Marchenko–Pastur", "TW₁", "NaN", "PNG SVG CSV Python", "kB MB GB", "config.json ln"],
    // Of the adapter, and what its product is called.
    ...["base_model lora_A lora_B", "ΔW"],
  ].flatMap((text) => wordsOf(text).map((word) => word.toLowerCase())),
);

/** Where the file of a scene lies. */
const temporary = /\S*served-\w+/gu;

interface Drawn {
  __drawn?: string[];
}

/** Texts that a person sees, or has read to them, with what shows them. */
async function shownIn(view: View): Promise<{ text: string; where: string }[]> {
  return view.page.evaluate(() => {
    const found: { text: string; where: string }[] = [];
    const nameOf = (element: Element | null): string =>
      element === null ? "" : `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}`;
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    for (let node = walker.nextNode(); node !== null; node = walker.nextNode()) {
      const parent = node.parentElement;
      if (parent?.tagName !== "SCRIPT") found.push({ text: node.textContent ?? "", where: nameOf(parent) });
    }
    for (const element of document.body.querySelectorAll("*")) {
      for (const name of ["title", "aria-label", "placeholder", "alt", "label"]) {
        const text = element.getAttribute(name);
        if (text !== null) found.push({ text, where: `${name} of ${nameOf(element)}` });
      }
    }
    for (const text of (window as unknown as Drawn).__drawn ?? []) found.push({ text, where: "canvas" });
    return found;
  });
}

/** Every word outside brackets that is no data, with what shows it. */
async function untranslated(view: View): Promise<string[]> {
  const found = (await shownIn(view)).flatMap(({ text, where }) => {
    const words = wordsOf(unbracketed(text).replace(temporary, ""));
    const left = words.filter((word) => !data.has(word.toLowerCase()));
    return left.length === 0 ? [] : [`${left.join(" ")}: “${text}” in ${where}`];
  });
  return [...new Set(found)];
}

describe("translation", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  it("is missed where a text is written into the page by itself", async () => {
    const view = await View.open(browser, bracketed);
    assert.deepEqual(await untranslated(view), []);
    await view.page.evaluate(() => {
      const planted = document.createElement("span");
      planted.textContent = "Plain words";
      planted.title = "Some more";
      document.body.append(planted);
      document.createElement("canvas").getContext("2d")?.fillText("And drawn ones", 0, 0);
    });
    assert.equal((await untranslated(view)).length, 3);
    await view.close();
  });

  for (const scene of scenes) {
    it(`is there for every text of: ${scene.name}`, async () => {
      const { view, close } = await openScene(browser, scene, bracketed);
      // The values of charts are read out.
      for (const plot of await view.page.locator(".plot:not([hidden])").all()) {
        await plot.focus();
        await view.page.keyboard.press("ArrowRight");
      }
      assert.deepEqual(await untranslated(view), []);
      assert.deepEqual(view.errors, []);
      await close();
    });
  }
});
