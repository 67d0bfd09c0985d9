import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MetricTable } from "../../../server/analysis/metric-table.ts";
import { metricKeys, type Metrics } from "../../../server/spectrum/metrics.ts";

const numbered = (first: number): Metrics =>
  Object.fromEntries(metricKeys.map((key, index) => [key, key === "powerLawAlpha" ? null : first + index])) as Metrics;

describe("MetricTable", () => {
  it("keeps every metric and its noise value apart, and tells what is missing", () => {
    const table = new MetricTable(3);
    table.set(1, numbered(100), numbered(200));
    metricKeys.forEach((key, index) => {
      const expected =
        key === "powerLawAlpha" ? { value: NaN, noise: NaN } : { value: 100 + index, noise: 200 + index };
      assert.deepEqual(table.get(1, key), expected);
      assert.equal(table.row(1).metrics[key], Number.isNaN(expected.value) ? null : expected.value);
      assert.equal(table.row(1).noise[key], Number.isNaN(expected.noise) ? null : expected.noise);
      assert.equal(table.row(2).metrics[key], null);
      for (const other of [-1, 0, 2, 3]) assert.deepEqual(table.get(other, key), { value: NaN, noise: NaN });
    });
  });
});
