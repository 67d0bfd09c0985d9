/** The language server as an editor meets it: the built program, a real adapter, a checkpoint with a random block. */
import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { after, before, describe, it } from "node:test";
import type {
  CodeAction,
  CodeLens,
  DocumentSymbol,
  FoldingRange,
  InlayHint,
  Location,
  SymbolInformation,
} from "vscode-languageserver";
import { unpackCatalogue } from "../../server/packing/catalogue.ts";
import {
  analyseCheckpoint,
  analyseHeads,
  analyseVectors,
  cancelAnalysis,
  drawSpectrum,
  endScan,
  findCheckpoints,
  focusMatrices,
  headColumn,
  matrixDetail,
  measureProducts,
  metricColumn,
  openCheckpoint,
  outlineTensor,
  outlineText,
  portionList,
  pauseAnalysis,
  resumeAnalysis,
  scanCheckpoint,
  estimateAnalysis,
  listAdapters,
  tensorAtPosition,
  type Adapters,
  type DrawnSpectrum,
  type Estimate,
  type FoundCheckpoints,
  type MatrixDetail,
  type MetricColumn,
  type OpenResult,
  type PortionList,
  type ProductResult,
  type Progress,
  type ResultsParams,
  type ScannedCheckpoint,
} from "../../server/protocol.ts";
import { TestClient } from "../support/language-client.ts";
import { childProcesses } from "../support/processes.ts";
import { seededRandom } from "../../server/statistics/random.ts";
import { encode, safetensors } from "../support/safetensors.ts";
import { copySample, reinitialise } from "../support/sample.ts";
import { singularValues } from "../support/svd.ts";

function uriOf(path: string): string {
  return pathToFileURL(path).href;
}

