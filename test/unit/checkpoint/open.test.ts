import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { Checkpoint } from "../../../server/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../../server/checkpoint/open.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

let root = "";
before(async () => {
  root = await mkdtemp(join(tmpdir(), "open-checkpoint-"));
});
after(async () => {
  await rm(root, { recursive: true });
});

let folders = 0;
/** A new folder with these files: names to contents. */
async function folder(files: Record<string, Uint8Array | string>): Promise<string> {
  const path = join(root, String(folders++));
  await mkdir(path);
  for (const [name, contents] of Object.entries(files)) await writeFile(join(path, name), contents);
  return path;
}

const vector = (...values: number[]): TensorData => ({
  dtype: "F32",
  shape: [values.length],
  data: encode(values, "F32"),
});
const shard = (...names: string[]): Uint8Array =>
  safetensors(Object.fromEntries(names.map((name, i) => [name, vector(i, i + 1)])), { format: "pt" });
const index = (map: Record<string, unknown>): string =>
  JSON.stringify({ metadata: { total_size: 0 }, weight_map: map });
const one = "model-00001-of-00002.safetensors";
const two = "model-00002-of-00002.safetensors";
const indexName = "model.safetensors.index.json";
const good = { [one]: shard("a", "b"), [two]: shard("c"), [indexName]: index({ a: one, b: one, c: two }) };

const names = (checkpoint: Checkpoint): string[] => checkpoint.tensors.map(({ name }) => name);
const told = (checkpoint: Checkpoint): string[] =>
  checkpoint.problems.map(({ severity, code, message }) => `${severity} ${code}: ${message}`);

describe("a single file", () => {
  test("with its config", async () => {
    const path = join(
      await folder({ "m.safetensors": shard("a", "b"), "config.json": '{"model_type":"llama"}' }),
      "m.safetensors",
    );
    const checkpoint = await openCheckpoint(path);
    assert.deepEqual(told(checkpoint), []);
    assert.equal(checkpoint.path, path);
    assert.equal(checkpoint.sharded, false);
    assert.deepEqual(checkpoint.config, { model_type: "llama" });
    assert.deepEqual(names(checkpoint), ["a", "b"]);
    const [file] = checkpoint.files;
    const bytes = await readFile(path);
    assert.equal(file?.size, bytes.byteLength);
    assert.equal(file.headerBytes, bytes.byteLength - 16);
    assert.deepEqual(file.metadata, { format: "pt" });
    const b = checkpoint.tensors[1]!;
    assert.deepEqual(new Float32Array(Uint8Array.from(bytes.subarray(b.begin, b.end)).buffer), Float32Array.of(1, 2));
  });

  test("an adapter with its own config", async () => {
    const path = await folder({
      "adapter_model.safetensors": shard("a"),
      "adapter_config.json": '{"r":8}',
      "config.json": '{"model_type":"x"}',
    });
    assert.deepEqual((await openCheckpoint(join(path, "adapter_model.safetensors"))).config, { r: 8 });
  });

  test("a file that is not there", async () => {
    const checkpoint = await openCheckpoint(join(root, "none.safetensors"));
    assert.deepEqual(told(checkpoint), ["error unreadable-file: There is no such file."]);
    assert.deepEqual([checkpoint.files, checkpoint.tensors], [[], []]);
  });

  test("a folder", async () => {
    assert.deepEqual(told(await openCheckpoint(await folder({}))), [
      "error unreadable-file: This is a folder, not a file.",
    ]);
  });

  test("a device", { skip: process.platform === "win32" }, async () => {
    const [message] = told(await openCheckpoint("/dev/null"));
    assert.equal(message, "error unreadable-file: This is not a regular file but a device, a pipe or a socket.");
  });

  test("no permission", { skip: process.platform === "win32" || process.getuid?.() === 0 }, async () => {
    const path = join(await folder({ "m.safetensors": shard("a") }), "m.safetensors");
    await chmod(path, 0);
    assert.deepEqual(told(await openCheckpoint(path)), [
      "error unreadable-file: The file cannot be read: permission denied.",
    ]);
  });

  test("cut off: what lies inside is kept", async () => {
    const bytes = shard("a", "b", "c");
    const path = join(await folder({ "m.safetensors": bytes }), "m.safetensors");
    await truncate(path, bytes.byteLength - 10);
    const checkpoint = await openCheckpoint(path);
    assert.deepEqual(names(checkpoint), ["a"]);
    assert.deepEqual(told(checkpoint), [
      `error unreadable-file: The file ends at byte ${bytes.byteLength - 10}, but its tensors go on to byte ${bytes.byteLength}: the download is unfinished and 2 of 3 tensors cannot be read; download it again.`,
    ]);
    assert.equal(checkpoint.problems[0]?.byteOffset, bytes.byteLength - 10);
  });

  test("a Git LFS pointer", async () => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 42\n";
    const path = join(await folder({ "m.safetensors": pointer }), "m.safetensors");
    const checkpoint = await openCheckpoint(path);
    assert.match(
      told(checkpoint).join(),
      /^error unreadable-file: This is a Git LFS pointer.*of 42 bytes: run "git lfs pull"/,
    );
    assert.equal(checkpoint.files.length, 1);
  });
});

