import assert from "node:assert/strict";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openCheckpoint } from "../../../server/checkpoint/open.ts";

test("opening a file reads its header and not its data", async (context) => {
  const folder = await mkdtemp(join(tmpdir(), "bytes-read-"));
  context.after(() => rm(folder, { recursive: true }));
  const path = join(folder, "model.safetensors");
  const rows = 2 ** 20;
  const tensors = Array.from({ length: 16 }, (_, i) => [
    `layers.${i}.weight`,
    { dtype: "F32", shape: [rows, 1024], data_offsets: [i, i + 1].map((each) => each * rows * 4096) },
  ]);
  const header = Buffer.from(JSON.stringify(Object.fromEntries(tensors)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  const file = await open(path, "w");
  await file.write(Buffer.concat([length, header]));
  // 64 GiB of zeros that take no disk.
  await file.truncate(8 + header.length + 16 * rows * 4096);

  // Every read of a file in this process goes through the same method.
  const prototype = Object.getPrototypeOf(file) as { read: (...args: unknown[]) => Promise<{ bytesRead: number }> };
  const { read } = prototype;
  let bytes = 0;
  prototype.read = async function (this: unknown, ...args) {
    const result = await read.apply(this, args);
    bytes += result.bytesRead;
    return result;
  };
  try {
    const checkpoint = await openCheckpoint(path);
    assert.deepEqual(checkpoint.problems, []);
    assert.equal(checkpoint.tensors.length, 16);
  } finally {
    prototype.read = read;
    await file.close();
  }
  // The first bytes are looked at twice: as a signature, and as the length before the header.
  assert.ok(bytes >= header.length && bytes <= 8 + header.length + 1024, `${bytes} of ${header.length} bytes`);
});
