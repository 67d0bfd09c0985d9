import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { movingAverage, movingAverageRadius } from "../../../server/statistics/moving-average.ts";

describe("movingAverage", () => {
  it("averages what lies around each place, less at the ends, and passes over what does not exist", () => {
    assert.deepEqual(movingAverage([1, 2, 6, null, 4], 1), [1.5, 3, 4, 5, 4]);
    assert.deepEqual(movingAverage([null, null], 1), [null, null]);
    assert.deepEqual(movingAverage([], 3), []);
  });

  it("is as wide as the root of their number", () => {
    assert.deepEqual([1, 64, 4096].map(movingAverageRadius), [1, 4, 32]);
    assert.equal(movingAverage(new Array<number>(64).fill(0.25))[63], 0.25);
  });
});
