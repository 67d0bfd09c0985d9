import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { AverageSpectra } from "../../../server/spectrum/average-spectra.ts";
import { compressionOf } from "../../../server/spectrum/compression.ts";
import { gaussianSpectra } from "../../support/null-model.ts";

describe("compressionOf", () => {
  it("finds the smallest rank for each share, and what it saves", () => {
    const { byEnergy, byRank, smallValuesLeaveBulk } = compressionOf(
      Float64Array.of(4, 2, 1, 1),
      { rows: 4, columns: 6 },
      0,
    )!;
    // Energies 16, 4, 1, 1 of 22.
    assert.deepEqual(
      byEnergy.map(({ rank }) => rank),
      [1, 2, 2, 3, 4],
    );
    assert.deepEqual(byEnergy[0], { rank: 1, energy: 16 / 22, parameters: 10, saved: 1 - 10 / 24 });
    assert.equal(byEnergy[4]!.energy, 1);
    assert.ok(byEnergy[4]!.saved < 0);
    assert.deepEqual(byRank, []);
    assert.equal(smallValuesLeaveBulk, false);
  });

  it("tells of the ranks that designs use, below full rank", () => {
    const values = gaussianSpectra(600, 700, 1)();
    const { byRank } = compressionOf(values, { rows: 700, columns: 600 }, 4)!;
    assert.deepEqual(
      byRank.map(({ rank, design }) => [rank, design]),
      [[512, "DeepSeek-V2 kv"]],
    );
    const wide = Float64Array.from({ length: 2048 }, (_, k) => 1 / (1 + k));
    assert.deepEqual(
      compressionOf(wide, { rows: 2048, columns: 4096 }, 0)!.byRank.map(({ rank, design, parameters }) => [
        rank,
        design,
        parameters,
      ]),
      [
        [512, "DeepSeek-V2 kv", 512 * 6144],
        [1536, "DeepSeek-V2 q", 1536 * 6144],
      ],
    );
    assert.ok(byRank[0]!.energy > 0.98 && byRank[0]!.energy < 1);
    assert.equal(compressionOf(values, { rows: 700, columns: 600 }, 4)!.smallValuesLeaveBulk, true);
  });

  it("does not exist without energy", () => {
    assert.equal(compressionOf(new Float64Array(3), { rows: 3, columns: 3 }, 0), null);
    assert.equal(compressionOf(Float64Array.of(NaN, NaN), { rows: 2, columns: 3 }, 0), null);
  });
});

describe("AverageSpectra", () => {
  it("averages matrices of one role and shape in units of their noise, whatever their scale", () => {
    const averages = new AverageSpectra();
    const draw = gaussianSpectra(64, 128, 3);
    for (const scale of [1e-3, 1, 50, 1e6]) {
      averages.add(
        "query",
        { rows: 128, columns: 64 },
        draw().map((value) => value * scale),
      );
    }
    averages.add("query", { rows: 64, columns: 128 }, draw());
    averages.add("key", { rows: 2, columns: 2 }, Float64Array.of(0, 0));
    averages.add("key", { rows: 2, columns: 2 }, Float64Array.of(NaN, NaN));
    const [only, ...others] = averages.results;
    assert.deepEqual(others, []);
    assert.deepEqual([only!.role, only!.shape, only!.matrices], ["query", [128, 64], 4]);
    const squares = only!.singularValues.reduce((sum, value) => sum + value * value, 0);
    assert.ok(Math.abs(squares / 64 - 1) < 0.01);
    assert.ok(Math.abs(only!.singularValues[0]! - (1 + Math.sqrt(0.5))) < 0.06);
  });
});
