import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { energyPlot } from "../../../media/charts/energy.ts";
import { cumulativeEnergy, matrixSpectrum } from "../../../media/model/shown-spectrum.ts";
import { detailOf } from "../../webview/checkpoints.ts";

describe("cumulative energy", () => {
  it("adds up squares to one", () => {
    assert.deepEqual([...cumulativeEnergy([4, 2, 2, 1])!], [0, 16 / 25, 20 / 25, 24 / 25, 1]);
    assert.equal(cumulativeEnergy([0, 0]), null);
    assert.equal(cumulativeEnergy([NaN, 1]), null);
  });

  it("says the same as the metrics, and noise follows the curve of noise", () => {
    const detail = detailOf("w", false, 3);
    const { rows } = energyPlot(matrixSpectrum(detail))!.table;
    assert.equal(rows.length, 65);
    const shares = (column: number): number[] => rows.map((row) => Number.parseFloat(row[column] as string));
    for (const [key, share] of [
      ["energy60", 60],
      ["energy80", 80],
      ["energy90", 90],
    ] as const) {
      const count = detail.metrics[key]!;
      assert.ok(shares(1)[count]! >= share && shares(1)[count - 1]! < share, key);
      // The curve of noise crosses the threshold where the metric's noise value is.
      const crossing = shares(2).findIndex((value) => value >= share);
      assert.ok(Math.abs(crossing - detail.noise[key]!) <= 1.5, `${key}: ${crossing}, ${detail.noise[key]}`);
    }
    for (const [k, share] of shares(1).entries()) assert.ok(Math.abs(share - shares(2)[k]!) < 4, String(k));
  });

  it("is not there for a matrix without a spectrum", () => {
    const detail = detailOf("w", false, 3);
    assert.equal(
      energyPlot(matrixSpectrum({ ...detail, singularValues: detail.singularValues.map(() => null) })),
      null,
    );
    assert.equal(energyPlot(matrixSpectrum({ ...detail, singularValues: detail.singularValues.map(() => 0) })), null);
  });
});
