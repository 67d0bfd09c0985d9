/** Matrices that do not fit a buffer, made small: the buffer is made smaller still. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import type { EntryStatistics } from "../../server/svd/measurement.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { gaussianMatrix } from "../support/random.ts";
import { decode, encode } from "../support/safetensors.ts";
import { singularValues } from "../support/svd.ts";

interface Case {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly dtype?: Dtype;
  readonly entry?: (gaussian: number, row: number, column: number) => number;
}

const cases: readonly Case[] = [
  // 512 rows fit, so that chunks bring 512, 384, 384, … and an odd last one.
  { name: "tall", rows: 2500, columns: 128 },
  { name: "wide", rows: 128, columns: 2500 },
  // 436, 286, 286, …
  { name: "an odd number of rows", rows: 1501, columns: 150 },
  { name: "an odd number of columns, wide", rows: 149, columns: 1501 },
  // 8192, 8185, …: the moments of a row take more than the row.
  { name: "very tall", rows: 20_001, columns: 7 },
  { name: "one column", rows: 50_001, columns: 1 },
  { name: "one row", rows: 1, columns: 50_001 },
  { name: "BF16, wide", rows: 101, columns: 2499, dtype: "BF16" },
  { name: "F8_E4M3", rows: 2499, columns: 99, dtype: "F8_E4M3" },
  // The raw bytes take twice as much as the decoded ones.
  { name: "F64", rows: 500, columns: 81, dtype: "F64" },
  { name: "the last row is a chunk of its own", rows: 436 + 286 + 1, columns: 150 },
  { name: "scales that differ", rows: 2000, columns: 100, entry: (g, row) => g * 10 ** (row / 250 - 6) },
  { name: "beyond fp32's range", rows: 2000, columns: 100, dtype: "F64", entry: (g) => g * 1e120 },
  {
    name: "chunks of rank 1",
    rows: 2000,
    columns: 100,
    entry: (g, row, column) => (row < 1700 ? (row % 7) * column : g),
  },
  { name: "all of rank 2", rows: 2000, columns: 100, entry: (_, row, column) => (row % 7) * column + (column % 5) },
  {
    name: "zero rows throughout a chunk",
    rows: 3000,
    columns: 100,
    entry: (g, row) => (row > 500 && row < 2200 ? 0 : g),
  },
  { name: "the first chunk is zero", rows: 3000, columns: 100, entry: (g, row) => (row < 1500 ? 0 : g) },
  { name: "zero throughout", rows: 1500, columns: 100, entry: () => 0 },
  { name: "graded", rows: 2000, columns: 100, entry: (g, _, column) => g * 10 ** (-column / 15) },
];

describe("matrices that are reduced in chunks", () => {
  let small: TestEngine;
  let large: TestEngine;
  let worst = 0;
  before(async () => {
    small = await openTestEngine({ bufferBytes: 2 ** 18 });
    large = await openTestEngine();
  });
  after(async () => {
    await small.close();
    await large.close();
  });

  for (const { name, rows, columns, dtype = "F32", entry = (g: number) => g } of cases) {
    it(`${rows} × ${columns}: ${name}`, async () => {
      const numbers = Float64Array.from(gaussianMatrix(rows, columns, rows), (g, i) =>
        entry(g, Math.floor(i / columns), i % columns),
      );
      const bytes = encode(numbers, dtype);
      const source = await small.writeBytes(bytes, rows, columns, dtype, 3);
      const [chunked] = await small.measure([source]);
      const [whole] = await large.measure([source]);
      const expected = singularValues(decode(bytes, dtype), rows, columns);
      const error = relativeError(chunked!.singularValues, expected);
      worst = Math.max(worst, error);
      assert.ok(error <= 6e-7, `an error of ${error.toExponential(1)}`);
      sameStatistics(chunked!.entries, whole!.entries);
    });
  }

  it("the largest error of all of them", (context) => {
    context.diagnostic(worst.toExponential(1));
    assert.ok(worst > 0);
  });

  it("columns of a larger matrix", async () => {
    const [rows, pitch, columns] = [1500, 250, 100];
    const numbers = gaussianMatrix(rows, pitch, 5);
    const whole = await small.write(numbers, rows, pitch);
    const begin = whole.begin + 4 * 50;
    const part = { ...whole, begin, end: begin + 4 * ((rows - 1) * pitch + columns), columns, pitch };
    const [measurement] = await small.measure([part]);
    const own = Float64Array.from({ length: rows * columns }, (_, i) =>
      Math.fround(numbers[Math.floor(i / columns) * pitch + 50 + (i % columns)]!),
    );
    assert.ok(relativeError(measurement!.singularValues, singularValues(own, rows, columns)) <= 6e-7);
  });

  it("entries that are not finite: counted, and no values", async () => {
    const numbers = Float64Array.from(gaussianMatrix(2000, 100, 1));
    numbers[1999 * 100 + 7] = NaN;
    const source = await small.write(numbers, 2000, 100);
    const [chunked] = await small.measure([source]);
    const [whole] = await large.measure([source]);
    assert.equal(chunked!.entries.nonFinite, 1);
    assert.equal(chunked!.singularValues.length, 0);
    sameStatistics(chunked!.entries, whole!.entries);
  });

  it("some of its entries can be read", async () => {
    const numbers = Float64Array.from({ length: 40_000 * 10 }, (_, i) => i % 10_007);
    for (const [rows, columns] of [
      [40_000, 10],
      [10, 40_000],
    ] as const) {
      const source = await small.write(numbers, rows, columns);
      const part = await small.engine.readEntries(source, 1000);
      assert.deepEqual([part.rows, part.columns], rows > columns ? [100, 10] : [10, 100]);
      const step = rows > columns ? 400 : 1;
      const expected = Float32Array.from(
        { length: 1000 },
        (_, i) => numbers[Math.floor(i / part.columns) * step * columns + (i % part.columns)]!,
      );
      assert.deepEqual(part.entries, expected);
    }
  });

  it("a file that ends too early", async () => {
    const source = await small.write(gaussianMatrix(2000, 100, 1), 2000, 100);
    const messages: string[] = [];
    await small.engine.measure([{ ...source, begin: source.begin + 100, end: source.end + 100 }], {
      signal: new AbortController().signal,
      onResult: () => assert.fail(),
      onUnsupported: (_, message) => messages.push(message),
    });
    assert.equal(messages.length, 1);
    assert.match(messages[0]!, /cannot be read: the file ends at byte 800005, before the tensor does\.$/);
  });

  it("a triangle that does not fit: told with both numbers", async () => {
    const messages: string[] = [];
    const source = { path: "/none", begin: 0, end: 2 * 4000 * 300, dtype: "BF16" as const, rows: 4000, columns: 300 };
    await small.engine.measure([source], {
      signal: new AbortController().signal,
      onResult: () => assert.fail(),
      onUnsupported: (_, message) => messages.push(message),
    });
    assert.match(messages.join(), /^It needs 1 MiB in one piece, and .+ gives 1 MiB at most\.$/);
  });

  it("an aborted call ends, and the engine goes on", async () => {
    const source = await small.write(gaussianMatrix(5000, 100, 1), 5000, 100);
    const other = await small.write([3], 1, 1);
    const reason = new Error("enough");
    const abort = new AbortController();
    const told = { onResult: () => assert.fail(), onUnsupported: () => assert.fail() };
    const streaming = small.engine.measure([source], { signal: abort.signal, ...told });
    // Begins when the first has been read, and that is still to be computed.
    const behind = small.measure([other]);
    abort.abort(reason);
    await assert.rejects(streaming, reason);
    assert.deepEqual([...(await behind)[0]!.singularValues], [3]);
    const [measurement] = await small.measure([source]);
    assert.equal(measurement!.singularValues.length, 100);
  });
});

/** Sums of other numbers of terms differ in their last digits. */
function sameStatistics(actual: EntryStatistics, expected: EntryStatistics): void {
  for (const key of Object.keys(expected) as (keyof EntryStatistics)[]) {
    const [one, other] = [actual[key], expected[key]];
    if (typeof one === "number" && typeof other === "number") {
      const scale = Math.max(Math.abs(other), key === "mean" ? Math.sqrt(expected.variance) : 1e-300);
      const close = Math.abs(one - other) <= 1e-5 * scale + (key === "excessKurtosis" ? 1e-5 : 0);
      assert.ok(close, `${key}: ${one}, not ${other}`);
    } else {
      assert.equal(one, other, key);
    }
  }
}
