/** What the tree shows: which columns fit, in which order tensors stand, what a query asks for, what is selected. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Checkpoint } from "../../../media/model/checkpoint.ts";
import { columnOf, defaultColumns, fittingColumns, roomFor } from "../../../media/model/columns.ts";
import { colouringOf, comparedIds, comparedOf, shortNames } from "../../../media/model/compared.ts";
import { noFacets, parseQuery, type Facets } from "../../../media/model/search.ts";
import { sortTensors, type Sort } from "../../../media/model/sort.ts";
import { sparklineOf } from "../../../media/model/sparklines.ts";
import { nextSort } from "../../../media/tree/column-heads.ts";
import { findMatches, listRows, visibleRows } from "../../../media/tree/rows.ts";
import { leaves, span, toggled } from "../../../media/tree/selected.ts";
import { matrixSpectra } from "../../../server/analysis/spectra.ts";
import type { CatalogueTensor, MatrixDetail, MatrixSpectrum } from "../../../server/protocol.ts";
import { noMetrics } from "../../../server/spectrum/compute-metrics.ts";

function tensor(name: string, extra: Partial<CatalogueTensor> = {}): CatalogueTensor {
  const block = /^(h\.\d+)\./.exec(name)?.[1] ?? "";
  return {
    name,
    dtype: "F32",
    shape: [4, 8],
    bytes: 128,
    role: "other",
    block,
    layer: block === "" ? null : Number(block.slice(2)),
    expert: null,
    file: 0,
    matrices: 1,
    ...extra,
  };
}

function checkpoint(...tensors: CatalogueTensor[]): Checkpoint {
  return new Checkpoint(
    {
      path: "/a/model.safetensors",
      sharded: false,
      family: null,
      parameters: 0,
      bytes: 0,
      files: [],
      metadata: {},
      tensors,
      problems: [],
    },
    [],
  );
}

const model = checkpoint(
  tensor("embed", { role: "embedding", shape: [100, 8], bytes: 3200 }),
  tensor("h.0.q", { role: "query", dtype: "BF16" }),
  tensor("h.0.norm", { role: "norm", shape: [8], matrices: 0 }),
  tensor("h.2.q", { role: "query" }),
  tensor("h.10.q", { role: "query" }),
  tensor("h.10.experts", { role: "up", shape: [3, 4, 8], matrices: 3 }),
);
const names = (nodes: readonly { readonly tensor: CatalogueTensor }[]): string[] =>
  nodes.map((node) => node.tensor.name);

test("tensors stand in the order of a column, what lacks it last", () => {
  // Seven matrices: embed, three queries and the three experts.
  const column = { values: Float32Array.of(5, 3, NaN, 4, 9, 1, 2), noise: new Float32Array(7) };
  const sorted = (sort: Sort): string[] => names(sortTensors(model.tensors, sort, () => column));
  assert.deepEqual(sorted({ by: "effectiveRank", descending: true }), [
    "embed",
    "h.10.q",
    "h.0.q",
    "h.10.experts",
    "h.0.norm",
    "h.2.q",
  ]);
  assert.deepEqual(sorted({ by: "name", descending: false }), [
    "embed",
    "h.0.norm",
    "h.0.q",
    "h.2.q",
    "h.10.experts",
    "h.10.q",
  ]);
  assert.equal(sorted({ by: "size", descending: true })[0], "embed");
  assert.equal(sorted({ by: "shape", descending: false })[0], "h.0.norm");
  assert.deepEqual(
    names(sortTensors(model.tensors, { by: "stableRank", descending: true }, () => null)),
    names(model.tensors),
  );
});

test("a heading leads to one order, then to the other, then to none", () => {
  assert.deepEqual(nextSort(null, "size", true), { by: "size", descending: true });
  assert.deepEqual(nextSort({ by: "size", descending: true }, "size", true), { by: "size", descending: false });
  assert.equal(nextSort({ by: "size", descending: false }, "size", true), null);
  assert.deepEqual(nextSort({ by: "size", descending: true }, "name", false), { by: "name", descending: false });
});

test("where there is no room the usual columns give way, those a person added stay", () => {
  const fitting = (width: number, ...more: ("effectiveRank" | "parameters")[]): string[] =>
    fittingColumns([...defaultColumns, ...more], width).map(({ key }) => key);
  assert.deepEqual(fitting(1000), ["role", "dtype", "shape", "size", "spectrum", "grade"]);
  assert.deepEqual(fitting(620), ["dtype", "shape", "size", "spectrum", "grade"]);
  assert.deepEqual(fitting(560), ["dtype", "shape", "spectrum", "grade"]);
  assert.deepEqual(fitting(100), ["grade"]);
  assert.deepEqual(fitting(200, "effectiveRank"), ["effectiveRank", "grade"]);
  // Grade is last wherever it was chosen.
  assert.deepEqual(fitting(1000, "effectiveRank", "parameters"), [
    "role",
    "dtype",
    "shape",
    "parameters",
    "size",
    "spectrum",
    "effectiveRank",
    "grade",
  ]);
  assert.equal(columnOf("effectiveRank").title, "Effective rank");
});

test("a column has the width that was chosen, and room as long as no other has to go for it", () => {
  const widths = { dtype: 90 };
  const shown = fittingColumns(defaultColumns, 800, widths);
  assert.equal(shown.find(({ key }) => key === "dtype")?.width, 90);
  const most = roomFor("dtype", shown, 800, widths);
  const keys = (dtype: number): string[] => fittingColumns(defaultColumns, 800, { dtype }).map(({ key }) => key);
  assert.deepEqual(keys(most), [...defaultColumns]);
  assert.deepEqual(keys(most + 1), defaultColumns.slice(1));
  // Where none may go, the tree is scrolled.
  const added = fittingColumns(["effectiveRank", "grade"], 200);
  assert.equal(roomFor("effectiveRank", added, 200, {}), 480);
});

test("a query is words or an expression, narrowed by facets", () => {
  const find = (text: string, expression: boolean, facets: Partial<Facets> = {}): string[] => {
    const { predicate } = parseQuery({ text, expression, facets: { ...noFacets, ...facets } });
    return predicate === null ? ["everything"] : names(model.tensors.filter((node) => predicate(node)));
  };
  assert.deepEqual(find("", true), ["everything"]);
  assert.deepEqual(find("^h\\.\\d\\.Q$", true), ["h.0.q", "h.2.q"]);
  assert.deepEqual(find("h.1", true), ["h.10.q", "h.10.experts"]);
  assert.deepEqual(find("^h", true, { dtypes: ["BF16"] }), ["h.0.q"]);
  assert.deepEqual(find("h.2", false, { roles: ["query", "up"] }), ["h.2.q"]);
  assert.deepEqual(find("", false, { roles: ["norm"], dtypes: ["F32"] }), ["h.0.norm"]);
  assert.deepEqual(find("", false, { grades: ["learned"] }), []);
});

test("what is no expression is said, and hides nothing", () => {
  const { predicate, error, marks } = parseQuery({ text: "(q|k", expression: true, facets: noFacets });
  assert.equal(predicate, null);
  assert.equal(marks, null);
  assert.match(String(error), /^Not a regular expression: .+\.$/);
  assert.equal(parseQuery({ text: "(q|k", expression: false, facets: noFacets }).error, null);
});

test("a list has no blocks", () => {
  const matches = findMatches(model.tensors, ({ tensor: { role } }) => role === "query");
  assert.deepEqual(
    listRows([...model.tensors].reverse(), matches).map(
      ({ node, position, siblings }) => `${node.label} ${position}/${siblings}`,
    ),
    ["q 1/3", "q 2/3", "q 3/3"],
  );
});

test("lines stand for the tensors that are compared", () => {
  const rows = visibleRows(model.root, () => true, null);
  const block = model.groups.get("block:h.10")!;
  const query = model.tensor("h.10.q")!;
  assert.deepEqual(names(leaves(block, null)), ["h.10.q", "h.10.experts"]);
  assert.deepEqual(names(leaves(block, new Set([query]))), ["h.10.q"]);
  assert.deepEqual(names(toggled([query], leaves(block, null))), ["h.10.q", "h.10.experts"]);
  assert.deepEqual(toggled([query], [query]), []);
  assert.deepEqual(names(span(rows, 3, 0)), ["embed", "h.0.q", "h.0.norm"]);
});

test("a comparison is of tensors, of ids, or of one role from the first to the last layer", () => {
  assert.deepEqual(comparedIds(model, { kind: "tensors", names: ["h.10.experts", "h.0.norm", "gone"] }), [
    "h.10.experts[0]",
    "h.10.experts[1]",
    "h.10.experts[2]",
  ]);
  assert.deepEqual(comparedIds(model, { kind: "matrices", ids: ["a#head0"] }), ["a#head0"]);
  const role = { kind: "role", role: "query", stack: "h", ends: null } as const;
  assert.deepEqual(comparedIds(model, role), ["h.0.q", "h.2.q", "h.10.q"]);
  assert.deepEqual(comparedIds(model, { ...role, ends: 1 }), ["h.0.q", "h.10.q"]);
  assert.deepEqual(comparedIds(model, { ...role, stack: "other" }), []);
});

test("names are told apart by what differs, never by a number alone", () => {
  assert.deepEqual(shortNames(["h.0.attn.q.weight", "h.0.attn.k.weight"]), ["q", "k"]);
  assert.deepEqual(shortNames(["model.layers.0.q.weight", "model.layers.11.q.weight"]), ["layers.0", "layers.11"]);
  assert.deepEqual(shortNames(["a.b"]), ["a.b"]);
  assert.deepEqual(shortNames(["a", "b.c"]), ["a", "b.c"]);
});

const detail = (
  id: string,
  singularValues: readonly (number | null)[],
  extra: Partial<MatrixDetail> = {},
): MatrixDetail => ({
  id,
  tensor: id,
  role: "query",
  grade: "learned",
  reason: "",
  layer: 0,
  expert: null,
  rows: singularValues.length,
  columns: 2 * singularValues.length,
  dtype: "F32",
  singularValues,
  metrics: { ...noMetrics(), sigmaBulk: 0.1 },
  noise: noMetrics(),
  verdict: { grade: "learned", reason: "", pValue: null, tests: [] },
  entries: null,
  ...extra,
});

async function spectra(details: readonly MatrixDetail[], points: number | null): Promise<MatrixSpectrum[]> {
  const byId = new Map(details.map((each) => [each.id, each]));
  return matrixSpectra(
    { detail: (id) => Promise.resolve(byId.get(id) ?? null) },
    [...details.map(({ id }) => id), "unknown"],
    points,
  );
}

test("spectra travel whole or thinned, with both ends", async () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index);
  const [whole] = await spectra([detail("a", values)], null);
  assert.deepEqual([...comparedOf(whole!).values], values);
  const all = await spectra([detail("a", values)], 5);
  assert.equal(all.length, 1, "what is not known is left out");
  const { values: few } = comparedOf(all[0]!);
  assert.equal(few.length, 5);
  assert.equal(few[0], 100);
  assert.equal(few[4], 1);
  assert.equal(all[0]!.count, 100);
});

test("a sparkline is as high as its largest value, and there is none of nothing", async () => {
  const [spectrum, zero, broken] = await spectra(
    [detail("a", [4, 2, 1, 0]), detail("b", [0, 0, 0, 0]), detail("c", [null, null])],
    4,
  );
  const picture = sparklineOf(spectrum!);
  assert.deepEqual(picture?.values, [1, 0.5, 0.25, 0]);
  assert.equal(picture.noise?.length, 4);
  assert.ok(picture.noise.every((height, index, all) => height <= (all[index - 1] ?? 1)));
  assert.equal(sparklineOf(zero!), null);
  assert.equal(sparklineOf(broken!), null);
});

test("lines have the colours of their roles, or of a scale where they are many", async () => {
  const compared = (
    await spectra(
      Array.from({ length: 9 }, (_, layer) => detail(`h.${layer}.q`, [2, 1], { layer })),
      null,
    )
  ).map(comparedOf);
  assert.equal(colouringOf(compared), "scale");
  assert.equal(colouringOf(compared.slice(0, 3)), "palette");
  const roles = (await spectra([detail("q", [2, 1]), detail("k", [2, 1], { role: "key" })], null)).map(comparedOf);
  assert.equal(colouringOf(roles), "role");
});
