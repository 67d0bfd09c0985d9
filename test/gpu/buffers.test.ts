import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createBuffers, limitMemory, OutOfMemory, releaseBuffers } from "../../server/gpu/buffers.ts";
import { openDevice, type Gpu } from "../../server/gpu/device.ts";
import { readBack } from "../../server/gpu/readback.ts";

let gpu: Gpu;
before(async () => {
  gpu = await openDevice("");
});
after(() => {
  gpu.close();
});

test("buffers that were used before are filled with zeros", async () => {
  const sizes = { first: 4096, second: 1024 };
  const used = await createBuffers(gpu.device, sizes);
  for (const buffer of Object.values(used)) {
    gpu.device.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(255));
  }
  releaseBuffers(used);
  const again = await createBuffers(gpu.device, { other: 4096, another: 1024, fresh: 512 });
  assert.deepEqual(new Set([again.other, again.another]), new Set(Object.values(used)));
  assert.deepEqual([again.other.label, again.another.label, again.fresh.label], ["other", "another", "fresh"]);
  for (const buffer of Object.values(again)) {
    const bytes = new Uint8Array(await readBack(gpu.device, buffer));
    assert.deepEqual(bytes, new Uint8Array(buffer.size), buffer.label);
  }
  releaseBuffers(again);
});

test("what is kept for the next does not count against the budget; what is in use does", async () => {
  const { device } = gpu;
  limitMemory(device, 1000);
  const first = await createBuffers(device, { a: 600 });
  await assert.rejects(createBuffers(device, { b: 600 }), OutOfMemory);
  releaseBuffers(first);
  // Given back twice is given back once.
  releaseBuffers(first);
  const second = await createBuffers(device, { b: 900 });
  await assert.rejects(createBuffers(device, { c: 104 }), OutOfMemory);
  releaseBuffers(second);
  limitMemory(device, Infinity);
});

test("readbacks of one size at the same time do not mix", async () => {
  const names = Array.from({ length: 6 }, (_, i) => `${i}`);
  const buffers = await createBuffers(gpu.device, Object.fromEntries(names.map((name) => [name, 256])));
  for (let round = 0; round < 3; round++) {
    for (const name of names) {
      gpu.device.queue.writeBuffer(buffers[name]!, 0, new Uint8Array(256).fill(10 * round + Number(name)));
    }
    const read = await Promise.all(names.map((name) => readBack(gpu.device, buffers[name]!)));
    assert.deepEqual(
      read.map((bytes) => [...new Set(new Uint8Array(bytes))]),
      names.map((name) => [10 * round + Number(name)]),
    );
  }
  releaseBuffers(buffers);
});
