import assert from "node:assert/strict";
import { test } from "node:test";
import { editorHtml } from "../../../media/html.ts";
import { Checkpoint } from "../../../media/model/checkpoint.ts";
import { gradesByAttention } from "../../../media/model/grades.ts";
import { matrixId, matrixIds } from "../../../media/model/matrix-ids.ts";
import { noFacets, parseQuery, type Predicate } from "../../../media/model/search.ts";
import { initialState, restoreState } from "../../../media/state.ts";
import { findMatches, visibleRows } from "../../../media/tree/rows.ts";
import type { Catalogue, CatalogueTensor, MatrixResult } from "../../../server/protocol.ts";
import { grades, type Grade } from "../../../server/spectrum/verdict.ts";

function tensor(name: string, extra: Partial<CatalogueTensor> = {}): CatalogueTensor {
  const block = /^(.*?\.\d+)\./.exec(name)?.[1] ?? "";
  return {
    name,
    dtype: "BF16",
    shape: [4, 8],
    bytes: 64,
    role: "other",
    block,
    layer: null,
    expert: null,
    file: 0,
    matrices: 1,
    ...extra,
  };
}

function checkpoint(...tensors: CatalogueTensor[]): Checkpoint {
  const catalogue: Catalogue = {
    path: "/model.safetensors",
    sharded: false,
    family: null,
    parameters: 0,
    bytes: 0,
    files: [{ path: "/model.safetensors", size: 0 }],
    metadata: {},
    tensors,
    problems: [],
  };
  return new Checkpoint(catalogue, []);
}

function result(id: string, grade: Grade, tensor = id): MatrixResult {
  return { id, tensor, role: "other", grade, reason: "" };
}

test("every grade has its place in the order of attention", () => {
  assert.deepEqual([...gradesByAttention].sort(), [...grades].sort());
});

test("results are counted in each group above, and a grade that changes is counted once", () => {
  const stack = tensor("h.0.experts", { matrices: 2 });
  const model = checkpoint(tensor("h.0.a"), stack, tensor("h.1.a"));
  const block = model.groups.get("block:h.0")!;
  assert.equal(block.tally.total, 3);
  assert.equal(block.tally.graded, 0);
  assert.equal(block.tally.worst, null);

  model.apply([result("h.0.a", "learned"), result("h.0.experts[0]", "near-random", "h.0.experts")]);
  assert.equal(block.tally.graded, 2);
  assert.equal(block.tally.worst, "near-random");
  assert.equal(model.tensor("h.0.experts")!.grade, "near-random");
  assert.equal(model.root.tally.total, 4);

  const changed = model.apply([result("h.0.a", "duplicate"), result("unknown", "random")]);
  assert.deepEqual(
    [...changed].map(({ tensor: { name } }) => name),
    ["h.0.a"],
  );
  assert.equal(block.tally.graded, 2);
  assert.equal(block.tally.count("learned"), 0);
  assert.equal(block.tally.worst, "duplicate");
  assert.equal(model.groups.get("block:h.1")!.tally.graded, 0);
  const { count, first } = model.findings(() => true, 10);
  assert.equal(count, 2);
  assert.deepEqual(
    first.map(({ grade }) => grade),
    ["duplicate", "near-random"],
  );
});

test("the first findings are the gravest, in the checkpoint's order, whatever order they came in", () => {
  const grades = ["near-random", "random", "learned", "zero", "non-finite"] as const;
  const names = Array.from({ length: 60 }, (_, i) => `h.${i}.a`);
  const model = checkpoint(...names.map((name) => tensor(name)));
  const results = names.map((name, i) => result(name, grades[i % grades.length]!));
  // By a stride that meets each once.
  for (let i = 0; i < results.length; i++) model.apply([results[(i * 37) % results.length]!]);
  const isFinding = ({ grade }: MatrixResult): boolean => grade !== "learned";
  const of = (grade: string): string[] => results.filter((each) => each.grade === grade).map(({ id }) => id);
  const all = ["non-finite", "random", "zero", "near-random"].flatMap(of);
  for (const most of [1, 5, 13, 48, 100]) {
    const { count, first } = model.findings(isFinding, most);
    assert.equal(count, 48);
    assert.deepEqual(
      first.map(({ id }) => id),
      all.slice(0, most),
    );
  }
});

const parseSearch = (text: string): Predicate | null =>
  parseQuery({ text, expression: false, facets: noFacets }).predicate;

