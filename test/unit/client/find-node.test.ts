import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Rejected } from "../../../client/server/explanation.ts";
import { usableNodes, type Runtime } from "../../../client/server/find-node.ts";
import { selfTest } from "../../../client/server/self-test.ts";
import type { Candidate, RuntimeSource } from "../../../client/server/runtime.ts";

let folder = "";

before(() => {
  folder = mkdtempSync(join(tmpdir(), "find-node-"));
});

after(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An executable that prints a line. */
function script(name: string, body: string, mode = 0o755): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

async function find(list: readonly Candidate[]): Promise<{ usable: Runtime[]; rejected: Rejected[] }> {
  const rejected: Rejected[] = [];
  const usable: Runtime[] = [];
  for await (const runtime of usableNodes(list, (one) => rejected.push(one))) usable.push(runtime);
  return { usable, rejected };
}

describe("finding a Node", { skip: process.platform === "win32" && "the stand-ins are shell scripts" }, () => {
  const candidate = (executable: string, source: RuntimeSource = "setting"): Candidate => ({ source, executable });

  it("passes over what is not one, and says why of each", async () => {
    const report = (node: string, electron: string) =>
      `echo '{"executable":"/x","node":"${node}","electron":${electron}}'`;
    const { usable, rejected } = await find([
      candidate(join(folder, "nowhere")),
      candidate(script("silent", "exit 0")),
      candidate(script("broken", "echo trouble >&2; exit 3")),
      candidate(script("locked", "exit 0", 0o644)),
      candidate(script("old", report("18.19.0", "null"))),
      candidate(script("electron", report("22.15.1", '"37.2.3"'))),
      candidate(process.execPath, "path"),
    ]);
    assert.deepEqual(
      rejected.map(({ reason }) => reason),
      ["missing", "not-node", "does-not-start", "does-not-start", "too-old", "electron"],
    );
    assert.deepEqual(
      rejected.slice(-2).map(({ detail }) => detail),
      ["18.19.0", "37.2.3"],
    );
    assert.deepEqual(usable, [{ source: "path", executable: process.execPath, version: process.versions.node }]);
  });

  it("names the same Node once", async () => {
    const { usable } = await find([candidate(process.execPath), candidate(process.execPath, "path")]);
    assert.deepEqual(
      usable.map(({ source }) => source),
      ["setting"],
    );
  });

  it("tries no more than it is asked for", async () => {
    const trace = join(folder, "trace");
    const nodes = usableNodes(
      [candidate(process.execPath), candidate(script("later", `echo started > '${trace}'`))],
      () => undefined,
    );
    const first = await nodes.next();
    await nodes.return(undefined);
    assert.equal(first.value?.executable, process.execPath);
    assert.ok(!existsSync(trace));
  });
});

describe("the self-test of a Node", () => {
  const worker = (body: string): string => {
    const path = join(folder, `worker-${Math.random().toString(36).slice(2)}.mjs`);
    writeFileSync(path, body);
    return path;
  };

  it("is what the worker prints when it is asked for it", async () => {
    const path = worker(
      'console.log(JSON.stringify({ ok: process.argv[2] === "--self-test", adapter: process.env.NAME, backend: "vulkan", software: true }));',
    );
    const outcome = await selfTest(process.execPath, path, { ...process.env, NAME: "llvmpipe" }, { language: "en" });
    assert.deepEqual(outcome, { ok: true, adapter: "llvmpipe", backend: "vulkan", software: true });
  });

  it("tells a crash with the last thing that was said", async () => {
    const path = worker('console.error("the driver is unwell"); process.abort();');
    const outcome = await selfTest(process.execPath, path, process.env, { language: "en" });
    assert.ok(!outcome.ok);
    assert.equal(outcome.code, "crashed");
    assert.notEqual(outcome.message, "");
  });
});
