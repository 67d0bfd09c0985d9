import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { gaussianMatrix, uniform } from "../support/random.ts";
import { decode, encode } from "../support/safetensors.ts";
import { singularValues } from "../support/svd.ts";

let gpu: TestEngine;
before(async () => {
  gpu = await openTestEngine();
});
after(() => gpu.close());

/** What the engine decodes from these bytes, as one column. */
async function decoded(bytes: Uint8Array, dtype: Dtype, offset = 0): Promise<Float32Array> {
  const count = decode(bytes, dtype).length;
  const source = await gpu.writeBytes(bytes, count, 1, dtype, offset);
  const { entries, rows, columns } = await gpu.engine.readEntries(source, count);
  assert.deepEqual([rows, columns], [count, 1]);
  return entries;
}

/** −0 and 0 are one number. */
function sameNumbers(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  const different = actual.findIndex((value, i) => value !== expected[i]!);
  assert.equal(different, -1, `entry ${different} is ${actual[different]}, not ${expected[different]}`);
}

const codes: [Dtype, number][] = [
  ["F8_E4M3", 8],
  ["F8_E5M2", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I8", 8],
  ["U8", 8],
  ["F16", 16],
  ["I16", 16],
  ["U16", 16],
];

for (const [dtype, bits] of codes) {
  test(`${dtype}: every code`, async () => {
    const all =
      bits === 8 ? Uint8Array.from({ length: 256 }, (_, i) => i) : Uint16Array.from({ length: 65536 }, (_, i) => i);
    const values = decode(new Uint8Array(all.buffer), dtype);
    const finite = all.filter((_, i) => Number.isFinite(values[i]!));
    const bytes = new Uint8Array(finite.buffer, 0, finite.byteLength);
    sameNumbers(await decoded(bytes, dtype), Float32Array.from(decode(bytes, dtype)));
    const [measurement] = await gpu.measure([
      await gpu.writeBytes(new Uint8Array(all.buffer), 16, all.length / 16, dtype),
    ]);
    assert.equal(measurement!.entries.nonFinite, all.length - finite.length);
    assert.equal(measurement!.entries.zeros, values.filter((value) => value === 0).length);
  });
}

test("BF16: every code, in ranges of exponents that fp32 holds beside each other", async () => {
  // Anything below 2⁻¹²⁶ of the largest entry is told apart from zero, and no more.
  for (const exponents of [
    [0, 120],
    [100, 220],
    [129, 254],
  ] as const) {
    const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((code) => {
      const exponent = (code >> 7) & 0xff;
      return exponent >= exponents[0] && exponent <= exponents[1] && (code & 0x7fff) !== 0;
    });
    const bytes = new Uint8Array(all.buffer);
    const expected = decode(bytes, "BF16");
    const [measurement] = await gpu.measure([await gpu.writeBytes(bytes, all.length, 1, "BF16")]);
    assert.equal(measurement!.entries.nonFinite, 0);
    assert.equal(measurement!.entries.zeros, 0);
    assert.equal(
      measurement!.entries.maximum,
      expected.reduce((a, b) => Math.max(a, b)),
    );
    assert.equal(
      measurement!.entries.minimum,
      expected.reduce((a, b) => Math.min(a, b)),
    );
    sameNumbers(await decoded(bytes, "BF16"), Float32Array.from(expected));
  }
  const whole = Uint8Array.from({ length: 131072 }, (_, i) => (i % 2 === 0 ? (i / 2) & 0xff : i >> 9));
  const [measurement] = await gpu.measure([await gpu.writeBytes(whole, 256, 256, "BF16")]);
  assert.equal(measurement!.entries.nonFinite, 2 * 128);
  assert.equal(measurement!.entries.zeros, 2);
});

test("F32: subnormals, alone and beside others", async () => {
  const tiny = Float32Array.of(1e-45, -3e-45, 1e-40, -1.1754942e-38, 1.17549435e-38, 0);
  const [measurement] = await gpu.measure([await gpu.write(tiny, 6, 1)]);
  assert.equal(measurement!.entries.zeros, 1);
  const norm = Math.sqrt(tiny.reduce((sum, x) => sum + (x / 1e-38) ** 2, 0)) * 1e-38;
  assert.ok(Math.abs(measurement!.singularValues[0]! / norm - 1) < 1e-6);
});

test("F64: rounded to nearest even, of any magnitude", async () => {
  const random = uniform(9);
  const near = Float64Array.from({ length: 999 }, () => (random() - 0.5) * 10 ** (6 * random()));
  // Halfway between two fp32 numbers, and just off.
  const halves = [
    1 + 2 ** -24,
    1 + 3 * 2 ** -24,
    1 + 2 ** -24 + 2 ** -52,
    1 - 2 ** -25,
    2 - 2 ** -26,
    0,
    -0,
    0.1,
    -0.3,
  ];
  const values = Float64Array.of(...near, ...halves);
  sameNumbers(await decoded(encode(values, "F64"), "F64", 3), Float32Array.from(values));
  for (const scale of [1e-310, 1e-200, 1e200, 1e307]) {
    const entries = gaussianMatrix(20, 15, 4, scale / 10);
    const [measurement] = await gpu.measure([await gpu.write(entries, 20, 15, "F64")]);
    const expected = singularValues(entries, 20, 15);
    assert.ok(relativeError(measurement!.singularValues, expected) < 1e-6, `scale ${scale}`);
  }
});

test("F8_E8M0: every code, and its NaN", async () => {
  for (const [least, most] of [
    [0, 125],
    [126, 251],
    [129, 254],
  ] as const) {
    const bytes = Uint8Array.from({ length: most - least + 1 }, (_, i) => least + i);
    sameNumbers(
      await decoded(bytes, "F8_E8M0"),
      Float32Array.from(bytes, (code) => 2 ** (code - 127)),
    );
  }
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  const [measurement] = await gpu.measure([await gpu.writeBytes(all, 16, 16, "F8_E8M0")]);
  assert.deepEqual([measurement!.entries.nonFinite, measurement!.entries.zeros], [1, 0]);
});

test("I64 and U64: to 24 bits, at both ends", async () => {
  const signed = BigInt64Array.of(
    -(2n ** 63n),
    2n ** 63n - 1n,
    -1n,
    0n,
    1n,
    16777217n,
    -16777219n,
    2n ** 40n + 1n,
    -(2n ** 32n),
  );
  sameNumbers(await decoded(new Uint8Array(signed.buffer), "I64"), Float32Array.from(signed, Number));
  const unsigned = BigUint64Array.of(2n ** 64n - 1n, 2n ** 63n, 0n, 1n, 2n ** 32n, 2n ** 56n + 2n ** 32n + 2n ** 10n);
  sameNumbers(await decoded(new Uint8Array(unsigned.buffer), "U64"), Float32Array.from(unsigned, Number));
});

test("I32 and U32: to 24 bits, at both ends", async () => {
  const signed = Float64Array.of(-(2 ** 31), 2 ** 31 - 1, -1, 0, 1, 16777217, -16777219, 123456789);
  sameNumbers(await decoded(encode(signed, "I32"), "I32"), Float32Array.from(signed));
  const unsigned = Float64Array.of(2 ** 32 - 1, 2 ** 31, 0, 1, 16777217, 4294967168, 4294967167);
  sameNumbers(await decoded(encode(unsigned, "U32"), "U32"), Float32Array.from(unsigned));
});

test("a tensor may begin at any byte and have any number of entries", async () => {
  for (const dtype of ["F8_E4M3", "BF16", "F32", "F64"] as const) {
    for (const offset of [0, 1, 2, 3, 5, 7, 4097]) {
      for (const count of [1, 2, 3, 5, 31]) {
        const bytes = encode(gaussianMatrix(count, 1, offset + count), dtype);
        sameNumbers(await decoded(bytes, dtype, offset), Float32Array.from(decode(bytes, dtype)));
      }
    }
  }
});

test("a tensor of several staging buffers comes through whole", async () => {
  const [rows, columns] = [500_009, 13];
  const count = rows * columns;
  const bytes = Uint8Array.from({ length: 4 * count }, (_, i) => (i % 4 === 3 ? 0x3f : (i * 2654435761) >>> 24));
  const values = new Float32Array(bytes.buffer);
  const source = await gpu.writeBytes(bytes, rows, columns, "F32", 1);
  const { entries } = await gpu.engine.readEntries(source, count);
  sameNumbers(entries, values);
});

test("readEntries: all of a small matrix, the whole smaller side of a large one", async () => {
  const values = Float32Array.from({ length: 7 * 1000 }, (_, i) => i);
  for (const [rows, columns] of [
    [7, 1000],
    [1000, 7],
  ] as const) {
    const source = await gpu.write(values, rows, columns);
    const all = await gpu.engine.readEntries(source, 7000);
    assert.deepEqual([all.rows, all.columns], [rows, columns]);
    sameNumbers(all.entries, values);
    const some = await gpu.engine.readEntries(source, 700);
    assert.deepEqual([some.rows, some.columns], rows === 7 ? [7, 100] : [100, 7]);
    const expected = Float32Array.from({ length: 700 }, (_, i) =>
      rows === 7 ? 1000 * Math.floor(i / 100) + 10 * (i % 100) : 70 * Math.floor(i / 7) + (i % 7),
    );
    sameNumbers(some.entries, expected);
  }
});
