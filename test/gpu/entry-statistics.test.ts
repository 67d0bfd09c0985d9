import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import type { EntryStatistics } from "../../server/svd/measurement.ts";
import { openTestEngine, type TestEngine } from "../support/engine.ts";
import { gaussianMatrix, uniform } from "../support/random.ts";
import { decode, encode } from "../support/safetensors.ts";

let gpu: TestEngine;
before(async () => {
  gpu = await openTestEngine();
});
after(() => gpu.close());

/** The definitions of measurement.ts, in float64. */
function expectedStatistics(a: Float64Array, rows: number, columns: number): Omit<EntryStatistics, "fingerprint"> {
  const finite = a.filter(Number.isFinite);
  const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
  const mean = finite.length === 0 ? 0 : sum(finite) / finite.length;
  const power = (k: number): number =>
    finite.length === 0 ? 0 : sum(finite.map((value) => (value - mean) ** k)) / finite.length;
  const norms = (count: number, place: (i: number) => number): Float64Array => {
    const squares = new Float64Array(count);
    a.forEach((value, i) => (squares[place(i)]! += Number.isFinite(value) ? value * value : 0));
    return squares;
  };
  const empty = (count: number, place: (i: number) => number): number => {
    const occupied = new Set<number>();
    a.forEach((value, i) => value !== 0 && occupied.add(place(i)));
    return count - occupied.size;
  };
  const rowNorms = norms(rows, (i) => Math.floor(i / columns));
  const columnNorms = norms(columns, (i) => i % columns);
  const dispersion = (squares: Float64Array): number => {
    const average = sum(squares) / squares.length;
    return average === 0 ? 0 : sum(squares.map((square) => (square / average - 1) ** 2));
  };
  let gram = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let product = 0;
      for (let k = 0; k < columns; k++) product += a[i * columns + k]! * a[j * columns + k]!;
      gram += product * product;
    }
  }
  const total = sum(rowNorms);
  return {
    count: a.length,
    nonFinite: a.length - finite.length,
    zeros: finite.filter((value) => value === 0).length,
    minimum: finite.length === 0 ? 0 : finite.reduce((x, y) => Math.min(x, y)),
    maximum: finite.length === 0 ? 0 : finite.reduce((x, y) => Math.max(x, y)),
    mean,
    variance: power(2),
    excessKurtosis: power(2) === 0 ? 0 : power(4) / power(2) ** 2 - 3,
    frobeniusNorm: Math.sqrt(total),
    gramRatio: finite.length < a.length ? null : total === 0 ? 0 : Math.sqrt(gram) / total,
    rowDispersion: dispersion(rowNorms),
    columnDispersion: dispersion(columnNorms),
    zeroRows: empty(rows, (i) => Math.floor(i / columns)),
    zeroColumns: empty(columns, (i) => i % columns),
    differsFromIdentity: a.filter((value, i) => value !== (Math.floor(i / columns) === i % columns ? 1 : 0)).length,
  };
}

async function check(values: Float64Array, rows: number, columns: number, dtype: Dtype): Promise<EntryStatistics> {
  const rounded = decode(encode(values, dtype), dtype);
  const [measurement] = await gpu.measure([await gpu.write(values, rows, columns, dtype)]);
  const { fingerprint, ...actual } = measurement!.entries;
  assert.match(fingerprint, /^[0-9a-f]{32}$/);
  const expected = expectedStatistics(rounded, rows, columns);
  const size = Math.max(Math.abs(expected.minimum), Math.abs(expected.maximum));
  for (const key of ["count", "nonFinite", "zeros", "zeroRows", "zeroColumns", "differsFromIdentity"] as const) {
    assert.equal(actual[key], expected[key], key);
  }
  const near = (key: Exclude<keyof typeof actual, "gramRatio">, tolerance: number): void => {
    assert.ok(Math.abs(actual[key] - expected[key]) <= tolerance, `${key}: ${actual[key]}, not ${expected[key]}`);
  };
  near("minimum", 6e-8 * size);
  near("maximum", 6e-8 * size);
  near("mean", 1e-7 * (Math.abs(expected.mean) + Math.sqrt(expected.variance)));
  near("variance", 1e-6 * expected.variance);
  near("excessKurtosis", 1e-6 * (expected.excessKurtosis + 3));
  near("frobeniusNorm", 1e-6 * expected.frobeniusNorm);
  near("rowDispersion", 1e-6 * Math.max(1, expected.rowDispersion));
  near("columnDispersion", 1e-6 * Math.max(1, expected.columnDispersion));
  if (expected.gramRatio === null) assert.equal(actual.gramRatio, null);
  else assert.ok(Math.abs(actual.gramRatio! - expected.gramRatio) <= 1e-6, "gramRatio");
  return measurement!.entries;
}

