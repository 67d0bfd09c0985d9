import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ConfigInitialiser } from "../../../server/architecture/config-initialiser.ts";
import { spectrumMetrics } from "../../../server/spectrum/compute-metrics.ts";
import { decideVerdict, type VerdictContext } from "../../../server/spectrum/decide.ts";
import type { Thresholds } from "../../../server/spectrum/thresholds.ts";
import type { Verdict } from "../../../server/spectrum/verdict.ts";
import { measure } from "../../support/measure.ts";
import { gaussianMatrix, normal, uniform } from "../../support/random.ts";
import { decode, encode } from "../../support/safetensors.ts";
import { verdictOf } from "../../support/verdict.ts";

const plain: VerdictContext = { unsupported: null, duplicateOf: null, configInitialiser: null };

const configOf = (range: number, layers = 12): ConfigInitialiser => ({
  range,
  residual: { sigma: range / Math.sqrt(2 * layers), layers },
  scalesResidual: false,
});

function judge(
  a: Float64Array,
  rows: number,
  columns: number,
  context: Partial<VerdictContext> = {},
  thresholds: Partial<Thresholds> = {},
): Verdict {
  return verdictOf(measure(a, rows, columns), { rows, columns }, context, thresholds);
}

function map(a: Float64Array, columns: number, f: (value: number, i: number, j: number) => number): Float64Array {
  return a.map((value, k) => f(value, Math.floor(k / columns), k % columns));
}

/** Share of seeded matrices that are graded random. */
function shareRandom(rows: number, columns: number, draws: number, make: (seed: number) => Float64Array): number {
  let random = 0;
  for (let seed = 1; seed <= draws; seed++) {
    if (judge(make(seed), rows, columns).grade === "random") random++;
  }
  return random / draws;
}

describe("random matrices", () => {
  for (const [rows, columns, draws] of [
    [64, 64, 200],
    [48, 128, 200],
    [160, 32, 200],
    [8, 64, 40],
  ] as const) {
    it(`are graded random: normal, ${rows} × ${columns}`, () => {
      const share = shareRandom(rows, columns, draws, (seed) => gaussianMatrix(rows, columns, seed, 0.02));
      assert.ok(share >= 0.97, `${share}`);
    });
  }

  it("are graded random: uniform", () => {
    const share = shareRandom(64, 64, 100, (seed) => {
      const next = uniform(seed);
      return Float64Array.from({ length: 4096 }, () => next() - 0.5);
    });
    assert.ok(share >= 0.97, `${share}`);
  });

  // Which few of 60 matrices are rejected by chance must not depend on the dtype.
  for (const dtype of ["BF16", "F16", "F8_E4M3", "F8_E5M2"] as const) {
    it(`stay random when rounded to ${dtype}`, () => {
      let changed = 0;
      for (let seed = 1; seed <= 60; seed++) {
        const exact = gaussianMatrix(64, 64, seed, 0.02);
        const rounded = decode(encode(exact, dtype), dtype);
        if (judge(exact, 64, 64).grade === "random" && judge(rounded, 64, 64).grade !== "random") changed++;
      }
      assert.ok(changed <= 1, `${changed} of 60`);
    });
  }

  it("stay random with a padding row of zeros", () => {
    const a = map(gaussianMatrix(300, 40, 5, 1), 40, (value, i) => (i === 0 ? 0 : value));
    const { grade, reason } = judge(a, 300, 40);
    assert.equal(grade, "random");
    assert.match(reason, /leaving out 1 row of zeros/);
  });

  it("do not depend on scale or orientation", () => {
    const a = gaussianMatrix(40, 60, 3, 1);
    const one = judge(a, 40, 60);
    const scaled = judge(
      a.map((value) => value * 1e-140),
      40,
      60,
    );
    const turned = Float64Array.from(a, (_, k) => a[(k % 40) * 60 + Math.floor(k / 40)]!);
    const other = judge(turned, 60, 40);
    assert.equal(scaled.grade, one.grade);
    assert.equal(other.grade, one.grade);
    assert.ok(Math.abs(scaled.pValue! - one.pValue!) < 1e-6);
    assert.ok(Math.abs(other.pValue! - one.pValue!) < 1e-6);
  });
});

