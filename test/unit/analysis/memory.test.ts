import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { choose, readChoices, type Choices } from "../../../server/analysis/choices.ts";
import { Memory } from "../../../server/analysis/memory.ts";

describe("Memory", () => {
  it("keeps every change, one after the other, for the next time", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memory-"));
    const path = join(folder, "below", "choices.json");
    const memory = new Memory<Choices>(path, readChoices);
    assert.deepEqual(await memory.read(), {});
    await Promise.all([
      memory.update((choices) => choose(choices, "/a", "wait")),
      memory.update((choices) => choose(choices, "/b", "analyse")),
      memory.update((choices) => choose(choices, "/a", "analyse")),
    ]);
    assert.deepEqual(await readdir(join(folder, "below")), ["choices.json"], "no draft is left");
    assert.deepEqual(await new Memory(path, readChoices).read(), { "/a": "analyse", "/b": "analyse" });
    await rm(folder, { recursive: true });
  });

  it("is empty where the file is not what it was, and survives a place that cannot be written", async () => {
    const folder = await mkdtemp(join(tmpdir(), "memory-"));
    const path = join(folder, "choices.json");
    for (const text of ["", "{", "7", '{"/a": "sometimes"}']) {
      await writeFile(path, text);
      assert.deepEqual(await new Memory(path, readChoices).read(), {}, text);
    }
    const impossible = new Memory(join(path, "below.json"), readChoices);
    await impossible.update((choices) => choose(choices, "/a", "wait"));
    assert.deepEqual(await impossible.read(), { "/a": "wait" });
    await rm(folder, { recursive: true });
  });
});

describe("choose", () => {
  it("forgets the oldest of too many", () => {
    let choices: Choices = {};
    for (let k = 0; k < 510; k++) choices = choose(choices, `/${k} of many`, "wait");
    assert.equal(Object.keys(choices).length, 500);
    assert.equal(choices["/9 of many"], undefined);
    assert.equal(choices["/509 of many"], "wait");
  });
});
