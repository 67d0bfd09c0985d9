import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Places } from "../../../server/gpu/places.ts";

const never = new AbortController().signal;

/** Lets all that is ready go on. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("Places", () => {
  it("lets in who comes first, as many as there are places", async () => {
    const places = new Places(2);
    const entered: number[] = [];
    const leaves: (() => void)[] = [];
    for (const number of [1, 2, 3, 4]) {
      void places.take(never, 1).then((leave) => {
        entered.push(number);
        leaves.push(leave);
      });
    }
    await settle();
    assert.deepEqual(entered, [1, 2]);
    leaves[1]!();
    leaves[1]!();
    await settle();
    assert.deepEqual(entered, [1, 2, 3]);
    leaves[0]!();
    await settle();
    assert.deepEqual(entered, [1, 2, 3, 4]);
  });

  it("who wants all places waits for them, and nobody passes", async () => {
    const places = new Places(2);
    const leave = await places.take(never, 1);
    const entered: string[] = [];
    const all = places.take(never).then((each) => (entered.push("all"), each));
    const one = places.take(never, 1).then((each) => (entered.push("one"), each));
    await settle();
    assert.deepEqual(entered, []);
    leave();
    await settle();
    assert.deepEqual(entered, ["all"]);
    (await all)();
    await one;
    assert.deepEqual(entered, ["all", "one"]);
  });

  it("who is told to stop waiting takes nothing", async () => {
    const places = new Places(1);
    const leave = await places.take(never);
    const abort = new AbortController();
    const reason = new Error("enough");
    const waiting = places.take(abort.signal);
    const behind = places.take(never);
    abort.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(places.take(abort.signal), reason);
    leave();
    (await behind)();
    (await places.take(never))();
  });
});
