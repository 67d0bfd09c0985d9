import assert from "node:assert/strict";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { TuningFile } from "../../../server/analysis/tuning-file.ts";
import { engineVersion } from "../../../server/analysis/version.ts";

const tuning = { unrolled: true, panelThreads: 256, sweeps: 8, bisecting: 8192 };

describe("the file of tunings", () => {
  let folder: string;
  let path: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tuning-"));
    path = join(folder, "tuning.json");
  });
  after(() => rm(folder, { recursive: true }));

  it("tells of each adapter what was kept of it, next time too", async () => {
    const file = new TuningFile(folder);
    assert.equal(await file.read("a"), undefined);
    await file.keep("a", tuning);
    await file.keep("b", { ...tuning, sweeps: 16 });
    const next = new TuningFile(folder);
    assert.deepEqual(await next.read("a"), tuning);
    assert.deepEqual(await next.read("b"), { ...tuning, sweeps: 16 });
    for (const other of ["c", "toString", "__proto__"]) assert.equal(await next.read(other), undefined, other);
    assert.deepEqual(await readdir(folder), ["tuning.json"], "no draft is left");
  });

  for (const [what, text] of [
    ["cut short", '{"engine":'],
    ["empty", ""],
    ["a list", "[]"],
    ["of another shape", JSON.stringify({ engine: engineVersion, adapters: ["a"] })],
    ["of another engine", JSON.stringify({ engine: `${engineVersion}0`, adapters: { a: tuning } })],
  ] as const) {
    it(`that is ${what} is ignored, and replaced`, async () => {
      await writeFile(path, text);
      const file = new TuningFile(folder);
      assert.equal(await file.read("a"), undefined);
      await file.keep("b", tuning);
      assert.deepEqual(JSON.parse(await readFile(path, "utf8")), { engine: engineVersion, adapters: { b: tuning } });
    });
  }

  it("forgets the oldest of too many", async () => {
    const file = new TuningFile(folder);
    for (let i = 0; i < 20; i++) await file.keep(`adapter ${i}`, tuning);
    await file.keep("adapter 10", tuning);
    const next = new TuningFile(folder);
    assert.equal(await next.read("adapter 0"), undefined);
    assert.deepEqual(await next.read("adapter 10"), tuning);
    assert.deepEqual(await next.read("adapter 19"), tuning);
  });
});
