import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { noiseRandomness, vectorRandomness } from "../../../server/spectrum/vector-randomness.ts";
import { kolmogorovPValue } from "../../../server/statistics/kolmogorov.ts";
import { normalCdf } from "../../../server/statistics/normal.ts";
import { normal } from "../../support/random.ts";

describe("randomness of singular vectors", () => {
  it("is the mean p-value and the share below .05, without the null space", () => {
    const { meanP, shareBelow05 } = vectorRandomness([0.8, NaN, 1.7, 0.5]);
    const expected = [0.8, 1.7, 0.5].map(kolmogorovPValue).reduce((a, b) => a + b) / 3;
    assert.ok(Math.abs(meanP! - expected) < 1e-15);
    assert.equal(shareBelow05, 1 / 3);
    assert.deepEqual(vectorRandomness([NaN]), { meanP: null, shareBelow05: null });
  });

  it("of noise is what simulated unit vectors give", () => {
    for (const [n, draws] of [
      [64, 6000],
      [384, 2000],
    ] as const) {
      const next = normal(n);
      const statistics = Array.from({ length: draws }, () => {
        const v = Float64Array.from({ length: n }, next);
        const norm = Math.hypot(...v);
        let most = 0;
        v.sort().forEach((value, i) => {
          const expected = normalCdf((Math.sqrt(n) * value) / norm);
          most = Math.max(most, expected - i / n, (i + 1) / n - expected);
        });
        return Math.sqrt(n) * most;
      });
      const simulated = vectorRandomness(statistics);
      const noise = noiseRandomness(n);
      assert.ok(Math.abs(simulated.meanP! - noise.meanP!) < (4 * 0.295) / Math.sqrt(draws), `${n} ${simulated.meanP}`);
      assert.ok(Math.abs(simulated.shareBelow05! - noise.shareBelow05!) < 4 * Math.sqrt(0.037 / draws));
    }
  });
});
