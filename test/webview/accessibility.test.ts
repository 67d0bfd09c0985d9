/**
 * What axe-core finds in each view of the editor, in each theme: nothing serious. `npm run pictures -- --views FOLDER` has
 * each of them photographed as well, for looking at.
 */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import axe, { type AxeResults } from "axe-core";
import type { Browser } from "playwright-core";
import type { Spoken, Texts } from "../../server/text/l10n.ts";
import { launch, View } from "./harness.ts";
import { openScene, scenes } from "./scenes.ts";
import { themes, type ThemeName } from "./themes.ts";

/** What axe-core calls serious or critical, one line each. */
async function trouble(view: View): Promise<string[]> {
  // Evaluated by the debugger, which the page's policy does not bind.
  await view.page.evaluate(axe.source);
  const { violations } = await view.page.evaluate(() =>
    (window as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, any, all, none }) => {
        const why = [...any, ...all, ...none].map(({ message }) => message).join("; ");
        return `${id} at ${target.join(" ")}: ${why}`;
      }),
    );
}

/** Where pictures of the scenes go, if they are wanted, and in which language. */
const pictures = process.env["SPECTRUM_PICTURES"];
const language = await languageOf(process.env["SPECTRUM_LANGUAGE"]);

/** The texts that are there for a language; English where none is asked for. */
async function languageOf(tag: string | undefined): Promise<Spoken> {
  if (tag === undefined) return { language: "en" };
  const texts = JSON.parse(await readFile(`l10n/bundle.l10n.${tag}.json`, "utf8")) as Texts;
  return { language: tag, texts };
}

describe("accessibility", () => {
  let browser: Browser;
  before(async () => {
    browser = await launch();
  });
  after(async () => {
    await browser.close();
  });

  it("is looked at by a tool that finds what is wrong", async () => {
    const view = await View.open(browser);
    await view.page.evaluate(() => {
      const button = document.createElement("button");
      button.className = "planted";
      document.body.append(button);
    });
    assert.match((await trouble(view)).join("\n"), /^button-name at \.planted/m);
    await view.close();
  });

  for (const theme of Object.keys(themes) as ThemeName[]) {
    for (const scene of scenes) {
      it(`${scene.name}, ${theme}`, async () => {
        const { view, close } = await openScene(browser, scene, { theme, ...language });
        if (pictures !== undefined) {
          const name = `${scene.name} ${theme}`.replaceAll(/[^a-z0-9]+/gi, "-");
          await view.page.screenshot({ path: join(pictures, `${name}.png`) });
        }
        assert.deepEqual(await trouble(view), []);
        await close();
      });
    }
  }
});