describe("a sharded checkpoint", () => {
  test("opens through its index", async () => {
    const path = await folder(good);
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(told(checkpoint), []);
    assert.equal(checkpoint.sharded, true);
    assert.deepEqual(
      checkpoint.files.map((file) => file.path),
      [join(path, one), join(path, two)],
    );
    assert.deepEqual(
      checkpoint.tensors.map(({ name, file }) => [name, file]),
      [
        ["a", 0],
        ["b", 0],
        ["c", 1],
      ],
    );
  });

  test("opens through any of its shards", async () => {
    const path = await folder(good);
    assert.deepEqual(await openCheckpoint(join(path, two)), await openCheckpoint(join(path, indexName)));
  });

  test("a file that the index does not list is itself", async () => {
    const path = await folder({ ...good, "other.safetensors": shard("x") });
    const checkpoint = await openCheckpoint(join(path, "other.safetensors"));
    assert.deepEqual([checkpoint.sharded, names(checkpoint), told(checkpoint)], [false, ["x"], []]);
  });

  test("the right one of two indexes", async () => {
    const path = await folder({
      ...good,
      "ema.safetensors.index.json": index({ x: "ema-1.safetensors" }),
      "ema-1.safetensors": shard("x"),
    });
    assert.equal(
      (await openCheckpoint(join(path, "ema-1.safetensors"))).path,
      join(path, "ema.safetensors.index.json"),
    );
    assert.equal((await openCheckpoint(join(path, one))).path, join(path, indexName));
  });

  test("a shard without an index", async () => {
    const path = await folder({ [one]: shard("a") });
    const checkpoint = await openCheckpoint(join(path, one));
    assert.deepEqual(told(checkpoint), [
      "information invalid-index: This is shard 1 of 2, but no index (*.safetensors.index.json) beside it lists it: only this file is shown.",
    ]);
  });

  test("a shard beside an index that is broken", async () => {
    const path = await folder({ "m.safetensors": shard("a"), [indexName]: "{" });
    const checkpoint = await openCheckpoint(join(path, "m.safetensors"));
    assert.deepEqual(names(checkpoint), ["a"]);
    assert.match(told(checkpoint).join(), /^warning invalid-index: The index is not valid JSON at byte 1/);
  });

  test("a missing shard", async () => {
    const path = await folder({ [one]: shard("a", "b"), [indexName]: index({ a: one, b: one, c: two, d: two }) });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(names(checkpoint), ["a", "b"]);
    assert.deepEqual(told(checkpoint), [
      `error missing-shard: Shard "${two}" cannot be read, and 2 of the checkpoint's 4 tensors should be in it: There is no such file.`,
    ]);
    assert.equal(checkpoint.problems[0]?.path, join(path, two));
  });

  test("a tensor that its shard lacks", async () => {
    const path = await folder({ [one]: shard("a"), [indexName]: index({ a: one, b: one }) });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(told(checkpoint), [
      `error missing-tensor: Tensor "b" is not in "${one}", where the index puts it.`,
    ]);
    assert.deepEqual([checkpoint.problems[0]?.tensor, checkpoint.problems[0]?.path], ["b", join(path, indexName)]);
  });

  test("a tensor in another shard is one problem, not two", async () => {
    const path = await folder({
      [one]: shard("a"),
      [two]: shard("b", "c"),
      [indexName]: index({ a: one, b: one, c: two }),
    });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(names(checkpoint), ["a", "b", "c"]);
    assert.deepEqual(told(checkpoint), [
      `error missing-tensor: Tensor "b" is not in "${one}", where the index puts it, but in "${two}".`,
    ]);
  });

  test("a tensor that the index does not list", async () => {
    const path = await folder({ ...good, [two]: shard("c", "extra") });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(names(checkpoint), ["a", "b", "c", "extra"]);
    assert.deepEqual(told(checkpoint), [
      `warning unlisted-tensor: Tensor "extra" is in "${two}", but the index does not list it there: loaders leave it out.`,
    ]);
  });

  test("a tensor in two shards is taken from the one that the index names", async () => {
    const path = await folder({ ...good, [one]: shard("a", "b", "c") });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(
      checkpoint.tensors.map(({ name, file }) => [name, file]),
      [
        ["a", 0],
        ["b", 0],
        ["c", 1],
      ],
    );
    assert.deepEqual(
      checkpoint.problems.map(({ code, tensor }) => [code, tensor]),
      [["unlisted-tensor", "c"]],
    );
  });

  test("a broken shard says so once, and its tensors are not called missing", async () => {
    const path = await folder({ ...good, [two]: "<html></html>" });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(names(checkpoint), ["a", "b"]);
    assert.deepEqual(
      checkpoint.problems.map(({ code }) => code),
      ["unreadable-file"],
    );
  });

  test("a shard that is cut off says so once", async () => {
    const path = await folder(good);
    await truncate(join(path, two), shard("c").byteLength - 1);
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(
      checkpoint.problems.map(({ code, path: at }) => [code, at]),
      [["unreadable-file", join(path, two)]],
    );
  });

  test("thousands of missing tensors are counted", async () => {
    const map = Object.fromEntries(Array.from({ length: 3000 }, (_, i) => [`t${i}`, one]));
    const path = await folder({ [one]: shard("t0"), [indexName]: index(map) });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.equal(checkpoint.problems.length, 21);
    assert.equal(checkpoint.problems.at(-1)?.message, "There are 2979 more problems of this kind.");
  });

  test("an index that is not there", async () => {
    assert.deepEqual(told(await openCheckpoint(join(root, indexName))), [
      "error unreadable-file: There is no such file.",
    ]);
  });

  test("a name that the index lists twice", async () => {
    const text = `{"weight_map":{"a":"none.safetensors","b":"${one}","a":"${one}"}}`;
    const path = await folder({ [one]: shard("a", "b"), [indexName]: text });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual(
      checkpoint.problems.map(({ code, tensor }) => [code, tensor]),
      [["duplicate-key", "a"]],
    );
    assert.deepEqual(names(checkpoint), ["a", "b"]);
  });

  test("names of JavaScript's prototypes", async () => {
    const tensors = Object.fromEntries([
      ["__proto__", vector(1)],
      ["constructor", vector(2)],
    ]);
    const text = `{"weight_map":{"__proto__":"${one}","constructor":"${one}"}}`;
    const path = await folder({ [one]: safetensors(tensors), [indexName]: text });
    const checkpoint = await openCheckpoint(join(path, indexName));
    assert.deepEqual([names(checkpoint), told(checkpoint)], [["__proto__", "constructor"], []]);
  });
});

