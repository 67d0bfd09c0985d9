import assert from "node:assert/strict";
import { describe, it, mock } from "node:test";
import { SpareBuffers } from "../../../server/gpu/spare-buffers.ts";

const mebibyte = 1 << 20;

class Buffer {
  readonly size: number;
  destroyed = false;

  constructor(size: number) {
    this.size = size;
  }

  destroy(): void {
    assert.equal(this.destroyed, false);
    this.destroyed = true;
  }
}

/** Takes buffers as their user does: makes what there is not. */
function take(spares: SpareBuffers<Buffer>, ...sizes: number[]): Buffer[] {
  return spares.take(sizes).map((spare, i) => spare ?? new Buffer(sizes[i]!));
}

describe("SpareBuffers", () => {
  it("gives what was given back to who wants that size, each once", () => {
    const spares = new SpareBuffers<Buffer>();
    const [small, large] = take(spares, 8, 16);
    spares.give([small!, large!]);
    assert.deepEqual(spares.take([16, 16, 12]), [large, null, null]);
    assert.deepEqual(spares.take([8]), [small]);
    assert.deepEqual([small!.destroyed, large!.destroyed], [false, false]);
  });

  it("lets the oldest go where more memory would be taken than was in use at once, and a little", () => {
    const spares = new SpareBuffers<Buffer>();
    const old = take(spares, 600 * mebibyte, 400 * mebibyte);
    spares.give(old);
    const [first] = take(spares, 300 * mebibyte);
    // 1000 MiB were in use, and 256 more are allowed.
    assert.deepEqual([old[0]!.destroyed, old[1]!.destroyed], [true, false]);
    const [second] = take(spares, 500 * mebibyte);
    assert.deepEqual([old[1]!.destroyed, first!.destroyed], [false, false]);
    spares.give([first!, second!]);
    assert.deepEqual(spares.take([300 * mebibyte, 500 * mebibyte, 400 * mebibyte]), [first, second, old[1]]);
  });

  it("keeps within a limit", () => {
    const spares = new SpareBuffers<Buffer>();
    spares.limit = 20;
    const old = take(spares, 8, 4);
    spares.give(old);
    take(spares, 10);
    assert.deepEqual([old[0]!.destroyed, old[1]!.destroyed], [true, false]);
  });

  it("keeps nothing once none has been in use for a while", () => {
    mock.timers.enable({ apis: ["setTimeout"] });
    try {
      const spares = new SpareBuffers<Buffer>();
      const [one, other] = take(spares, 8, 8);
      spares.give([one!]);
      mock.timers.tick(10_000);
      assert.equal(one!.destroyed, false);
      spares.give([other!]);
      mock.timers.tick(500);
      // In use again.
      const [again] = spares.take([8]);
      assert.equal(again, other);
      mock.timers.tick(10_000);
      spares.give([again!]);
      mock.timers.tick(10_000);
      assert.deepEqual([one!.destroyed, other!.destroyed], [true, true]);
      assert.deepEqual(spares.take([8]), [null]);
    } finally {
      mock.timers.reset();
    }
  });

  it("counts what could not be had no longer", () => {
    const spares = new SpareBuffers<Buffer>();
    const [kept] = take(spares, 8);
    spares.take([2000 * mebibyte]);
    spares.clear();
    spares.forgo(2000 * mebibyte);
    spares.give([kept!]);
    assert.deepEqual(spares.take([8]), [kept]);
  });
});
