/** Every text of the extension host, the server, the webview and the manifest is there in German, and nothing that is not used. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { sources, spokenTexts } from "../../support/texts.ts";

/** What is said, by the server and the webview and by the extension host. */
const said = sources("server", "media").flatMap(spokenTexts);
const saidByHost = sources("client").flatMap(spokenTexts);

const read = (path: string): Record<string, string> => JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
const places = (text: string): string[] => [...new Set(text.match(/\{\d\}/g))].sort();
const links = (text: string): string[] => [...text.matchAll(/\((command:[^)]+)\)/g)].map(([, link]) => link!);

describe("the German texts", () => {
  it("are those of the code, with the same values", () => {
    const german = read("l10n/bundle.l10n.de.json");
    const used = new Set([...said, ...saidByHost].map(({ text }) => text));
    assert.ok(used.size > 50);
    const known = Object.keys(german);
    assert.deepEqual([...used].filter((text) => !known.includes(text)).sort(), [], "texts that are missing");
    assert.deepEqual(
      known.filter((text) => !used.has(text)),
      [],
      "texts that are not used any more",
    );
    assert.deepEqual(known, known.toSorted(), "texts are in order");
    for (const [english, text] of Object.entries(german)) {
      assert.deepEqual(places(text), places(english), english);
      assert.notEqual(text.trim(), "");
      // A sentence stays one, and what goes on after a text still can.
      assert.equal(/[.?!:…]?$/u.exec(text)?.[0], /[.?!:…]?$/u.exec(english)?.[0], english);
    }
  });

  it("are asked for when they are shown: while modules load there is no bundle yet", () => {
    const early = said.filter(({ early: tooEarly }) => tooEarly);
    // The page's first module loads its texts before any other begins.
    assert.deepEqual(
      early.map(({ place }) => place).filter((place) => !place.startsWith("media/editor.ts")),
      [],
    );
  });

  it("are those of the manifest, with the same links and names of values", () => {
    const english = read("package.nls.json");
    const german = read("package.nls.de.json");
    assert.deepEqual(Object.keys(german), Object.keys(english));
    const code = (text: string): string[] => (text.match(/`[^`]+`/g) ?? []).sort();
    for (const [key, text] of Object.entries(english)) {
      assert.deepEqual(links(german[key]!), links(text), key);
      // `safetensors` files are written with a hyphen in German; the names of values stay as they are.
      if (key.startsWith("setting.") && !key.startsWith("setting.silence"))
        assert.deepEqual(code(german[key]!), code(text), key);
    }
  });

  it("call commands by the names that the manifest gives them", () => {
    const german = read("package.nls.de.json");
    const named = [
      ...Object.values(read("l10n/bundle.l10n.de.json"))
        .join("\n")
        .matchAll(/„Safetensors Spectrum: ([^“]+)“/g),
    ];
    assert.ok(named.length > 0);
    for (const [, title] of named) assert.ok(Object.values(german).includes(title!), title);
  });
});
