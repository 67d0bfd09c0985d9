import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { DocumentSymbol, Range } from "vscode-languageserver";
import { outlineFolds } from "../../../server/language/folding.ts";
import { outlineOf } from "../../../server/language/outline.ts";
import { outlineSymbols } from "../../../server/language/symbols.ts";
import type { Catalogue, CatalogueTensor } from "../../../server/protocol.ts";

function catalogue(tensors: readonly (readonly [name: string, block: string])[]): Catalogue {
  return {
    path: "m.safetensors",
    sharded: false,
    family: null,
    parameters: 0,
    bytes: 0,
    files: [{ path: "m.safetensors", size: 0 }],
    metadata: {},
    tensors: tensors.map(([name, block]): CatalogueTensor => ({
      name,
      dtype: "BF16",
      shape: [4, 8],
      bytes: 64,
      role: "query",
      block,
      layer: null,
      expert: null,
      file: 0,
      matrices: 1,
    })),
    problems: [],
  };
}

const names = (symbols: readonly DocumentSymbol[]): unknown[] =>
  symbols.map(({ name, children }) => (children === undefined ? name : [name, names(children)]));

function holds(outer: Range, inner: Range): boolean {
  const before = (a: Range["start"], b: Range["start"]): boolean =>
    a.line < b.line || (a.line === b.line && a.character <= b.character);
  return before(outer.start, inner.start) && before(inner.end, outer.end);
}

describe("outlineSymbols", () => {
  const outline = outlineOf(
    catalogue([
      ["embed", ""],
      ["layers.0.q", "layers.0"],
      ["layers.0.k", "layers.0"],
      ["layers.1.q", "layers.1"],
      ["", ""],
    ]),
  );
  const lines = outline.text.split("\n");

  it("nests tensors in their blocks, and names what has no name", () => {
    assert.deepEqual(names(outlineSymbols(outline)), [
      "embed",
      ["layers.0", ["q", "k"]],
      ["layers.1", ["q"]],
      "(no name)",
    ]);
  });

  it("gives each the range of its text, inside the range of what holds it", () => {
    const check = (symbols: readonly DocumentSymbol[], within: Range | null): void => {
      for (const { name, range, selectionRange, children } of symbols) {
        assert.ok(holds(range, selectionRange), name);
        assert.ok(within === null || holds(within, range), name);
        const { start, end } = selectionRange;
        assert.equal(lines[start.line]!.slice(start.character, end.character), name.replace("(no name)", ""));
        check(children ?? [], range);
      }
    };
    check(outlineSymbols(outline), null);
  });

  it("lists the blocks alone where there are too many tensors", () => {
    const many = outlineOf(
      catalogue(Array.from({ length: 10_001 }, (_, k) => [`layers.${k % 3}.${k}`, `layers.${k % 3}`] as const).sort()),
    );
    const symbols = outlineSymbols(many);
    assert.ok(symbols.length > 0);
    assert.ok(symbols.every(({ children }) => children?.length === 0));
  });
});

describe("outlineFolds", () => {
  it("folds each block below its heading", () => {
    const outline = outlineOf(
      catalogue([
        ["a", ""],
        ["b.0", "b"],
        ["b.1", "b"],
        ["c", ""],
      ]),
    );
    assert.deepEqual(outlineFolds(outline), [{ startLine: 2, endLine: 4 }]);
  });
});
