import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { checkOutput, OutputError, writeOutput } from "../../../server/command-line/output.ts";

describe("writeOutput", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "output-"));
  });
  after(() => rm(folder, { recursive: true }));

  const never = new AbortController().signal;

  it("writes a file whole, in place of what was there", async () => {
    const path = join(folder, "report");
    await writeFile(path, "a longer text that was there before");
    await writeOutput(path, ["new ", "text"], never);
    assert.equal(await readFile(path, "utf8"), "new text");
    assert.deepEqual(await readdir(folder), ["report"]);
    await rm(path);
  });

  it("leaves what was there, and nothing half-written, when the results fail on their way", async () => {
    const path = join(folder, "report");
    await writeFile(path, "before");
    function* broken(): Generator<string> {
      yield "x".repeat(1_000_000);
      throw new Error("a spectrum could not be read back");
    }
    await assert.rejects(writeOutput(path, broken(), never), (error) => {
      return error instanceof OutputError && /^".*report" cannot be written: a spectrum could not/.test(error.message);
    });
    assert.equal(await readFile(path, "utf8"), "before");
    assert.deepEqual(await readdir(folder), ["report"]);
    await rm(path);
  });

  it("stops when it is interrupted, and leaves nothing", async () => {
    const abort = new AbortController();
    async function* endless(): AsyncGenerator<string> {
      for (let i = 0; ; i++) {
        if (i === 3) abort.abort(new Error("interrupted"));
        yield await Promise.resolve("x".repeat(100_000));
      }
    }
    await assert.rejects(writeOutput(join(folder, "report"), endless(), abort.signal), { message: "interrupted" });
    assert.deepEqual(await readdir(folder), []);
  });

  it("writes where a link leads, and the link stays", { skip: process.platform === "win32" }, async () => {
    await writeFile(join(folder, "target"), "before");
    await symlink("target", join(folder, "link"));
    await writeOutput(join(folder, "link"), ["after"], never);
    assert.equal(await readlink(join(folder, "link")), "target");
    assert.equal(await readFile(join(folder, "target"), "utf8"), "after");
    await rm(join(folder, "link"));
    await rm(join(folder, "target"));
  });

  it("says when the disk is full", { skip: process.platform !== "linux" }, async () => {
    await assert.rejects(writeOutput("/dev/full", ["text"], never), {
      message: '"/dev/full" cannot be written: no space is left on the disk',
    });
  });
});

describe("checkOutput", () => {
  it("says before the work what could not be written after it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "output-"));
    await mkdir(join(folder, "below"));
    await writeFile(join(folder, "file"), "");
    for (const [name, why] of [
      ["below", "it is a folder"],
      ["nowhere/report", "there is no such folder"],
      ["file/report", "a part of the path is not a folder"],
    ] as const) {
      const path = join(folder, name);
      await assert.rejects(checkOutput(path), (error) => {
        return error instanceof OutputError && error.message === `${JSON.stringify(path)} cannot be written: ${why}`;
      });
    }
    await checkOutput(join(folder, "file"));
    await checkOutput(join(folder, "new"));
    await rm(folder, { recursive: true });
  });
});
