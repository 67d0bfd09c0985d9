import assert from "node:assert/strict";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { EngineUnavailable } from "../../server/gpu/device.ts";
import { openEngine } from "../../server/svd/engine.ts";
import type { MatrixSource } from "../../server/svd/measurement.ts";
import { kernelsWork } from "../../server/svd/self-test.ts";
import { openTestEngine, type TestEngine } from "../support/engine.ts";
import { gaussianMatrix } from "../support/random.ts";

let gpu: TestEngine;
before(async () => {
  gpu = await openTestEngine();
});
after(() => gpu.close());

/** The messages of a batch's unsupported matrices, by index; results are counted. */
async function outcome(
  sources: readonly MatrixSource[],
): Promise<{ results: number[]; messages: Map<number, string> }> {
  const results: number[] = [];
  const messages = new Map<number, string>();
  await gpu.engine.measure(sources, {
    signal: new AbortController().signal,
    onResult: (index) => results.push(index),
    onUnsupported: (index, message) => messages.set(index, message),
  });
  return { results, messages };
}

test("the adapter is described", () => {
  const { adapter, backend, software } = gpu.engine.description;
  assert.ok(adapter.length > 0 && backend.length > 0);
  assert.equal(typeof software, "boolean");
  assert.ok(gpu.engine.maximumBytes >= 2 ** 27);
});

test("the self-test passes where the engine works", async () => {
  assert.deepEqual(await kernelsWork(""), { ok: true, ...gpu.engine.description });
});

test("an unknown adapter: the names there are", async () => {
  const test = await kernelsWork("no such adapter");
  assert.ok(!test.ok);
  assert.equal(test.code, "no-adapter");
  assert.match(test.message, /^No graphics adapter is called “no such adapter”\.$/);
  assert.match(test.remedy, /^Choose one of: .+\.$/);
  await assert.rejects(openEngine({ adapter: "no such adapter" }), EngineUnavailable);
});

test("nothing to do", async () => {
  assert.deepEqual(await outcome([]), { results: [], messages: new Map() });
});

test("what is not decoded is told of", async () => {
  const source = { ...(await gpu.write(new Float64Array(12), 3, 4, "F64")), dtype: "C64" } as const;
  const { messages } = await outcome([source, source]);
  assert.deepEqual(
    [...messages],
    [0, 1].map((index) => [index, "Entries of dtype C64 are not decoded."]),
  );
  const { messages: empty } = await outcome([{ ...source, dtype: "F32", rows: 0, end: source.begin }]);
  assert.deepEqual([...empty.values()], ["It has no entries."]);
  const { messages: short } = await outcome([{ ...source, dtype: "F32" }]);
  assert.deepEqual([...short.values()], ["It has 96 bytes, but 3 × 4 entries of F32 take 48."]);
});

test("what is too large is told of", async () => {
  const side = Math.ceil(Math.sqrt(gpu.engine.maximumBytes / 4)) + 1;
  const source: MatrixSource = {
    path: "/none",
    begin: 0,
    end: 2 * side * side,
    dtype: "BF16",
    rows: side,
    columns: side,
  };
  const { messages } = await outcome([source]);
  assert.match(messages.get(0)!, /^It needs \d+ MiB in one piece, and .+ gives \d+ MiB at most\.$/);
});

