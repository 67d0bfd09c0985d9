import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openDevice, type Gpu } from "../../server/gpu/device.ts";
import { PacedSubmits } from "../../server/gpu/paced-submits.ts";

let gpu: Gpu;
before(async () => {
  gpu = await openDevice("");
});
after(() => {
  gpu.close();
});

test("nothing is submitted after the signal", async () => {
  const submits = new PacedSubmits(gpu.device, 5);
  const abort = new AbortController();
  const reason = new Error("enough");
  const encoded: number[] = [];
  // A step is more work than a submit ever takes, so that each has one of its own.
  const work = (step: number): number => 1000 ** step;
  const running = submits.run(
    20,
    work,
    (_, step) => {
      encoded.push(step);
      if (step === 7) abort.abort(reason);
    },
    abort.signal,
  );
  await assert.rejects(running, reason);
  assert.deepEqual(encoded, [0, 1, 2, 3, 4, 5, 6, 7]);
  await assert.rejects(
    submits.run(1, work, () => assert.fail(), abort.signal),
    reason,
  );
});
