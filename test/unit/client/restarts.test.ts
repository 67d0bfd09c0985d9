import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Restarts } from "../../../client/server/restarts.ts";

describe("restarts", () => {
  it("wait twice as long each time and then no more", () => {
    const restarts = new Restarts();
    const delays = [0, 1000, 2000, 3000, 4000].map((now) => restarts.ended(now));
    assert.deepEqual(delays, [500, 1000, 2000, 4000, null]);
    assert.equal(restarts.count, 5);
  });

  it("forget what is long past", () => {
    const restarts = new Restarts();
    for (let hour = 0; hour < 20; hour++) {
      assert.equal(restarts.ended(hour * 3_600_000), 500);
    }
  });

  it("begin anew when asked to", () => {
    const restarts = new Restarts();
    for (let now = 0; now < 5; now++) restarts.ended(now);
    restarts.forget();
    assert.equal(restarts.ended(10), 500);
  });
});
