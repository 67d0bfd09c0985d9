import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { outlineOf } from "../../../server/language/outline.ts";
import type { Catalogue, CatalogueTensor } from "../../../server/protocol.ts";

function tensor(name: string, block: string, shape: readonly number[] = [4, 4]): CatalogueTensor {
  return {
    name,
    dtype: "BF16",
    shape,
    bytes: 32,
    role: "other",
    block,
    layer: null,
    expert: null,
    file: 0,
    matrices: 1,
  };
}

function catalogue(tensors: readonly CatalogueTensor[]): Catalogue {
  return {
    path: "m.safetensors",
    sharded: false,
    family: "llama",
    parameters: 48,
    bytes: 96,
    files: [{ path: "m.safetensors", size: 200 }],
    metadata: {},
    tensors,
    problems: [],
  };
}

describe("outlineOf", () => {
  const tensors = [
    tensor("embed.weight", ""),
    tensor("layers.0.q.weight", "layers.0"),
    tensor("layers.0.norm.weight", "layers.0", [4]),
    tensor("layers.1.q.weight", "layers.1"),
    tensor("scale", "", []),
  ];
  const outline = outlineOf(catalogue(tensors));
  const lines = outline.text.split("\n");

  it("writes a line a tensor below the line of its block", () => {
    assert.deepEqual(
      lines.map((line) => line.trimEnd().replace(/ {2,}(?=\S)/g, (gap, at: number) => (at === 0 ? gap : "  "))),
      [
        "# llama · 5 tensors · 48 parameters · 96 B",
        "embed.weight  other  BF16  4 × 4",
        "layers.0",
        "  q.weight  other  BF16  4 × 4",
        "  norm.weight  other  BF16  4",
        "layers.1",
        "  q.weight  other  BF16  4 × 4",
        "scale  other  BF16  scalar",
        "",
      ],
    );
  });

  it("knows where every tensor stands, and what stands on every line", () => {
    for (const { name, block } of tensors) {
      const place = outline.places.get(name)!;
      const expected = block === "" ? name : name.slice(block.length + 1);
      assert.equal(lines[place.line]!.slice(place.begin, place.end), expected);
      assert.equal(outline.tensors[place.line]?.name, name);
    }
    assert.equal(outline.tensors[0], null);
    assert.equal(outline.tensors.length, lines.length - 1);
  });

  it("keeps to one line a tensor whatever the name", () => {
    const hostile = outlineOf(
      catalogue([tensor("a\nb\u2028c", ""), tensor("x".repeat(1_000_000), ""), tensor("z", "")]),
    );
    assert.equal(hostile.text.split("\n").length, 5);
    assert.ok(hostile.text.length < 1000);
    assert.equal(hostile.places.get("z")?.line, 3);
  });
});