describe("the Hugging Face cache", { skip: process.platform === "win32" }, () => {
  async function cache(): Promise<string> {
    const blobs = await folder({
      aaa: good[one],
      bbb: good[two],
      ccc: good[indexName],
      ddd: '{"model_type":"llama"}',
    });
    const snapshot = await folder({});
    for (const [blob, name] of [
      ["aaa", one],
      ["bbb", two],
      ["ccc", indexName],
      ["ddd", "config.json"],
    ] as const) {
      await symlink(join(blobs, blob), join(snapshot, name));
    }
    return snapshot;
  }

  test("siblings are found by the link, the identity is the blob", async () => {
    const snapshot = await cache();
    const checkpoint = await openCheckpoint(join(snapshot, two));
    assert.deepEqual([names(checkpoint), told(checkpoint)], [["a", "b", "c"], []]);
    assert.equal(checkpoint.path, join(snapshot, indexName));
    assert.deepEqual(checkpoint.config, { model_type: "llama" });
    assert.deepEqual(
      checkpoint.files.map(({ path }) => path),
      [join(snapshot, one), join(snapshot, two)],
    );
    assert.match(checkpoint.files[0]!.realPath, /aaa$/);
    assert.match(checkpoint.files[1]!.realPath, /bbb$/);
  });

  test("a link into nothing", async () => {
    const snapshot = await cache();
    await rm(join(snapshot, two));
    await symlink(join(snapshot, "not-there"), join(snapshot, two));
    const checkpoint = await openCheckpoint(join(snapshot, indexName));
    assert.match(
      told(checkpoint).join(),
      /^error missing-shard: .*: This is a symbolic link to a file that is not there/,
    );
  });
});

test("the sample", async () => {
  const checkpoint = await openCheckpoint("samples/tiny-llama/model-00002-of-00003.safetensors");
  assert.deepEqual(told(checkpoint), []);
  assert.equal(checkpoint.path, join("samples/tiny-llama", indexName));
  assert.equal(checkpoint.files.length, 3);
  assert.equal(checkpoint.tensors.length, 30);
  assert.equal(
    checkpoint.tensors.reduce((sum, { begin, end }) => sum + end - begin, 0),
    15_734_016,
  );
  assert.equal(checkpoint.config?.["num_hidden_layers"], 3);
});
