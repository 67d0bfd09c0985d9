import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { profilesOf } from "../../../server/analysis/profiles.ts";
import { summaryOf, type JudgedMatrix } from "../../../server/analysis/summary.ts";
import { spectrumMetrics } from "../../../server/spectrum/compute-metrics.ts";
import { metricKeys } from "../../../server/spectrum/metrics.ts";
import { noiseMetrics } from "../../../server/spectrum/noise-metrics.ts";
import { analysisWith, matrixView } from "../../support/analysis.ts";
import { gaussianSpectra } from "../../support/null-model.ts";

const shape = { rows: 64, columns: 64 };

function judged(role: JudgedMatrix["role"], layer: number | null, spectrum: Float64Array, expert = ""): JudgedMatrix {
  const metrics = spectrumMetrics(spectrum, shape, { frobeniusNorm: Math.hypot(...spectrum) });
  const id = `${layer === null ? "" : `layers.${layer}.`}${role}${expert}`;
  return {
    ...summaryOf(matrixView(id, 64, 64), analysisWith([])),
    grade: "learned",
    role,
    layer,
    metrics,
    noise: noiseMetrics(shape, metrics.sigmaEntries),
  };
}

const steep = (power: number): Float64Array => Float64Array.from({ length: 64 }, (_, k) => (k + 1) ** -power);
const noise = gaussianSpectra(64, 64, 11)();

describe("profilesOf", () => {
  const matrices = [
    judged("embedding", null, steep(0.2)),
    judged("query", 1, steep(1)),
    judged("query", 0, steep(0.5)),
    judged("value", 0, noise),
    judged("value", 1, noise),
    judged("up", 0, steep(0.3), "a"),
    judged("up", 0, steep(0.4), "b"),
    judged("up", 0, steep(0.5), "c"),
  ];
  const { roles, mostRandom, lowestRank, learning } = profilesOf(matrices);

  it("makes a grid of roles and layers, in order of depth, of every metric", () => {
    assert.deepEqual(
      roles.map(({ role, layers, matrices: counts }) => [role, layers, counts]),
      [
        ["query", [0, 1], [1, 1]],
        ["value", [0, 1], [1, 1]],
        ["up", [0], [3]],
      ],
    );
    const query = roles[0]!;
    assert.deepEqual(Object.keys(query.values), [...metricKeys]);
    assert.equal(query.values.effectiveRank[0], matrices[2]!.metrics.effectiveRank);
    assert.equal(query.noise.effectiveRank[1], matrices[1]!.noise.effectiveRank);
    // The median of three.
    assert.equal(roles[2]!.values.effectiveRank[0], matrices[6]!.metrics.effectiveRank);
  });

  it("ranks the most random and the lowest rank", () => {
    assert.deepEqual(
      mostRandom.slice(0, 2).map(({ name }) => name),
      ["layers.0.value", "layers.1.value"],
    );
    assert.ok(mostRandom[0]!.score < 0.05);
    assert.equal(lowestRank[0]!.name, "layers.1.query");
    assert.ok(lowestRank.every(({ score }, i) => i === 0 || score >= lowestRank[i - 1]!.score));
  });

  it("says how far each role has left its noise", () => {
    const value = learning.find(({ role }) => role === "value")!;
    assert.ok(Math.abs(value.departure) < 0.05);
    assert.equal(learning[0]!.role, "query");
    const query = learning.find(({ role }) => role === "query")!;
    assert.equal(query.matrices, 2);
    assert.ok(query.departure > 0.5);
  });

  it("has nothing to say of nothing, or of matrices without a spectrum", () => {
    assert.deepEqual(profilesOf([]), { roles: [], mostRandom: [], lowestRank: [], learning: [] });
    const { roles: some, learning: none } = profilesOf([judged("query", 0, new Float64Array(64))]);
    assert.equal(some[0]!.values.effectiveRank[0], null);
    assert.deepEqual(none, []);
  });
});
