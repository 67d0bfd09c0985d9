import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { diagnosticOf, revealUri } from "../../../server/language/diagnostics.ts";

const checkpoint = "file:///models/model.safetensors";
const hostile = 'a"\u202E[x](command:evil)\n<img src=x>&b%22';

describe("diagnosticOf", () => {
  const problem = {
    code: "random",
    severity: "warning",
    tensor: hostile,
    head: null,
    message: `${hostile} is random.`,
  } as const;

  it("shows hidden characters of a name and passes the name on whole", () => {
    const place = { uri: "file:///x", range: { start: { line: 1, character: 2 }, end: { line: 1, character: 3 } } };
    const diagnostic = diagnosticOf(problem, checkpoint, { related: [place] });
    for (const text of [diagnostic.message, ...diagnostic.relatedInformation!.map(({ message }) => message)]) {
      assert.ok(typeof text === "string");
      assert.match(text, /\\u\{202e\}.*\\u\{a\}/);
      assert.doesNotMatch(text, /[\u202E\n]/);
    }
    assert.deepEqual(diagnostic.data, { tensor: hostile, documentation: "docs/problems.md#random" });
    assert.deepEqual([diagnostic.code, diagnostic.severity, diagnostic.range.start.line], ["random", 2, 0]);
  });

  it("has no link where there is no tensor", () => {
    const diagnostic = diagnosticOf({ ...problem, tensor: null }, checkpoint, { related: [] });
    assert.equal(diagnostic.codeDescription, undefined);
    assert.equal(diagnostic.relatedInformation, undefined);
  });
});

describe("revealUri", () => {
  it("carries any name as data that cannot leave the argument", () => {
    const uri = revealUri({ checkpoint, tensor: hostile });
    assert.match(uri, /^command:safetensorsSpectrum\.reveal\?[\w%.~!*'()-]+$/);
    const argument: unknown = JSON.parse(decodeURIComponent(uri.slice(uri.indexOf("?") + 1)));
    assert.deepEqual(argument, [{ checkpoint, tensor: hostile }]);
  });
});
