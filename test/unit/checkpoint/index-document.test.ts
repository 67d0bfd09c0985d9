import assert from "node:assert/strict";
import { test } from "node:test";
import { weightMapKeyAt, weightMapKeys } from "../../../server/checkpoint/index-document.ts";

const text = `{
  "metadata": { "total_size": 5, "weight_map": { "not": "this" } },
  "weight_map": {
    "model.layers.0.a": "one.safetensors",
    "with \\"quotes\\"": "one.safetensors",
    "__proto__": "two.safetensors",
    "nested": { "inner": "x" }
  },
  "after": { "nor": "this" }
}`;

test("every key of weight_map with its place", () => {
  const keys = weightMapKeys(text);
  assert.deepEqual([...keys.keys()], ["model.layers.0.a", 'with "quotes"', "__proto__", "nested"]);
  for (const [key, { offset, length }] of keys) assert.equal(JSON.parse(text.slice(offset, offset + length)), key);
});

test("the key at an offset", () => {
  const at = text.indexOf('"model.layers.0.a"');
  const key = { key: "model.layers.0.a", offset: at, length: 18 };
  assert.deepEqual(weightMapKeyAt(text, at), key);
  assert.deepEqual(weightMapKeyAt(text, at + 18), key);
  assert.equal(weightMapKeyAt(text, at - 1), null);
  assert.equal(weightMapKeyAt(text, text.indexOf('"one.saf') + 3), null);
  assert.equal(weightMapKeyAt(text, text.indexOf('"nor"') + 1), null);
});

test("text under edit", () => {
  assert.deepEqual([...weightMapKeys('{"weight_map": {"a": "x", "b": ').keys()], ["a", "b"]);
  assert.deepEqual([...weightMapKeys('{"weight_map": {"a" "x", "b": "y"').keys()].includes("b"), true);
  assert.deepEqual([...weightMapKeys("").keys()], []);
  assert.deepEqual([...weightMapKeys("[".repeat(200_000)).keys()], []);
});