for (const dtype of ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"] as const) {
  test(`${dtype}: as the definitions say`, async () => {
    await check(gaussianMatrix(130, 70, 1), 130, 70, dtype);
    await check(gaussianMatrix(33, 1100, 2), 33, 1100, dtype);
  });
}

for (const dtype of ["I8", "U8", "I16", "U16", "I32", "U32"] as const) {
  test(`${dtype}: as the definitions say`, async () => {
    const random = uniform(3);
    const most = dtype.endsWith("8") ? 127 : 30000;
    const least = dtype.startsWith("I") ? -most : 0;
    await check(
      Float64Array.from({ length: 50 * 61 }, () => Math.floor(least + random() * (most - least))),
      50,
      61,
      dtype,
    );
  });
}

test("a mean far from zero costs no digits", async () => {
  const { variance } = await check(
    gaussianMatrix(80, 90, 4).map((x) => 1000 + Math.round(x * 16) / 16),
    80,
    90,
    "F32",
  );
  assert.ok(Math.abs(variance - 1) < 0.1);
});

test("rows of different means", async () => {
  await check(
    gaussianMatrix(64, 64, 5).map((x, i) => x + 10 * Math.floor(i / 64)),
    64,
    64,
    "F32",
  );
});

test("constant, zero and identity matrices", async () => {
  const { variance, excessKurtosis } = await check(new Float64Array(300 * 77).fill(0.1), 300, 77, "F32");
  assert.deepEqual([variance, excessKurtosis], [0, 0]);
  await check(new Float64Array(40 * 30), 40, 30, "BF16");
  for (const dtype of ["F64", "F32", "BF16", "F16", "F8_E4M3", "F8_E5M2", "I8", "U32"] as const) {
    const identity = Float64Array.from({ length: 20 * 20 }, (_, i) => (i % 21 === 0 ? 1 : 0));
    assert.equal((await check(identity, 20, 20, dtype)).differsFromIdentity, 0);
  }
  const wide = Float64Array.from({ length: 3 * 7 }, (_, i) => (i % 8 === 0 ? 1 : 0));
  assert.equal((await check(wide, 3, 7, "F32")).differsFromIdentity, 0);
  const almost = Float64Array.of(1, 0, 0, 1 + 2 ** -52);
  const [measurement] = await gpu.measure([await gpu.write(almost, 2, 2, "F64")]);
  assert.equal(measurement!.entries.differsFromIdentity, 1);
});

test("zero rows and columns, also beside the very large", async () => {
  const random = uniform(6);
  const values = Float64Array.from({ length: 60 * 40 }, (_, i) =>
    Math.floor(i / 40) % 7 === 0 || i % 5 === 0 ? 0 : 10 ** (-30 + 60 * random()),
  );
  await check(values, 60, 40, "F32");
  await check(values, 40, 60, "F32");
});

test("entries that are not finite are counted and left out", async () => {
  const values = gaussianMatrix(50, 60, 7).map((x) => x + 5);
  values[7] = NaN;
  values[1234] = Infinity;
  values[2999] = -Infinity;
  for (const dtype of ["F64", "F32", "F16", "BF16", "F8_E5M2"] as const) {
    assert.equal((await check(values, 50, 60, dtype)).nonFinite, 3);
  }
  const [measurement] = await gpu.measure([await gpu.write(values, 50, 60, "F32")]);
  assert.equal(measurement!.singularValues.length, 0);
  await check(new Float64Array(30).fill(NaN), 5, 6, "F32");
});

test("the fingerprint tells contents apart, and nothing else", async () => {
  const values = gaussianMatrix(64, 48, 8);
  const fingerprint = async (a: Float64Array, offset = 0): Promise<string> => {
    const [measurement] = await gpu.measure([await gpu.write(a, 64, 48, "BF16", offset)]);
    return measurement!.entries.fingerprint;
  };
  const original = await fingerprint(values);
  assert.equal(await fingerprint(values, 11), original);
  const seen = new Set([original]);
  const changed = [
    values.map((x, i) => (i === 3071 ? -x : x)),
    values.map((_, i) => values[i ^ 1]!),
    values.map((_, i) => values[(i + 2) % values.length]!),
    values.map((x, i) => (i === 0 ? x * 1.01 : x)),
    new Float64Array(values.length),
  ];
  for (const other of changed) seen.add(await fingerprint(other));
  assert.equal(seen.size, 1 + changed.length);
});
