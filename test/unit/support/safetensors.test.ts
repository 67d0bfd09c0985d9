import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Dtype } from "../../../server/checkpoint/dtype.ts";
import { seededRandom } from "../../../server/statistics/random.ts";
import { decode, encode, readSafetensors, safetensors } from "../../support/safetensors.ts";

const hex = (values: number[], dtype: Dtype): string => Buffer.from(encode(values, dtype)).toString("hex");

test("floats encode to the published codes", () => {
  assert.equal(hex([1, -2, 65504, 65520, 2 ** -24, 2 ** -25, NaN], "F16"), "003c00c0ff7b007c01000000ff7f");
  assert.equal(hex([1, -1, 3.140625, 1 + 2 ** -8, 1 + 3 * 2 ** -8, Infinity], "BF16"), "803f80bf4940803f823f807f");
  assert.equal(hex([448, 464, 480, 2 ** -9, 1, -1, NaN], "F8_E4M3"), "7e7e7f0138b87f");
  assert.equal(hex([57344, 61440, 2 ** -16, 1, -0, NaN], "F8_E5M2"), "7b7c013c807f");
  assert.equal(hex([1, -1], "F32"), "0000803f000080bf");
});

test("every code of the small formats survives decoding and encoding", () => {
  for (const dtype of ["F8_E4M3", "F8_E5M2", "F16", "BF16"] as const) {
    const wide = dtype === "F16" || dtype === "BF16";
    const codes = Array.from({ length: wide ? 65536 : 256 }, (_, i) => i);
    const values = decode(encode(codes, wide ? "U16" : "U8"), dtype);
    const again = decode(encode(values, dtype), dtype);
    assert.deepEqual(again, values, dtype);
    assert.ok(new Set(values).size > (wide ? 60000 : 240), dtype);
  }
});

test("encoding F32-rounded values agrees with the machine's own rounding", () => {
  const random = seededRandom(7);
  const values = Array.from({ length: 1000 }, () => random.normal() * 2 ** Math.floor(random.uniform() * 60 - 30));
  assert.deepEqual(decode(encode(values, "F32"), "F32"), Float64Array.from(values, Math.fround));
});

test("normals have the moments of a normal", () => {
  const random = seededRandom(1);
  const count = 200_000;
  const values = Array.from({ length: count }, () => random.normal());
  const moment = (k: number): number => values.reduce((sum, x) => sum + x ** k, 0) / count;
  assert.ok(Math.abs(moment(1)) < 0.01);
  assert.ok(Math.abs(moment(2) - 1) < 0.02);
  assert.ok(Math.abs(moment(3)) < 0.05);
  assert.ok(Math.abs(moment(4) - 3) < 0.1);
});

test("what is written is read again, metadata or not", async () => {
  const folder = await mkdtemp(join(tmpdir(), "test-safetensors-"));
  const tensors = Object.fromEntries([
    ["a", { dtype: "BF16", shape: [2, 2], data: encode([1, 2, 3, -4], "BF16") }],
    ["__proto__", { dtype: "I64", shape: [], data: encode([-5], "I64") }],
  ] as const);
  for (const metadata of [undefined, { format: "pt" }]) {
    await writeFile(join(folder, "x.safetensors"), safetensors(tensors, metadata));
    assert.deepEqual(Array.from(await readSafetensors(join(folder, "x.safetensors"))), [
      ["a", { dtype: "BF16", shape: [2, 2], values: Float64Array.of(1, 2, 3, -4) }],
      ["__proto__", { dtype: "I64", shape: [], values: Float64Array.of(-5) }],
    ]);
  }
  await rm(folder, { recursive: true });
});