describe("language server", () => {
  let folder = "";
  let index = "";
  let client: TestClient;
  let random: string[] = [];
  let opened: OpenResult;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "language-server-"));
    index = await copySample();
    random = await reinitialise(index, "model.layers.1");
    client = new TestClient();
    await client.initialize(join(folder, "cache"));
  });
  after(async () => {
    await client.close();
    await rm(dirname(index), { recursive: true });
    await rm(folder, { recursive: true });
  });

  function open(path: string): Promise<OpenResult> {
    return client.connection.sendRequest(openCheckpoint, { uri: uriOf(path) });
  }

  it("opens a shard as its checkpoint, before anything is computed", async () => {
    opened = await open(join(dirname(index), "model-00002-of-00003.safetensors"));
    assert.equal(opened.checkpoint, uriOf(index));
    assert.equal(opened.catalogue.files.length, 3);
    assert.equal(unpackCatalogue(opened.catalogue).tensors.length, 30);
    assert.equal(opened.results.length, 0);
    const again = await open(index);
    assert.deepEqual(again.catalogue, opened.catalogue);
  });

  it("computes what is looked at first, in the background, with progress", async () => {
    const focus = ["model.layers.2.self_attn.k_proj.weight"];
    await client.connection.sendNotification(focusMatrices, { checkpoint: opened.checkpoint, ids: focus });
    await client.until("every matrix", () => client.results.at(-1)?.state.phase === "done", 240);
    const order = client.results.flatMap(({ results }) => results.map(({ id }) => id));
    assert.equal(new Set(order).size, 23);
    assert.ok(order.indexOf(focus[0]!) < 8, `${order.indexOf(focus[0]!)} were computed before`);
    const kinds = (): string[] => client.progress.map((value) => (value as { kind: string }).kind);
    await client.until("the end of the progress", () => kinds().at(-1) === "end", 5);
    assert.equal(kinds()[0], "begin");
    assert.equal((client.progress[0] as { cancellable: boolean }).cancellable, true);
    assert.equal(client.engines.at(-1)?.phase, "ready");
    const refreshed = (): string[] => [...new Set(client.refreshes)].sort();
    await client.until("lenses and hints to be asked for again", () => refreshed().length === 2, 5);
    assert.deepEqual(refreshed(), ["workspace/codeLens/refresh", "workspace/inlayHint/refresh"]);
  });

  it("pushes the random block onto its shards, with links into the editor and the texts", async () => {
    const weights = new Map(
      unpackCatalogue(opened.catalogue).tensors.map(({ name, file }) => [
        name,
        uriOf(opened.catalogue.files[file]!.path),
      ]),
    );
    const found = [...client.diagnostics].flatMap(([uri, diagnostics]) =>
      diagnostics.map((diagnostic) => ({ uri, diagnostic })),
    );
    assert.deepEqual(
      found.map(({ diagnostic }) => (diagnostic.data as { tensor: string }).tensor).sort(),
      [...random].sort(),
    );
    for (const { uri, diagnostic } of found) {
      const { tensor } = diagnostic.data as { tensor: string };
      assert.equal(uri, weights.get(tensor));
      assert.deepEqual([diagnostic.code, diagnostic.severity], ["random", 2]);
      const href = decodeURIComponent(diagnostic.codeDescription!.href);
      assert.equal(
        href,
        `command:safetensorsSpectrum.reveal?${JSON.stringify([{ checkpoint: opened.checkpoint, tensor }])}`,
      );
      const [line, key] = diagnostic.relatedInformation!.map(({ location }) => location);
      assert.equal(line!.uri, `safetensors-outline:${new URL(opened.checkpoint).pathname}.outline`);
      const outline: string = await client.connection.sendRequest(outlineText, { checkpoint: opened.checkpoint });
      assert.equal(textAt(outline, line!.range), tensor.slice("model.layers.1.".length));
      assert.equal(key!.uri, opened.checkpoint);
      assert.equal(textAt(await readFile(index, "utf8"), key!.range), JSON.stringify(tensor));
    }
  });

  it("gives the outline and the index hovers and squiggles", async () => {
    const tensor = "model.layers.1.mlp.down_proj.weight";
    const outlineUri = `safetensors-outline:${new URL(opened.checkpoint).pathname}.outline`;
    const outline: string = await client.connection.sendRequest(outlineText, { checkpoint: opened.checkpoint });
    const indexText = await readFile(index, "utf8");
    const pushed = (): number => [...client.diagnostics.values()].flat().length;
    assert.equal(pushed(), random.length);
    await client.openText(outlineUri, "safetensors-outline", outline);
    // A finding stands in Problems once: what the text shows is not pushed any more.
    await client.until("nothing to be pushed", () => pushed() === 0, 10);
    assert.equal((await client.pullDiagnostics(outlineUri)).length, random.length);
    await client.openText(opened.checkpoint, "json", indexText);
    const block = lineOf(outline, "model.layers.1");
    const places = [
      {
        uri: outlineUri,
        line:
          block +
          1 +
          lineOf(
            outline
              .split("\n")
              .slice(block + 1)
              .join("\n"),
            "  mlp.down_proj.weight",
          ),
        character: 5,
      },
      { uri: opened.checkpoint, line: lineOf(indexText, `    "${tensor}"`), character: 12 },
    ];
    for (const { uri, line, character } of places) {
      const hover = await client.hover(uri, line, character);
      const { value } = hover!.contents as { value: string };
      assert.match(value, /\*\*random\*\* \(p (0\.\d+|1)\)/);
      assert.match(value, /!\[[^\]]*\]\(data:image\/svg\+xml;base64,[A-Za-z0-9+/=]+\)/);
      assert.match(value, /\| effective rank \| \d+ \| \d+ \|/);
      assert.equal(await client.hover(uri, 0, 0), null);
      assert.match(value, /\[Analyse again\]\(command:safetensorsSpectrum\.analyseTensor\?[^)\s]+\)$/);
    }
    const squiggles = await client.pullDiagnostics(opened.checkpoint);
    assert.equal(squiggles.length, random.length);
    assert.ok(squiggles.some(({ range }) => range.start.line === places[1]!.line));
    assert.deepEqual(await client.pullDiagnostics(outlineUri), [], "the index shows them");
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri: opened.checkpoint } });
    assert.equal((await client.pullDiagnostics(outlineUri)).length, random.length);
    assert.equal(pushed(), 0);
  });

  it("gives the outline lenses, symbols and folds, and its lines hints, quick fixes and a way to the index", async () => {
    const outlineUri = `safetensors-outline:${new URL(opened.checkpoint).pathname}.outline`;
    const outline: string = await client.connection.sendRequest(outlineText, { checkpoint: opened.checkpoint });
    const textDocument = { uri: outlineUri };
    const lines = outline.split("\n");
    const blocks = ["model.layers.0", "model.layers.1", "model.layers.2"];

    const lenses: CodeLens[] = await client.connection.sendRequest("textDocument/codeLens", { textDocument });
    const titles = await Promise.all(
      lenses.map(async (lens) => {
        const { command, range }: CodeLens =
          lens.command === undefined ? await client.connection.sendRequest("codeLens/resolve", lens) : lens;
        return [lines[range.start.line]!, command!.title, command!.arguments ?? []] as const;
      }),
    );
    const share = /rank 90 %: \d+ % of the directions, noise \d+ %$/;
    assert.match(titles[0]![1], /^16 learned, 7 random · /);
    for (const block of blocks) {
      const [summary, link, heads] = titles.filter(([line]) => line === block);
      assert.match(summary![1], block === "model.layers.1" ? /^7 random · / : /^7 learned · /);
      assert.match(summary![1], share);
      assert.deepEqual(link!.slice(1), ["open", [{ checkpoint: opened.checkpoint, tensor: block }]]);
      assert.deepEqual(heads!.slice(1), ["heads", [{ checkpoint: opened.checkpoint, tensor: block, view: "heads" }]]);
    }

    const symbols: DocumentSymbol[] = await client.connection.sendRequest("textDocument/documentSymbol", {
      textDocument,
    });
    assert.deepEqual(
      symbols.filter(({ children }) => children?.length === 9).map(({ name }) => name),
      blocks,
    );
    const found: SymbolInformation[] = await client.connection.sendRequest("workspace/symbol", { query: "L2 qproj" });
    assert.deepEqual(
      found.map(({ name }) => name),
      ["model.layers.2.self_attn.q_proj.weight"],
    );
    assert.equal(textAt(outline, found[0]!.location.range), "self_attn.q_proj.weight");
    const folds: FoldingRange[] = await client.connection.sendRequest("textDocument/foldingRange", { textDocument });
    assert.deepEqual(
      folds.map(({ startLine, endLine }) => [lines[startLine], endLine - startLine]),
      blocks.map((block) => [block, 9]),
    );

    const range = { start: { line: 0, character: 0 }, end: { line: lines.length, character: 0 } };
    const hints: InlayHint[] = await client.connection.sendRequest("textDocument/inlayHint", { textDocument, range });
    assert.equal(hints.length, 23);
    const hint = hints.find(({ position }) => lines[position.line]!.includes("q_proj"))!;
    assert.match(textOf(hint), /^learned · \d+ outliers · rank 90 %: \d+ of 384$/);
    assert.equal(hint.position.character, lines[hint.position.line]!.length);
    assert.equal(hints.filter((each) => textOf(each).startsWith("random")).length, random.length);

    const [diagnostic] = await client.pullDiagnostics(outlineUri);
    const onTensor = (diagnostic!.data as { tensor: string }).tensor;
    const actions: CodeAction[] = await client.connection.sendRequest("textDocument/codeAction", {
      textDocument,
      range: diagnostic!.range,
      context: { diagnostics: [diagnostic, { ...diagnostic, source: "another tool" }] },
    });
    assert.deepEqual(
      actions.map(({ command }) => [command!.command, command!.arguments]),
      [
        ["safetensorsSpectrum.reveal", [{ checkpoint: opened.checkpoint, tensor: onTensor }]],
        ["safetensorsSpectrum.analyseVectors", [{ checkpoint: opened.checkpoint, tensor: onTensor }]],
        ["safetensorsSpectrum.analyseTensor", [{ checkpoint: opened.checkpoint, tensor: onTensor }]],
        ["safetensorsSpectrum.silence", [{ code: "random", tensor: onTensor }]],
        ["safetensorsSpectrum.silence", [{ code: "random", tensor: onTensor.replace(/\d+/, "*") }]],
        ["safetensorsSpectrum.silence", [{ code: "random" }]],
      ],
    );

    const indexText = await readFile(index, "utf8");
    await client.openText(opened.checkpoint, "json", indexText);
    const there: Location = await client.connection.sendRequest("textDocument/definition", {
      textDocument,
      position: hint.position,
    });
    assert.equal(there.uri, opened.checkpoint);
    assert.match(textAt(indexText, there.range), /^"model\.layers\.\d\.self_attn\.q_proj\.weight"$/);
    const back: Location = await client.connection.sendRequest("textDocument/definition", {
      textDocument: { uri: opened.checkpoint },
      position: there.range.start,
    });
    assert.equal(back.uri, outlineUri);
    assert.equal(back.range.start.line, hint.position.line);
    const keyHints: InlayHint[] = await client.connection.sendRequest("textDocument/inlayHint", {
      textDocument: { uri: opened.checkpoint },
      range: { start: there.range.start, end: there.range.start },
    });
    assert.deepEqual(keyHints.map(textOf), ["learned"]);
    const place = { uri: opened.checkpoint, ...there.range.start };
    assert.match(await client.connection.sendRequest(tensorAtPosition, place), /self_attn\.q_proj\.weight$/);
    const above: CodeLens[] = await client.connection.sendRequest("textDocument/codeLens", {
      textDocument: { uri: opened.checkpoint },
    });
    const firstKey = indexText.split("\n").findIndex((each) => each.includes('.safetensors"'));
    assert.deepEqual(
      above.map(({ range: { start } }) => start.line),
      [firstKey, firstKey],
    );
    const line: string | null = await client.connection.sendRequest(outlineTensor, {
      checkpoint: opened.checkpoint,
      line: hint.position.line,
    });
    assert.match(line!, /self_attn\.q_proj\.weight$/);
  });

  it("serves a matrix in full", async () => {
    const id = "model.layers.0.self_attn.q_proj.weight";
    const request = { checkpoint: opened.checkpoint, id };
    const detail: MatrixDetail | null = await client.connection.sendRequest(matrixDetail, request);
    assert.equal(detail!.singularValues.length, 384);
    assert.equal(detail!.grade, "learned");
    assert.equal(detail!.verdict.tests.length, 6);
    assert.equal(await client.connection.sendRequest(matrixDetail, { ...request, id: "absent" }), null);

    // The same numbers stand in the columns, where the catalogue has the tensor.
    const column: MetricColumn = await client.connection.sendRequest(metricColumn, {
      checkpoint: opened.checkpoint,
      metric: "effectiveRank",
    });
    const position = unpackCatalogue(opened.catalogue)
      .tensors.filter(({ matrices }) => matrices > 0)
      .findIndex(({ name }) => name === id);
    const numbers = (base64: string): number[] => {
      const bytes = Buffer.from(base64, "base64");
      return Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(4 * index));
    };
    assert.equal(numbers(column.values).length, 23);
    assert.equal(numbers(column.values)[position], Math.fround(detail!.metrics.effectiveRank!));
    assert.equal(numbers(column.noise)[position], Math.fround(detail!.noise.effectiveRank!));
  });

  it("analyses heads and vectors on demand, and says what it found in them", async () => {
    const { checkpoint } = opened;
    const query = "model.layers.0.self_attn.q_proj.weight";
    const value = "model.layers.0.self_attn.v_proj.weight";
    const list: PortionList = await client.connection.sendRequest(portionList, { checkpoint });
    assert.deepEqual(
      list.heads.filter(({ layer }) => layer === 0).map(({ role, basis, ids }) => [role, basis, ids.length]),
      [
        ["key", "config", 2],
        ["output", "config", 6],
        ["query", "config", 6],
        ["value", "config", 2],
      ],
    );
    client.results.length = 0;
    assert.equal(await client.connection.sendRequest(analyseHeads, { checkpoint, tensors: [query, value] }), 8);
    await client.until("the heads", () => client.results.at(-1)?.state.phase === "done");
    const heads = client.results.flatMap(({ results }) => results);
    assert.deepEqual(new Set(heads.map(({ tensor, head }) => `${tensor} ${head!}`)).size, 8);
    assert.equal(client.results.at(-1)!.state.done, 23);
    assert.equal(await client.connection.sendRequest(analyseHeads, { checkpoint, tensors: [query, value] }), 0);

    const request = { checkpoint, id: `${query}#head5` };
    const head: MatrixDetail | null = await client.connection.sendRequest(matrixDetail, request);
    assert.deepEqual([head!.rows, head!.columns, head!.head, head!.vectors], [64, 384, 5, undefined]);
    const column: MetricColumn = await client.connection.sendRequest(headColumn, { checkpoint, metric: "stableRank" });
    const position = list.heads.flatMap(({ ids }) => ids).indexOf(request.id);
    assert.equal(
      Buffer.from(column.values, "base64").readFloatLE(4 * position),
      Math.fround(head!.metrics.stableRank!),
    );

    client.results.length = 0;
    const ids = [query, request.id];
    assert.equal(await client.connection.sendRequest(analyseVectors, { checkpoint, ids }), 2);
    await client.until("the vectors", () => client.results.at(-1)?.state.phase === "done");
    for (const id of ids) {
      const { vectors, singularValues }: MatrixDetail = await client.connection.sendRequest(matrixDetail, {
        checkpoint,
        id,
      });
      assert.equal(vectors!.pValues.left.length, singularValues.length);
      // A single head may look random, the whole matrix does not.
      if (id === query) assert.ok(vectors!.right.shareBelow05! > 0.039, String(vectors!.right.shareBelow05));
    }
    const outline: string = await client.connection.sendRequest(outlineText, { checkpoint });
    const line = lineOf(outline, "model.layers.0") + 1;
    const place = outline
      .split("\n")
      .slice(line)
      .findIndex((text) => text.includes("self_attn.q_proj.weight"));
    const uri = `safetensors-outline:${new URL(checkpoint).pathname}.outline`;
    const { value: hover } = (await client.hover(uri, line + place, 5))!.contents as { value: string };
    assert.match(hover, /\| left singular vectors with p < \.05 \| [\d.]+ % \| 3\.9 % \|/);
    assert.match(hover, /heads: \d [a-z-]+/);
  });

  it("says in one sentence which heads or matrices there are not", async () => {
    const { checkpoint } = opened;
    await assert.rejects(
      client.connection.sendRequest(analyseHeads, { checkpoint, tensors: ["model.norm.weight"] }),
      /^Error: No attention heads are known in model\.norm\.weight\.$/,
    );
    await assert.rejects(
      client.connection.sendRequest(analyseVectors, { checkpoint, ids: ["absent"] }),
      /^Error: There is no matrix absent in this checkpoint\.$/,
    );
  });

  it("shows results at once when it is opened again by another server", async () => {
    const second = new TestClient();
    await second.initialize(join(folder, "cache"));
    await second.connection.sendRequest(openCheckpoint, { uri: opened.checkpoint });
    await second.until("the cached results", () => second.results.at(-1)?.state.phase === "done", 10);
    const found = second.results.flatMap(({ results }) => results);
    assert.equal(new Set(found.flatMap(({ id, head }) => (head === undefined ? [id] : []))).size, 23);
    assert.equal(new Set(found.flatMap(({ id, head }) => (head === undefined ? [] : [id]))).size, 8);
    // No adapter was opened for it.
    assert.deepEqual(second.engines, []);
    await second.close();
  });

  it("draws a fresh matrix beside one of the checkpoint's, another one for another seed", async () => {
    const id = "model.layers.2.self_attn.q_proj.weight";
    const draw = (seed: number): Promise<DrawnSpectrum | null> =>
      client.connection.sendRequest(drawSpectrum, { checkpoint: opened.checkpoint, id, seed });
    const [first, again, other] = [await draw(1), await draw(1), await draw(2)];
    assert.deepEqual(again, first);
    assert.notDeepEqual(other!.singularValues, first!.singularValues);
    const { initialiser, singularValues: values, dtype, metrics } = first!;
    assert.deepEqual([values.length, dtype], [384, "BF16"]);
    // Fresh entries of this size, 384² of them: their norm is known to a part in a thousand or two.
    assert.ok(Math.abs(metrics.frobeniusNorm! / (384 * initialiser.sigma) - 1) < 0.01);
    assert.equal(metrics.outliersRight! + metrics.outliersLeft! <= 2, true);
    const nothing: DrawnSpectrum | null = await client.connection.sendRequest(drawSpectrum, {
      checkpoint: opened.checkpoint,
      id: "no such matrix",
    });
    assert.equal(nothing, null);
  });

  it("measures the products of heads, of one block", async () => {
    const products: ProductResult[] = await client.connection.sendRequest(measureProducts, {
      checkpoint: opened.checkpoint,
      kind: "attention",
      blocks: ["model.layers.1"],
    });
    assert.deepEqual(
      products.map(({ block, head, keyHead, rank }) => [block, head, keyHead, rank]),
      Array.from({ length: 6 }, (_, head) => ["model.layers.1", head, Math.floor(head / 3), 64]),
    );
    for (const { singularValues: values, metrics, noise, verdict } of products) {
      assert.equal(values.length, 64);
      // The block is as its initialiser left it.
      assert.ok(Math.abs(metrics.effectiveRank! / noise.effectiveRank! - 1) < 0.05);
      assert.equal(verdict.grade, "random");
    }
  });

  it("scales the updates of an adapter by the α that it keeps beside its factors", async () => {
    const path = join(folder, "kohya.safetensors");
    const generator = seededRandom(5);
    const [rows, rank, columns] = [24, 4, 40];
    const draw = (count: number): Float64Array =>
      Float64Array.from({ length: count }, () => Math.fround(generator.normal()));
    const [up, down] = [draw(rows * rank), draw(rank * columns)];
    const module = "lora_unet_mid_block_attentions_0_to_k";
    await writeFile(
      path,
      safetensors({
        [`${module}.lora_down.weight`]: { dtype: "F32", shape: [rank, columns], data: encode(down, "F32") },
        [`${module}.lora_up.weight`]: { dtype: "F32", shape: [rows, rank], data: encode(up, "F32") },
        [`${module}.alpha`]: { dtype: "F32", shape: [], data: encode([3], "F32") },
      }),
    );
    const { checkpoint } = await open(path);
    client.progress.length = 0;
    const ask = (tensor: string): Promise<ProductResult[]> =>
      client.connection.sendRequest(measureProducts, {
        checkpoint,
        kind: "update",
        tensors: [tensor],
        progress: "far",
      });
    assert.deepEqual(await ask(`${module}.alpha`), []);
    const [update] = await ask(`${module}.lora_up.weight`);
    // Its analysis tells of itself too.
    const told = client.progress.filter((value) => "done" in (value as object));
    assert.deepEqual(told, [{ done: 1, total: 1 } satisfies Progress]);
    assert.deepEqual([update!.alpha, update!.scale, update!.rank], [3, 0.75, rank]);
    const product = Float64Array.from({ length: rows * columns }, (_, k) => {
      const [i, j] = [Math.floor(k / columns), k % columns];
      return (
        0.75 *
        Array.from({ length: rank }, (_, r) => up[i * rank + r]! * down[r * columns + j]!).reduce((a, b) => a + b)
      );
    });
    const expected = singularValues(product, rows, columns);
    for (const [index, value] of update!.singularValues.entries()) {
      assert.ok(Math.abs(value - expected[index]!) <= 1e-6 * expected[0]!);
    }
    assert.equal(update!.singularValues.length, rank);
  });

  it("cancels, goes on, and survives the end of the GPU process", async () => {
    const path = join(folder, "many.safetensors");
    const generator = seededRandom(7);
    const matrices = Array.from({ length: 12 }, (_, layer) => {
      const data = encode(
        Float64Array.from({ length: 320 * 320 }, () => generator.normal()),
        "F32",
      );
      return [`layers.${layer}.weight`, { dtype: "F32" as const, shape: [320, 320], data }] as const;
    });
    await writeFile(path, safetensors(Object.fromEntries(matrices)));
    client.results.length = 0;
    const { checkpoint } = await open(path);
    const state = (): { phase: string; done: number } =>
      client.results.findLast((each) => each.checkpoint === checkpoint)?.state ?? { phase: "", done: 0 };
    await client.until("the first result", () => state().done > 0);
    await client.connection.sendRequest(cancelAnalysis, { checkpoint });
    await client.until("the end of it", () => state().phase === "cancelled", 5);
    const done = state().done;
    assert.ok(done < 12);

    await client.connection.sendRequest(analyseCheckpoint, { checkpoint });
    await client.until("another result", () => state().done > done);
    killGpuProcess(client.child.pid!);
    await client.until("the rest", () => state().phase === "done");
    assert.equal(state().done, 12);
    const grades = client.results
      .filter((each) => each.checkpoint === checkpoint)
      .flatMap(({ results }) => results.map(({ grade }) => grade));
    assert.deepEqual(new Set(grades), new Set(["random"]));
  });

  it("pauses and goes on; what was decided counts the next time", async () => {
    const path = join(folder, "decided.safetensors");
    const generator = seededRandom(11);
    // Matrices of different shapes are computed one after the other, so that a pause comes between two of them.
    const count = 16;
    const matrices = Array.from({ length: count }, (_, layer) => {
      const shape = [320 + 8 * layer, 320];
      const data = encode(
        Float64Array.from({ length: shape[0]! * shape[1]! }, () => generator.normal()),
        "F32",
      );
      return [`layers.${layer}.weight`, { dtype: "F32" as const, shape, data }] as const;
    });
    await writeFile(path, safetensors(Object.fromEntries(matrices)));
    const { checkpoint } = await open(path);
    const state = (from = client): OpenResult["state"] | undefined =>
      from.results.findLast((each) => each.checkpoint === checkpoint)?.state;
    await client.until("the first result", () => (state()?.done ?? 0) > 0);
    await client.connection.sendRequest(pauseAnalysis, { checkpoint });
    await client.until("the pause", () => state()?.phase === "paused", 20);
    assert.ok(state()!.done < count);
    // A matrix was computed: the rest is estimated from it.
    assert.ok(state()!.estimatedSeconds! > 0);
    const left: Estimate = await client.connection.sendRequest(estimateAnalysis, { checkpoint });
    assert.deepEqual([left.matrices, left.long], [count - state()!.done, false]);

    const last = `layers.${count - 1}.weight`;
    // Another window, later: what was paused waits, however small it is.
    const second = new TestClient();
    await second.initialize(join(folder, "cache"));
    await second.connection.sendRequest(openCheckpoint, { uri: checkpoint });
    await second.until(
      "the decision",
      () => state(second)?.phase === "waiting" && state(second)?.estimatedSeconds !== null,
    );
    await second.connection.sendRequest(analyseCheckpoint, { checkpoint, ids: [last] });
    await second.until("one result", () => second.results.some(({ results }) => results.some(({ id }) => id === last)));
    await second.until("the end of it", () => state(second)?.phase === "waiting");
    const adapters: Adapters = await second.connection.sendRequest(listAdapters, null);
    assert.equal(adapters.problem, null);
    assert.ok(adapters.adapters.some(({ description }) => description === second.engines.at(-1)?.adapter));
    await second.close();

    await client.connection.sendRequest(resumeAnalysis, { checkpoint });
    await client.until("the rest", () => state()?.phase === "done");
    assert.equal(state()!.done, count);
  });

  it("scans folders: what is known comes from before, and nothing is computed unasked", async () => {
    const scanned = join(folder, "scanned");
    await mkdir(join(scanned, "two"), { recursive: true });
    const entries = seededRandom(12);
    const data = encode(Float64Array.from({ length: 64 * 48 }, entries.normal), "F32");
    const one = uriOf(join(scanned, "one.safetensors"));
    const broken = uriOf(join(scanned, "two", "broken.safetensors"));
    await writeFile(new URL(one), safetensors({ "a.weight": { dtype: "F32", shape: [64, 48], data } }));
    await writeFile(new URL(broken), "not a checkpoint");
    const scan = async (from: TestClient): Promise<number[]> => {
      const folders = [uriOf(scanned), uriOf(join(scanned, "two"))];
      const found: FoundCheckpoints = await from.connection.sendRequest(findCheckpoints, { folders });
      assert.deepEqual(found, { checkpoints: [one, broken], skipped: [] });
      const missing: number[] = [];
      for (const uri of found.checkpoints) {
        const each: ScannedCheckpoint = await from.connection.sendRequest(scanCheckpoint, { uri });
        assert.equal(each.checkpoint, uri);
        missing.push(each.missing.matrices);
      }
      return missing;
    };
    const first = new TestClient();
    // Even where everything is analysed that is opened.
    first.settings = { analyseOnOpen: "always", adapter: "", severity: {} };
    await first.initialize(join(folder, "cache"));
    assert.deepEqual(await scan(first), [1, 0]);
    await first.until("the finding of the broken file", () => first.diagnostics.get(broken)?.length === 1, 10);
    assert.ok(first.results.every(({ results, state }) => results.length === 0 && state.phase !== "running"));
    await first.connection.sendRequest(analyseCheckpoint, { checkpoint: one });
    await first.until("the finding of the random matrix", () => first.diagnostics.get(one)?.length === 1, 60);
    for (const checkpoint of [one, broken]) await first.connection.sendNotification(endScan, { checkpoint });
    await first.close();

    const later = new TestClient();
    await later.initialize(join(folder, "cache"));
    assert.deepEqual(await scan(later), [0, 0]);
    await later.until("the finding from before", () => later.diagnostics.get(one)?.length === 1, 10);
    await later.close();
  });

  it("a scanned checkpoint that is opened is analysed as any other", async () => {
    const path = join(folder, "seen.safetensors");
    const entries = seededRandom(13);
    const data = encode(Float64Array.from({ length: 64 * 40 }, entries.normal), "F32");
    await writeFile(path, safetensors({ "a.weight": { dtype: "F32", shape: [64, 40], data } }));
    const scanned: ScannedCheckpoint = await client.connection.sendRequest(scanCheckpoint, { uri: uriOf(path) });
    assert.equal(scanned.missing.matrices, 1);
    const { checkpoint } = await open(path);
    const isDone = ({ checkpoint: of, state }: ResultsParams): boolean => of === checkpoint && state.phase === "done";
    await client.until("its result", () => client.results.some(isDone), 60);
  });

  it("says what is wrong with a broken file, and clears it when the file is mended", async () => {
    const path = join(folder, "broken.safetensors");
    await writeFile(path, "not a checkpoint");
    const { catalogue } = await open(path);
    assert.equal(catalogue.tensors.count, 0);
    assert.equal(catalogue.problems.length, 1);
    await client.until("the problem", () => client.diagnostics.get(uriOf(path))?.length === 1, 10);
    assert.equal(client.diagnostics.get(uriOf(path))![0]!.severity, 1);
    await writeFile(path, safetensors({ b: { dtype: "F32", shape: [1], data: encode([1], "F32") } }));
    await client.until("no problem", () => client.diagnostics.get(uriOf(path))?.length === 0, 10);
  });
});

/** Kills the children of a process that run the worker. */
function killGpuProcess(parent: number): void {
  const children = childProcesses(parent);
  const workers = children.filter(({ command }) => command.includes("worker.mjs"));
  assert.ok(workers.length > 0, JSON.stringify(children));
  for (const { pid } of workers) process.kill(pid, "SIGKILL");
}

function textAt(
  text: string,
  range: { start: { line: number; character: number }; end: { line: number; character: number } },
): string {
  assert.equal(range.start.line, range.end.line);
  return text.split("\n")[range.start.line]!.slice(range.start.character, range.end.character);
}

function textOf({ label }: InlayHint): string {
  return typeof label === "string" ? label : label.map(({ value }) => value).join("");
}

function lineOf(text: string, beginning: string): number {
  const line = text.split("\n").findIndex((each) => each.startsWith(beginning));
  assert.ok(line >= 0, beginning);
  return line;
}
