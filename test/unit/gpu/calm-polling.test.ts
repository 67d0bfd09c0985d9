import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { calmPolling } from "../../../server/gpu/calm-polling.ts";

describe("calmPolling", () => {
  before(() => {
    calmPolling();
  });

  it("leaves everybody's callbacks as they were", async () => {
    const calls: unknown[] = [];
    await new Promise<void>((resolve) => {
      setImmediate((...parameters: unknown[]) => calls.push(parameters), 1, "two");
      clearImmediate(setImmediate(() => calls.push("cleared")));
      setImmediate(resolve);
    });
    assert.deepEqual(calls, [[1, "two"]]);
    assert.equal(await promisify(setImmediate)("value"), "value");
  });

  it("lets native functions be called at every turn, in their order", async () => {
    // As Dawn's: a native function that is asked for again by what it calls.
    const calls: number[] = [];
    await new Promise<void>((resolve) => {
      const again = (call: number): void => {
        calls.push(call);
        if (call === 20) resolve();
        else setImmediate(again.bind(null, call + 1));
      };
      setImmediate(again.bind(null, 0));
    });
    assert.deepEqual(
      calls,
      Array.from({ length: 21 }, (_, call) => call),
    );
  });
});
