/** Broken and hostile checkpoints end in one clear sentence with the place, and what is whole of them can be read. */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CheckpointAnalysis } from "../../../server/analysis/checkpoint-analysis.ts";
import { badCheckpoints, badLinks, writeBadCheckpoint, type BadCheckpoint } from "../../support/bad-checkpoints.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "hostile-"));
});
after(async () => {
  await rm(root, { recursive: true });
});

function check(table: readonly BadCheckpoint[]): void {
  for (const bad of table) {
    test(bad.what, async () => {
      const folder = await mkdtemp(join(root, "a-"));
      // The analysis opens the checkpoint, and recognises what is left of it.
      const { checkpoint, catalogue } = await CheckpointAnalysis.open(await writeBadCheckpoint(folder, bad));
      await rm(folder, { recursive: true });
      const { problems } = checkpoint;
      assert.equal(problems.length, 1, JSON.stringify(problems.slice(0, 5)));
      const { code, severity, message, path } = problems[0]!;
      assert.deepEqual([code, severity], [bad.code, bad.severity], message);
      assert.ok(message.includes(bad.sentence), message);
      assert.match(message, /^\P{Cc}+\.$/u);
      assert.ok(message.length < 500, `${message.length}`);
      assert.ok(path.startsWith(folder), path);
      assert.deepEqual(
        catalogue.tensors.map(({ name }) => name),
        bad.readable,
      );
      for (const { begin, end, file } of checkpoint.tensors) {
        assert.ok(begin <= end && end <= checkpoint.files[file]!.size);
      }
    });
  }
}

describe("broken and hostile checkpoints", () => {
  check(badCheckpoints);

  test("are many, and no two alike", () => {
    assert.ok(badCheckpoints.length >= 100, `${badCheckpoints.length}`);
    assert.equal(new Set(badCheckpoints.map(({ what }) => what)).size, badCheckpoints.length);
  });
});

describe("broken and hostile links", { skip: process.platform === "win32" }, () => {
  check(badLinks);
});
