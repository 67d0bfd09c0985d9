import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { formatBytes, formatCount, formatNumber, printable } from "../../../server/text/format.ts";

describe("numbers for people", () => {
  it("formats counts and bytes", () => {
    const table: [number, string, string][] = [
      [0, "0", "0 B"],
      [999, "999", "999 B"],
      [1000, "1.00 k", "1.00 kB"],
      [15735168, "15.7 M", "15.7 MB"],
      [999_600, "1.00 M", "1.00 MB"],
      [8.03e9, "8.03 B", "8.03 GB"],
      [6.71e14, "671 T", "671 TB"],
    ];
    for (const [value, count, bytes] of table) {
      assert.equal(formatCount(value), count);
      assert.equal(formatBytes(value), bytes);
    }
  });

  it("formats values with three digits", () => {
    const table: [number | null, string][] = [
      [null, "–"],
      [NaN, "–"],
      [Infinity, "–"],
      [0, "0"],
      [384, "384"],
      [-12, "-12"],
      [0.0199, "0.0199"],
      [1.23456, "1.23"],
      [123456.7, "1.23e+5"],
      [1e-30, "1.00e-30"],
      [2e6, "2.00e+6"],
    ];
    for (const [value, text] of table) {
      assert.equal(formatNumber(value), text);
    }
  });
});

describe("printable", () => {
  it("shows hidden characters as escapes and leaves the rest", () => {
    assert.equal(printable("model.layers.0.weight"), "model.layers.0.weight");
    assert.equal(printable("größe 模型"), "größe 模型");
    assert.equal(printable("a\u001b[2Jb\nc"), "a\\u{1b}[2Jb\\u{a}c");
    assert.equal(printable("x\u202Ey\u2028z\u0000"), "x\\u{202e}y\\u{2028}z\\u{0}");
  });
});