describe("evidence for random", () => {
  it("names the config's initializer_range and what would have shown", () => {
    const { reason } = judge(gaussianMatrix(64, 384, 2, 0.02), 64, 384, { configInitialiser: configOf(0.02) });
    assert.match(reason, /^spectrum within Marchenko–Pastur: John z \S+, largest value \S+ Tracy–Widom units; /);
    assert.match(reason, /consistent with N\(0, 0\.0\d+²\), the config's initializer_range; /);
    assert.match(reason, /a single learned direction would show from 0\.64 % of the energy on$/);
  });

  it("names the scaled rule of projections into the residual stream, with the config's number of layers", () => {
    const { reason } = judge(gaussianMatrix(64, 384, 2, 0.02 / Math.sqrt(24)), 64, 384, {
      configInitialiser: configOf(0.02),
    });
    assert.match(
      reason,
      /; consistent with N\(0, 0\.00408²\), the config's initializer_range\/√\(2·12\) of projections into the residual stream; /,
    );
    const other = judge(gaussianMatrix(64, 384, 2, 0.02 / Math.sqrt(24)), 64, 384, {
      configInitialiser: configOf(0.02, 24),
    });
    assert.doesNotMatch(other.reason, /config/);
  });

  it("does not claim a range that does not fit", () => {
    const { reason } = judge(gaussianMatrix(64, 384, 2, 0.03), 64, 384, { configInitialiser: configOf(0.02) });
    assert.doesNotMatch(reason, /config/);
  });

  it("tells uniform, truncated and normal initialisers apart", () => {
    const next = uniform(1);
    const linear = Float64Array.from({ length: 128 * 100 }, () => (2 * next() - 1) / Math.sqrt(100));
    assert.match(judge(linear, 128, 100).reason, /consistent with U\(±0\.\d+\), the ±1\/√fan_in of nn\.Linear/);
    const gaussian = normal(2);
    const truncated = Float64Array.from({ length: 128 * 100 }, () => {
      for (;;) {
        const value = gaussian();
        if (Math.abs(value) < 2) return 0.02 * value;
      }
    });
    assert.match(
      judge(truncated, 128, 100, { configInitialiser: configOf(0.02) }).reason,
      /truncated at 2σ, the config's initializer_range/,
    );
    assert.match(judge(gaussianMatrix(128, 100, 3, 1), 128, 100).reason, /the default of nn\.Embedding/);
  });

  it("says of a small matrix that it was shuffled", () => {
    assert.match(
      judge(gaussianMatrix(4, 200, 1, 1), 4, 200).reason,
      /^no structure that shuffling its entries would destroy \(p /,
    );
  });
});

describe("matrices with structure", () => {
  const spiked = (strength: number): Float64Array => {
    const u = gaussianMatrix(1, 64, 11);
    const v = gaussianMatrix(1, 200, 12);
    return map(gaussianMatrix(64, 200, 10, 0.02), 200, (value, i, j) => value + strength * 0.02 * u[i]! * v[j]!);
  };

  it("with one spike on noise are partly learned", () => {
    const verdict = judge(spiked(0.4), 64, 200);
    assert.equal(verdict.grade, "partly-learned");
    assert.match(verdict.reason, /^1 singular value above a Marchenko–Pastur bulk of 63, with \d+ % of the energy$/);
    assert.ok(verdict.pValue! < 1e-6);
  });

  it("with a spike below the threshold of detection cannot be told from noise", () => {
    assert.equal(judge(spiked(0.02), 64, 200).grade, "random");
  });

  it("with a steep spectrum are learned", () => {
    const a = map(gaussianMatrix(64, 200, 20), 200, (value, i) => value * 0.97 ** i);
    const verdict = judge(a, 64, 200);
    assert.equal(verdict.grade, "learned");
    assert.match(verdict.reason, /90 % of the energy in \d+ of 64 directions \(noise \d+\)$/);
  });

  it("with columns of different size are not random, though only that test sees it", () => {
    const a = map(gaussianMatrix(64, 512, 21), 512, (value, _, j) => value * (1 + 0.12 * Math.sin(j)));
    const verdict = judge(a, 64, 512);
    assert.notEqual(verdict.grade, "random");
    const columns = verdict.tests.find(({ name }) => name === "columns")!;
    assert.ok(verdict.tests.every(({ name, pValue }) => name === "columns" || pValue >= columns.pValue));
    assert.equal(verdict.grade, "near-random");
    // Whoever draws the lines elsewhere gets another grade, of the same numbers.
    assert.equal(judge(a, 64, 512, {}, { bulk: 0 }).grade, "learned");
    assert.equal(judge(a, 64, 512, {}, { participation: 0 }).grade, "learned");
    const noise = Array.from({ length: 40 }, (_, seed) => gaussianMatrix(32, 64, 100 + seed));
    const doubtful = noise.find((each) => (judge(each, 32, 64).pValue ?? 1) < 0.4)!;
    assert.equal(judge(doubtful, 32, 64).grade, "random");
    assert.notEqual(judge(doubtful, 32, 64, {}, { significance: 0.5 }).grade, "random");
    assert.match(
      verdict.reason,
      /^close to noise but not noise: the norms of its columns differ too much for noise \(p \S+\)/,
    );
  });

  it("with the product of two thin matrices added are rejected", () => {
    const b = gaussianMatrix(64, 8, 31);
    const c = gaussianMatrix(8, 96, 32);
    const a = map(gaussianMatrix(64, 96, 30), 96, (value, i, j) => {
      let sum = 0;
      for (let k = 0; k < 8; k++) sum += b[i * 8 + k]! * c[k * 96 + j]!;
      return value + sum;
    });
    assert.ok(["learned", "partly-learned"].includes(judge(a, 64, 96).grade));
  });

  it("of small size are found by shuffling", () => {
    const a = map(gaussianMatrix(4, 200, 40), 200, (value, i) => value * (1 + i));
    const verdict = judge(a, 4, 200);
    assert.equal(verdict.grade, "learned");
    assert.deepEqual(verdict.tests.map(({ name }) => name).sort(), ["columns", "john", "largest", "rows", "smallest"]);
  });

  it("of exactly low rank are learned", () => {
    const b = gaussianMatrix(64, 4, 50);
    const c = gaussianMatrix(4, 64, 51);
    const a = map(new Float64Array(4096), 64, (_, i, j) => {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += b[i * 4 + k]! * c[k * 64 + j]!;
      return sum;
    });
    const verdict = judge(a, 64, 64);
    assert.equal(verdict.grade, "learned");
    assert.doesNotMatch(verdict.reason, /NaN|Infinity|undefined/);
  });
});

describe("degenerate classes", () => {
  const noise = gaussianMatrix(32, 32, 60);
  const cases: readonly (readonly [string, Float64Array, number, number, Partial<VerdictContext>, RegExp])[] = [
    ["unsupported", noise, 32, 32, { unsupported: "packed integers" }, /^packed integers$/],
    ["non-finite", map(noise, 32, (v, i) => (i === 3 ? NaN : v)), 32, 32, {}, /^32 of 1024 entries are not finite/],
    ["zero", new Float64Array(1024), 32, 32, {}, /^every entry is zero$/],
    ["zero", new Float64Array(3), 1, 3, {}, /^every entry is zero$/],
    ["constant", new Float64Array(1024).fill(0.5), 32, 32, { duplicateOf: "other" }, /^every entry equals 0\.5$/],
    ["constant", Float64Array.of(1), 1, 1, {}, /^every entry equals 1$/],
    ["identity", map(noise, 32, (_, i, j) => (i === j ? 1 : 0)), 32, 32, {}, /identity/],
    ["duplicate", noise, 32, 32, { duplicateOf: "model.layers.1.mlp" }, /same contents as model\.layers\.1\.mlp$/],
    ["too-small", gaussianMatrix(1, 500, 1), 1, 500, {}, /^a single row has no spectrum/],
    ["too-small", gaussianMatrix(500, 1, 1), 500, 1, {}, /^a single column has no spectrum/],
    ["too-small", gaussianMatrix(10, 20, 1), 10, 20, {}, /^200 entries are too few/],
    ["too-small", map(noise, 32, (v, i) => (i < 5 ? v : 0)), 32, 32, {}, /^apart from rows and columns of zeros/],
  ];
  for (const [grade, a, rows, columns, context, reason] of cases) {
    it(`${grade}: ${reason.source}`, () => {
      const verdict = judge(a, rows, columns, context);
      assert.equal(verdict.grade, grade);
      assert.match(verdict.reason, reason);
    });
  }

  it("entries that were not read are unsupported", () => {
    const nothing = spectrumMetrics(new Float64Array(0), { rows: 4, columns: 4 }, { frobeniusNorm: 0 });
    const verdict = decideVerdict({
      shape: { rows: 4, columns: 4 },
      entries: null,
      singularValues: new Float64Array(0),
      metrics: nothing,
      noise: nothing,
      tests: [],
      context: plain,
    });
    assert.equal(verdict.grade, "unsupported");
    assert.equal(verdict.pValue, null);
  });

  const reflection = (size: number): Float64Array => {
    const w = gaussianMatrix(1, size, 70);
    const length = w.reduce((sum, x) => sum + x * x, 0);
    return map(new Float64Array(size * size), size, (_, i, j) => (i === j ? 1 : 0) - (2 * w[i]! * w[j]!) / length);
  };

  it("orthogonal: at any scale, and rounded to bf16", () => {
    const exact = judge(reflection(32), 32, 32);
    assert.equal(exact.grade, "orthogonal");
    assert.match(exact.reason, /^all 32 singular values equal 1 to rounding/);
    assert.equal(
      judge(
        reflection(32).map((value) => 3e-5 * value),
        32,
        32,
      ).grade,
      "orthogonal",
    );
    const rounded = judge(decode(encode(reflection(32), "BF16"), "BF16"), 32, 32);
    assert.equal(rounded.grade, "orthogonal");
  });

  it("orthogonal: also the first rows of a square one, but never a random pair of rows", () => {
    assert.equal(judge(reflection(64).slice(0, 16 * 64), 16, 64).grade, "orthogonal");
    for (let seed = 1; seed <= 50; seed++) {
      assert.notEqual(judge(gaussianMatrix(2, 2000, seed), 2, 2000).grade, "orthogonal");
    }
  });
});