test("the search asks for every word, and for a field exactly", () => {
  const model = checkpoint(
    tensor("h.0.attn.q", { role: "query" }),
    tensor("h.1.attn.q", { role: "query", dtype: "F8_E4M3" }),
    tensor("h.1.query_norm", { role: "norm" }),
  );
  model.apply([result("h.1.attn.q", "near-random"), result("h.0.attn.q", "random")]);
  const find = (query: string): string[] => {
    const predicate = parseSearch(query);
    assert.ok(predicate);
    return [...findMatches(model.tensors, predicate).tensors].map((node) => node.tensor.name);
  };
  assert.equal(parseSearch("  "), null);
  assert.deepEqual(find("QUERY h.1"), ["h.1.attn.q", "h.1.query_norm"]);
  assert.deepEqual(find("role:query"), ["h.0.attn.q", "h.1.attn.q"]);
  assert.deepEqual(find("f8"), ["h.1.attn.q"]);
  assert.deepEqual(find("random"), ["h.0.attn.q", "h.1.attn.q"]);
  assert.deepEqual(find("grade:random"), ["h.0.attn.q"]);
  assert.deepEqual(find(".*"), []);
});

test("rows are what is open, and of a search what matches", () => {
  const model = checkpoint(tensor("embed"), tensor("h.0.a"), tensor("h.0.b"), tensor("h.1.a"), tensor("head"));
  const labels = (open: boolean, query = ""): string[] => {
    const predicate = parseSearch(query);
    const matches = predicate === null ? null : findMatches(model.tensors, predicate);
    return visibleRows(model.root, () => open, matches).map(
      ({ node, position, siblings }) => `${node.label} ${position}/${siblings}`,
    );
  };
  assert.deepEqual(labels(false), ["embed 1/4", "h.0 2/4", "h.1 3/4", "head 4/4"]);
  assert.deepEqual(labels(true, "0.b"), ["h.0 1/1", "b 1/1"]);
});

test("ids of matrices are those of the catalogue's contract", () => {
  assert.deepEqual(matrixIds(tensor("a", { matrices: 0 })), []);
  assert.deepEqual(matrixIds(tensor("a")), ["a"]);
  assert.deepEqual(matrixIds(tensor("a", { matrices: 2 })), ["a[0]", "a[1]"]);
  assert.equal(matrixId(tensor("a", { matrices: 2 }), null), null);
  assert.equal(matrixId(tensor("a", { matrices: 2 }), 2), null);
  assert.equal(matrixId(tensor("a"), null), "a");
});

test("what was remembered is taken over where it makes sense", () => {
  assert.deepEqual(restoreState(null), initialState);
  assert.deepEqual(
    restoreState({ selection: { kind: "tensor", name: 7, slice: null }, expanded: "all" }),
    initialState,
  );
  const kept = {
    path: "/a",
    selection: { kind: "tensor", name: "a", slice: 3 },
    expanded: ["block:h.0"],
    search: "q",
    scroll: 44,
    split: 0.3,
    switches: { "values-log": true },
    metric: "stableRank",
    headRole: "value",
    expression: true,
    facets: { roles: ["query"], dtypes: ["BF16"], grades: [] },
    columns: ["size", "effectiveRank"],
    widths: { shape: 120 },
    sort: { by: "effectiveRank", descending: true },
  };
  assert.deepEqual(restoreState(kept), kept);
  assert.equal(restoreState({ split: 7 }).split, 0.85);
  const strange = {
    columns: ["size", "colour"],
    sort: { by: "colour", descending: true },
    facets: { roles: ["cook"] },
    widths: { size: 1, dtype: 1e9, shape: "wide", colour: 80 },
  };
  assert.deepEqual(restoreState(strange), { ...initialState, columns: ["size"], widths: { size: 32, dtype: 480 } });
  const compared = { kind: "role", role: "query", stack: "", ends: 3 };
  assert.deepEqual(restoreState({ selection: compared }).selection, compared);
  assert.deepEqual(restoreState({ selection: { ...compared, role: "cook" } }).selection, { kind: "nothing" });
});

test("the page lets only the named script run, and escapes its title", () => {
  const html = editorHtml({
    nonce: "abc",
    cspSource: "https://host",
    scriptUri: "https://host/editor.js",
    styleUri: "https://host/editor.css",
    title: `</title><script>"'&`,
    language: "en",
    texts: undefined,
  });
  assert.match(html, /default-src &#39;none&#39;; style-src https:\/\/host; script-src &#39;nonce-abc&#39;;/);
  assert.doesNotMatch(html, /unsafe/);
  assert.equal(html.match(/<script/g)?.length, 1);
  assert.match(html, /<title>&lt;\/title&gt;&lt;script&gt;&quot;&#39;&amp;<\/title>/);
  assert.match(html, /<html lang="en">/);
});

test("the page carries its texts as data that nothing in them ends", () => {
  const texts = { Save: "</script><script>alert(1)</script>", "<!--": "{0}" };
  const html = editorHtml({
    ...{ nonce: "abc", cspSource: "https://host", scriptUri: "https://host/editor.js" },
    ...{ styleUri: "https://host/editor.css", title: "model", language: "de", texts },
  });
  assert.match(html, /<html lang="de">/);
  const [, json] = /<script type="application\/json" id="texts">(.*?)<\/script>/.exec(html) ?? [];
  assert.deepEqual(JSON.parse(json!), texts);
  assert.doesNotMatch(json!, /</);
  assert.equal(html.match(/<script/g)?.length, 2);
});
