import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Failure } from "../../../server/gpu/failure.ts";

describe("Failure", () => {
  it("lets work through, and what it throws, and keeps nothing of it", async () => {
    const failure = new Failure(new Promise(() => undefined));
    const working = failure.race(Promise.resolve(3));
    assert.equal(failure.waiting, 1);
    assert.equal(await working, 3);
    const reason = new Error("no");
    await assert.rejects(failure.race(Promise.reject(reason)), reason);
    assert.equal(failure.waiting, 0);
  });

  it("ends everyone's waiting when it happens, and that of whoever comes later", async () => {
    let happen: (reason: string) => void = () => undefined;
    const failure = new Failure(
      new Promise((resolve) => {
        happen = resolve;
      }),
    );
    const never = new Promise<number>(() => undefined);
    const both = [failure.race(never), failure.race(never)];
    happen("it is gone");
    for (const each of both) await assert.rejects(each, /^Error: it is gone$/u);
    await assert.rejects(failure.race(Promise.resolve(3)), /it is gone/u);
    assert.equal(failure.waiting, 0);
  });
});
