import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matchesWildcard } from "../../../server/text/wildcard.ts";

describe("matchesWildcard", () => {
  it("matches whole texts, `*` any run and `?` one character", () => {
    const name = "model.layers.3.mlp.up_proj.weight";
    for (const pattern of [name, "*", "*.weight", "model.layers.*", "*mlp*", "model.layers.?.mlp.*", "**up**"]) {
      assert.ok(matchesWildcard(pattern, name), pattern);
    }
    for (const pattern of ["", "model", "*.bias", "layers.*", "model.layers.??.mlp.*", `${name}?`, "[m]*", "MODEL*"]) {
      assert.ok(!matchesWildcard(pattern, name), pattern);
    }
    assert.ok(matchesWildcard("", ""));
    assert.ok(matchesWildcard("a*b*c", "a-b-b-c"));
  });

  it("takes no longer for a pattern that is made to", () => {
    assert.ok(!matchesWildcard(`${"*a".repeat(500)}b`, "a".repeat(5000)));
  });
});
