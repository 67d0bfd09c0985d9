import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { VectorProfiles, type SideSummary } from "../../../server/spectrum/vector-profiles.ts";

const side = (meanP: number | null, largest: number): SideSummary => ({
  meanP,
  shareBelow05: meanP === null ? null : 0.5 - meanP / 2,
  localisation: { largest, inverseParticipation: largest ** 2 },
});
const entry = (left: number | null, right: number) => ({
  left: side(left, 0.2),
  right: side(right, 0.1),
  noise: { left: side(0.56, 0.3), right: side(0.55, 0.15) },
});

describe("VectorProfiles", () => {
  it("averages over a layer's heads, and keeps matrices apart from heads", () => {
    const profiles = new VectorProfiles();
    profiles.add("query", true, 1, entry(0.2, 0.4));
    profiles.add("query", true, 0, entry(0.6, 0.5));
    profiles.add("query", true, 1, entry(0.4, 0.6));
    profiles.add("query", false, 1, entry(0.1, 0.1));
    profiles.add("embedding", false, null, entry(0.1, 0.1));
    const [heads, matrices, ...more] = profiles.results;
    assert.deepEqual(more, []);
    assert.deepEqual([heads!.role, heads!.heads, heads!.layers, heads!.count], ["query", true, [0, 1], [1, 2]]);
    assert.deepEqual(heads!.right.meanP, [0.5, 0.5]);
    assert.ok(Math.abs(heads!.left.meanP[1]! - 0.3) < 1e-12 && Math.abs(heads!.left.shareBelow05[1]! - 0.35) < 1e-12);
    assert.deepEqual(heads!.right.largest, [0.1, 0.1]);
    assert.equal(heads!.noise.left.meanP, 0.56);
    assert.deepEqual([matrices!.heads, matrices!.left.meanP], [false, [0.1]]);
  });

  it("passes over what has no vectors", () => {
    const profiles = new VectorProfiles();
    profiles.add("key", true, 2, entry(null, 0.4));
    profiles.add("key", true, 2, entry(0.5, 0.4));
    profiles.add("key", true, 3, entry(null, 0.4));
    assert.deepEqual(profiles.results[0]!.left.meanP, [0.5, null]);
  });
});
