import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { headingAfter, isAnchor } from "../../../client/documentation.ts";
import type { Topic } from "../../../server/protocol.ts";
import { metricKeys } from "../../../server/spectrum/metrics.ts";
import { hostileNames } from "../../support/hostile.ts";

const document = readFileSync("docs/metrics.md", "utf8");
const others = [
  "john",
  "largest",
  "smallest",
  "bulk",
  "rows",
  "columns",
  "ksLeft",
  "localisation",
  "products",
] as const;

describe("the documentation of the numbers", () => {
  it("has a heading for every topic that the editor leads to", () => {
    const topics: readonly Topic[] = [...metricKeys, ...others];
    for (const topic of topics) {
      assert.ok(isAnchor(topic));
      // Nothing that different renderers of Markdown would name differently.
      assert.match(headingAfter(document, topic) ?? "", /^[a-z0-9]+(-[a-z0-9]+)*$/, topic);
    }
    for (const key of metricKeys) assert.ok(headingAfter(document, key)!.startsWith(firstOf(key)), key);
  });

  it("is found by the heading after the anchor, in the words of a fragment", () => {
    const markdown = ['<a id="a"></a>', "", "### `One`, Two", "", "text", '<a id="b"></a>', "## John's"].join("\n");
    assert.equal(headingAfter(markdown, "a"), "one-two");
    assert.equal(headingAfter(markdown, "b"), "johns");
    assert.equal(headingAfter(markdown, "c"), null);
  });

  it("is asked for by nothing but the name of an anchor", () => {
    for (const text of [...Object.values(hostileNames), 3, null, undefined, "a-b", "x".repeat(65)]) {
      if (text === "constructor" || text === "hasOwnProperty" || text === "toString") continue;
      assert.equal(isAnchor(text), false, String(text).slice(0, 80));
    }
  });
});

/** How the heading begins that a metric shares with others. */
function firstOf(key: string): string {
  if (key.startsWith("energy")) return "energy60";
  if (key.startsWith("powerLaw")) return "powerlawalpha";
  return key
    .replace(/^upperEdge$/, "lowerEdge")
    .replace(/^outliersRight$/, "outliersLeft")
    .replace(/^least10/, "top10")
    .toLowerCase();
}
