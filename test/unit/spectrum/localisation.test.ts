import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { meanLocalisation, noiseLocalisation } from "../../../server/spectrum/localisation.ts";
import { normal } from "../../support/random.ts";

describe("localisation of singular vectors", () => {
  it("of noise has the known values", () => {
    for (const [n, expected] of [
      [64, 0.3257],
      [768, 0.1213],
      [1024, 0.1076],
      [2048, 0.0801],
      [4096, 0.0594],
    ] as const) {
      const { largest, inverseParticipation } = noiseLocalisation(n);
      assert.ok(Math.abs(largest! - expected) < 1.2e-4, `${n}: ${largest}`);
      assert.equal(inverseParticipation, 3 / (n + 2));
    }
  });

  it("of noise is what simulated unit vectors give, short ones too", () => {
    assert.ok(Math.abs(noiseLocalisation(1).largest! - 1) < 1e-5);
    // |cos φ| or |sin φ|, whichever is larger.
    assert.ok(Math.abs(noiseLocalisation(2).largest! - (2 * Math.SQRT2) / Math.PI) < 1e-6);
    for (const n of [7, 100]) {
      const next = normal(n);
      const draws = Array.from({ length: 4000 }, () => {
        const v = Float64Array.from({ length: n }, next);
        const norm = Math.hypot(...v);
        return v.map((value) => value / norm);
      });
      const simulated = meanLocalisation(
        draws.map((v) => v.reduce((most, value) => Math.max(most, Math.abs(value)), 0)),
        draws.map((v) => v.reduce((sum, value) => sum + value ** 4, 0)),
      );
      const noise = noiseLocalisation(n);
      assert.ok(Math.abs(simulated.largest! / noise.largest! - 1) < 0.01, `${n} ${simulated.largest}`);
      assert.ok(Math.abs(simulated.inverseParticipation! / noise.inverseParticipation! - 1) < 0.02);
    }
  });

  it("leaves the null space out", () => {
    assert.deepEqual(meanLocalisation([0.5, NaN, 1], [0.1, NaN, 0.3]), { largest: 0.75, inverseParticipation: 0.2 });
    assert.deepEqual(meanLocalisation([NaN], [NaN]), { largest: null, inverseParticipation: null });
  });
});
