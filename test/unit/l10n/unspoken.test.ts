/** No sentence goes past the bundle: whatever in the sources reads like a text is asked of `t`, or is named here. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import ts from "typescript";
import { sources, unspokenTexts } from "../../support/texts.ts";

/** Files that speak to machines, or to people in English alone. */
const others: readonly RegExp[] = [
  // The command line and its reports.
  /^server\/command-line\//u,
  /^server\/analysis\/finding-descriptions\.ts$/u,
  // Drawings and pages, whose words come from elsewhere; kernels.
  /^media\/(?:html|charts\/(?:svg-context|vector)|ui\/color-scale)\.ts$/u,
  /^server\/language\/spectrum-picture\.ts$/u,
  /^server\/svd\/(?:[\w-]*kernels|[\w-]+-source|wide-lq)\.ts$/u,
  // Programs in Python.
  /^server\/text\/python\.ts$/u,
  // Tables of names; what Node runs; the process that only its log hears.
  /^server\/architecture\/(?:families|undecoded)\.ts$/u,
  /^client\/server\/runtime\.ts$/u,
  /^server\/worker\.ts$/u,
];

/** Names, keys, and styles that are put together. */
const known: ReadonlySet<string> = new Set([
  "Safetensors Spectrum",
  "Python",
  "outline text",
  "the server is not initialised",
  // The client library writes it to the log.
  "The connection to the server closed.",
  "{} with vectors",
  "{} of noise",
  "{}, in software",
  " heat-tone tone-{}",
  "button secondary",
]);

describe("texts", () => {
  it("are found where they are", () => {
    const source = ts.createSourceFile(
      "a.ts",
      [
        'element.textContent = "Two words";',
        'create("p", { class: "not this one", title: `Of ${count} tensors` }, "Alone");',
        'create("p", {}, t("Said as it should be"), plural(n, "{0} of them", "{0} of those"));',
        'if (key === "Not this") log.info("nor that one");',
        'const { a } = { a: "one more of them" };',
        'throw new Error("and so is this");',
      ].join("\n"),
      ts.ScriptTarget.Latest,
      true,
    );
    const found = unspokenTexts(source).map(({ text }) => text);
    assert.deepEqual(found, ["Two words", "Of {} tensors", "Alone", "one more of them", "and so is this"]);
  });

  it("all go through t", () => {
    const files = sources("client", "server", "media").filter(
      ({ fileName }) => !others.some((other) => other.test(fileName)),
    );
    const left = files.flatMap(unspokenTexts).filter(({ text }) => !known.has(text));
    assert.deepEqual(left, []);
  });
});
