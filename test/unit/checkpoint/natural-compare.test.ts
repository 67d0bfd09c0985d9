import assert from "node:assert/strict";
import { test } from "node:test";
import { naturalCompare } from "../../../server/checkpoint/natural-compare.ts";

test("numbers count as numbers", () => {
  const sorted = [
    "",
    "a",
    "a.1",
    "a.2",
    "a.02",
    "a.10",
    "a.10.b",
    "a.99999999999999999998",
    "a.99999999999999999999",
    "b",
  ];
  for (let seed = 0; seed < 20; seed++) {
    const shuffled = sorted.map((name, i) => [Math.sin(i * 7 + seed), name] as const).sort(([a], [b]) => a - b);
    const names = shuffled.map(([, name]) => name).sort(naturalCompare);
    // Equal numbers written differently keep an order, whatever it is.
    assert.deepEqual(
      names.map((name) => name.replace("02", "2")),
      sorted.map((name) => name.replace("02", "2")),
    );
  }
  assert.equal(naturalCompare("a.1", "a.1"), 0);
  assert.notEqual(naturalCompare("a.01", "a.1"), 0);
});
