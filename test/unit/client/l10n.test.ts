/** Every text of the extension host and of the manifest is there in German, and nothing that is not used. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import ts from "typescript";

/** The first argument of every call of `t`, with where it stands. */
function textsOf(folder: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    const path = join(folder, name);
    const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
    const visit = (node: ts.Node): void => {
      if (ts.isCallExpression(node) && /(^|\.)t$/.test(node.expression.getText(source))) {
        const [text] = node.arguments;
        assert.ok(text !== undefined && ts.isStringLiteralLike(text), `${path}: ${node.getText(source)} is no literal`);
        found.set(text.text, path);
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  return found;
}

const read = (path: string): Record<string, string> => JSON.parse(readFileSync(path, "utf8")) as Record<string, string>;
const places = (text: string): string[] => [...new Set(text.match(/\{\d\}/g))].sort();
const links = (text: string): string[] => [...text.matchAll(/\((command:[^)]+)\)/g)].map(([, link]) => link!);

describe("the German texts", () => {
  it("are those of the extension host, with the same arguments", () => {
    const german = read("l10n/bundle.l10n.de.json");
    const used = textsOf("client");
    assert.ok(used.size > 50);
    assert.deepEqual(Object.keys(german).sort(), [...used.keys()].sort());
    for (const [english, text] of Object.entries(german)) {
      assert.deepEqual(places(text), places(english), english);
      assert.notEqual(text.trim(), "");
    }
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