test("a file that cannot be read spoils only its own matrix", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-"));
  try {
    const good = await gpu.write(gaussianMatrix(20, 20, 1), 20, 20);
    const cut = { ...(await gpu.write(gaussianMatrix(20, 20, 2), 20, 20)) };
    await truncate(cut.path, 1000);
    const missing = { ...good, path: join(folder, "missing") };
    const { results, messages } = await outcome([good, cut, missing, good]);
    assert.deepEqual(results.toSorted(), [0, 3]);
    assert.equal(messages.get(1), `${cut.path} cannot be read: the file ends at byte 1000, before the tensor does.`);
    assert.match(messages.get(2)!, /missing cannot be read: ENOENT/);
    await assert.rejects(gpu.engine.readEntries(missing, 100), /cannot be read/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("matrices of different shapes are no batch", async () => {
  const sources = [await gpu.write(new Float64Array(6), 2, 3), await gpu.write(new Float64Array(6), 3, 2)];
  await assert.rejects(outcome(sources), RangeError);
});

test("batches beyond the memory budget are split", async () => {
  const source = await gpu.write(gaussianMatrix(512, 64, 1), 512, 64);
  const sources = Array.from({ length: 100 }, () => source);
  const { results } = await outcome(sources);
  assert.deepEqual(results, [...sources.keys()]);
});

test("where memory is short, batches are halved, and what is too large alone is told of", async () => {
  const tight = await openTestEngine({ batchBytes: 64 << 20, memoryBytes: 4 << 20 });
  try {
    const small = await Promise.all([1, 2, 3].map((seed) => tight.write(gaussianMatrix(256, 100, seed), 256, 100)));
    const sources = Array.from({ length: 64 }, (_, i) => small[i % 3]!);
    const alone = await gpu.measure(small);
    const together = await tight.measure(sources);
    assert.deepEqual(
      together,
      sources.map((_, i) => alone[i % 3]),
    );
    const large = await tight.write(gaussianMatrix(1100, 1000, 1), 1100, 1000);
    const messages: string[] = [];
    const told = {
      signal: new AbortController().signal,
      onResult: () => assert.fail(),
      onUnsupported: (_: number, message: string) => messages.push(message),
    };
    await tight.engine.measure([large], told);
    await tight.engine.measureVectors([large], told);
    assert.equal(messages.length, 2);
    assert.match(messages[0]!, /^It needs more memory than .+ has free: 5 MiB could not be had\.$/);
    assert.match(messages[1]!, /^Its singular vectors need more memory than .+ has free: \d+ MiB could not be had\.$/);
    // What was had in vain was given back.
    assert.deepEqual(await tight.measure(sources), together);
  } finally {
    await tight.close();
  }
});

test("calls at the same time do not disturb each other", async () => {
  const sources = await Promise.all([1, 2, 3].map((seed) => gpu.write(gaussianMatrix(100, 60, seed), 100, 60)));
  const alone = await gpu.measure(sources);
  const together = await Promise.all(sources.map((source) => gpu.measure([source])));
  assert.deepEqual(together.flat(), alone);
});

test("an aborted call ends early, with the signal's reason, and the engine goes on", async () => {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-"));
  try {
    const side = 300;
    const path = join(folder, "large");
    await writeFile(path, Buffer.from(Float32Array.from(gaussianMatrix(side, side, 1)).buffer));
    const source: MatrixSource = { path, begin: 0, end: 4 * side * side, dtype: "F32", rows: side, columns: side };
    const sources = Array.from({ length: 50 }, () => source);
    const abort = new AbortController();
    const reason = new Error("enough");
    let told = 0;
    const measuring = gpu.engine.measure(sources, {
      signal: abort.signal,
      onResult: () => {
        told += 1;
        abort.abort(reason);
      },
      onUnsupported: (_, message) => assert.fail(message),
    });
    await assert.rejects(measuring, reason);
    assert.equal(told, 1);
    const [measurement] = await gpu.measure([await gpu.write([3], 1, 1)]);
    assert.deepEqual([...measurement!.singularValues], [3]);
    const signal = AbortSignal.abort(reason);
    const nothing = { signal, onResult: () => assert.fail(), onUnsupported: () => assert.fail() };
    await assert.rejects(gpu.engine.measure(sources, nothing), reason);
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("heads of one matrix, which are read at once, are as read one by one", async () => {
  const [rows, columns] = [90, 96];
  const numbers = gaussianMatrix(rows, columns, 3);
  for (const [dtype, bytes] of [
    ["F32", 4],
    ["BF16", 2],
    ["F8_E5M2", 1],
  ] as const) {
    const whole = await gpu.write(numbers, rows, columns, dtype, 3);
    const byColumns = Array.from({ length: 32 }, (_, head) => {
      const begin = whole.begin + head * 3 * bytes;
      return { ...whole, begin, end: begin + ((rows - 1) * columns + 3) * bytes, columns: 3, pitch: columns };
    });
    const byRows = Array.from({ length: 6 }, (_, head) => {
      const begin = whole.begin + head * 15 * columns * bytes;
      return { ...whole, begin, end: begin + 15 * columns * bytes, rows: 15 };
    });
    for (const heads of [byColumns, byRows, [byColumns[3]!, byColumns[20]!, byColumns[4]!]]) {
      const together = await gpu.measure(heads);
      for (const [i, head] of heads.entries()) assert.deepEqual([together[i]], await gpu.measure([head]));
    }
    // The fingerprint is of the entries, wherever they lie.
    const column = await gpu.write(
      Array.from({ length: rows * 3 }, (_, i) => numbers[Math.floor(i / 3) * columns + 6 + (i % 3)]!),
      rows,
      3,
      dtype,
    );
    const [alone] = await gpu.measure([column]);
    const [, , head] = await gpu.measure(byColumns);
    assert.equal(head!.entries.fingerprint, alone!.entries.fingerprint);
  }
});

test("closing settles lost", async () => {
  const engine = await openEngine({ adapter: "" });
  await engine.close();
  assert.equal(typeof (await engine.lost), "string");
});
