import assert from "node:assert/strict";
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { AnalysisStore, clearStores, storeKey } from "../../../server/analysis/store.ts";
import type { CheckpointFile } from "../../../server/checkpoint/checkpoint.ts";
import { analysisWith, matrixView } from "../../support/analysis.ts";

const file: CheckpointFile = {
  path: "model.safetensors",
  realPath: "model.safetensors",
  size: 100,
  modified: 1,
  headerBytes: 8,
  metadata: {},
};

describe("AnalysisStore", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "store-"));
  });
  after(() => rm(folder, { recursive: true }));

  async function keysIn(of: CheckpointFile): Promise<string[]> {
    const keys: string[] = [];
    const store = await AnalysisStore.open(folder, of, (key) => keys.push(key));
    await store.close();
    return keys;
  }

  it("gives back what was put, now and after it is opened again", async () => {
    const analysis = analysisWith([3.25, 1e-200, 0]);
    const first = await AnalysisStore.open(folder, file, () => assert.fail("nothing is known yet"));
    first.put("a", analysis);
    assert.deepEqual(await first.get("a"), analysis);
    assert.equal(await first.get("b"), null);
    await first.close();

    const found: unknown[] = [];
    const second = await AnalysisStore.open(folder, file, (key, found_) => found.push([key, found_]));
    assert.deepEqual(found, [["a", analysis]]);
    assert.deepEqual(await second.get("a"), analysis);
    await second.close();
  });

  it("reads spectra back from disk when they are no longer at hand", async () => {
    const store = await AnalysisStore.open(folder, { ...file, realPath: "many" }, () => undefined);
    for (let i = 0; i < 200; i++) {
      store.put(`k${i}`, analysisWith([i]));
    }
    for (const i of [0, 100, 199]) {
      assert.deepEqual((await store.get(`k${i}`))?.measurement.singularValues, Float64Array.of(i));
    }
    await store.close();
  });

  it("starts anew when the file has changed", async () => {
    const path = { ...file, realPath: "changing" };
    const store = await AnalysisStore.open(folder, path, () => undefined);
    store.put("a", analysisWith([1]));
    await store.close();
    assert.deepEqual(await keysIn(path), ["a"]);
    assert.deepEqual(await keysIn({ ...path, modified: 2 }), []);
  });

  it("passes over damaged records and keeps the others", async () => {
    const path = { ...file, realPath: "damaged" };
    const store = await AnalysisStore.open(folder, path, () => undefined);
    store.put("a", analysisWith([1]));
    store.put("b", analysisWith([2]));
    await store.close();
    const name = await storeFileOf("damaged");
    const text = await readFile(name, "utf8");
    // The last write was cut off, and a byte of the first record has flipped.
    await writeFile(name, text.replace('"key":"a"', '"key":"x"').trimEnd());
    await appendFile(name, '\n0123456789abcdef {"key":"c"');
    assert.deepEqual(await keysIn(path), ["b"]);
  });

  it("finds its records when another window wrote at the same time", async () => {
    const path = { ...file, realPath: "shared" };
    const one = await AnalysisStore.open(folder, path, () => undefined);
    const two = await AnalysisStore.open(folder, path, () => undefined);
    for (let i = 0; i < 100; i++) {
      one.put(`one ${i}`, analysisWith([i]));
      two.put(`two ${i}`, analysisWith([-i]));
    }
    for (let i = 0; i < 100; i++) {
      assert.deepEqual((await one.get(`one ${i}`))?.measurement.singularValues, Float64Array.of(i));
      assert.deepEqual((await two.get(`two ${i}`))?.measurement.singularValues, Float64Array.of(-i));
    }
    await one.close();
    await two.close();
    assert.equal((await keysIn(path)).length, 200);
  });

  it("is cleared from disk", async () => {
    assert.ok((await clearStores(folder)) > 0);
    assert.deepEqual(await readdir(folder), []);
    assert.equal(await clearStores(join(folder, "absent")), 0);
  });

  async function storeFileOf(realPath: string): Promise<string> {
    for (const name of await readdir(folder)) {
      if ((await readFile(join(folder, name), "utf8")).includes(JSON.stringify(realPath))) {
        return join(folder, name);
      }
    }
    return assert.fail(`no store of ${realPath}`);
  }
});

describe("storeKey", () => {
  it("tells matrices of one file apart by place, dtype and shape", () => {
    const keys = [
      matrixView("a", 4, 4),
      matrixView("a", 4, 4, "F32", 64),
      matrixView("a", 2, 8),
      matrixView("a", 4, 4, "I32"),
    ].map((view) => storeKey(view));
    assert.equal(new Set(keys).size, 4);
  });
});
