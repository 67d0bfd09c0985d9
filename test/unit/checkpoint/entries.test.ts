import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { Tensor } from "../../../server/checkpoint/checkpoint.ts";
import { dtypeBits, type Dtype } from "../../../server/checkpoint/dtype.ts";
import { readEntries, vectorProfile } from "../../../server/checkpoint/entries.ts";
import { encode } from "../../support/safetensors.ts";

describe("entries of a tensor", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "entries-"));
  });
  after(() => rm(folder, { recursive: true }));

  /** A file with something in front of the tensor. */
  async function write(dtype: Dtype, shape: readonly number[], data: Uint8Array): Promise<readonly [string, Tensor]> {
    const path = join(folder, `${dtype}-${shape.join("x")}`);
    await writeFile(path, Buffer.concat([Buffer.alloc(7, 0xff), data]));
    return [path, { name: "t", dtype, shape, file: 0, begin: 7, end: 7 + data.length }];
  }

  async function all(dtype: Dtype, data: Uint8Array): Promise<number[]> {
    const columns = (8 * data.length) / dtypeBits[dtype];
    const [path, tensor] = await write(dtype, [columns], data);
    const grid = { offset: 0, rows: 1, columns, rowStride: 0, columnStride: 1 };
    return [...(await readEntries(path, tensor, grid)).values];
  }

  it("are the numbers that were written, of every ordinary dtype", async () => {
    const numbers = [0, 1, 2, 0.5, 96, 3];
    for (const dtype of ["F64", "F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"] as const) {
      const signed = [...numbers, -2, -0.25];
      assert.deepEqual(await all(dtype, encode(signed, dtype)), signed, dtype);
    }
    for (const dtype of ["I64", "I32", "I16", "I8"] as const) {
      assert.deepEqual(await all(dtype, encode([0, -1, 100, -100], dtype)), [0, -1, 100, -100], dtype);
    }
    for (const dtype of ["U64", "U32", "U16", "U8", "BOOL"] as const) {
      assert.deepEqual(await all(dtype, encode([0, 1, 100, 200], dtype === "BOOL" ? "U8" : dtype)), [0, 1, 100, 200]);
    }
  });

  it("are what the definitions of the small formats say", async () => {
    assert.deepEqual(
      await all("F4", Uint8Array.of(0x10, 0x32, 0x54, 0x76, 0xf9)),
      [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0.5, -6],
    );
    // 1, largest, −smallest, 0 as four runs of six bits.
    const six = (codes: readonly number[]): Uint8Array => {
      const word = codes.reduce((sum, code, index) => sum + code * 64 ** index, 0);
      return Uint8Array.of(word % 256, Math.floor(word / 256) % 256, Math.floor(word / 65536));
    };
    assert.deepEqual(await all("F6_E2M3", six([8, 31, 33, 0])), [1, 7.5, -0.125, 0]);
    assert.deepEqual(await all("F6_E3M2", six([12, 31, 33, 0])), [1, 28, -0.0625, 0]);
    assert.deepEqual(await all("F8_E8M0", Uint8Array.of(127, 130, 0, 255)), [1, 8, 2 ** -127, NaN]);
    assert.deepEqual(await all("F8_E4M3FNUZ", Uint8Array.of(0x40, 0x7f, 0x80, 0x01)), [1, 240, NaN, 2 ** -10]);
    assert.deepEqual(await all("F8_E5M2FNUZ", Uint8Array.of(0x40, 0x7f, 0x80)), [1, 57344, NaN]);
    assert.deepEqual(await all("F16", Uint8Array.of(0, 0x7c, 0, 0xfc, 1, 0x7c, 1, 0)), [
      Infinity,
      -Infinity,
      NaN,
      2 ** -24,
    ]);
  });

  it("come in full where float64 does not hold them", async () => {
    const data = new Uint8Array(16);
    new DataView(data.buffer).setBigInt64(0, 2n ** 60n + 1n, true);
    const [path, tensor] = await write("I64", [2], data);
    const grid = { offset: 0, rows: 1, columns: 2, rowStride: 0, columnStride: 1 };
    assert.deepEqual((await readEntries(path, tensor, grid)).exact, ["1152921504606846977", "0"]);
    const complex = await write("C64", [2], encode([3, -4, 0.5, 2], "F32"));
    const read = await readEntries(...complex, grid);
    assert.deepEqual([...read.values], [5, Math.hypot(0.5, 2)]);
    assert.deepEqual(read.exact, ["3−4i", "0.5+2i"]);
  });

  it("are a window, a slice or every so many of them", async () => {
    const numbers = Array.from({ length: 60 }, (_, index) => index);
    const [path, tensor] = await write("U8", [3, 4, 5], encode(numbers, "U8"));
    const window = { offset: 20 + 5 + 1, rows: 2, columns: 3, rowStride: 5, columnStride: 1 };
    assert.deepEqual([...(await readEntries(path, tensor, window)).values], [26, 27, 28, 31, 32, 33]);
    const transposed = { offset: 0, rows: 2, columns: 3, rowStride: 1, columnStride: 20 };
    assert.deepEqual([...(await readEntries(path, tensor, transposed)).values], [0, 20, 40, 1, 21, 41]);
    // Entries far apart are read one by one, and are the same.
    const wide = Array.from({ length: 30_000 }, (_, index) => index % 251);
    const far = { offset: 3, rows: 1, columns: 3, rowStride: 0, columnStride: 9_000 };
    const [widePath, wideTensor] = await write("U8", [30_000], encode(wide, "U8"));
    assert.deepEqual([...(await readEntries(widePath, wideTensor, far)).values], [3, 9_003 % 251, 18_003 % 251]);
  });

  it("are refused beyond the tensor or beyond the file", async () => {
    const [path, tensor] = await write("F32", [2, 2], encode([1, 2, 3, 4], "F32"));
    const grid = { offset: 1, rows: 2, columns: 2, rowStride: 2, columnStride: 1 };
    await assert.rejects(readEntries(path, tensor, grid), /^Error: 2 × 2 entries from 1 on cannot be shown/);
    await assert.rejects(readEntries(path, tensor, { ...grid, offset: -1 }), /cannot be shown/);
    await assert.rejects(readEntries(path, tensor, { ...grid, offset: 0.5 }), /cannot be shown/);
    const longer = { ...tensor, shape: [4, 4], end: 7 + 64 };
    await assert.rejects(readEntries(path, longer, { ...grid, rows: 4 }), /^Error: The file ends at byte 23, before t/);
    await assert.rejects(readEntries(join(folder, "absent"), tensor, { ...grid, offset: 0 }), /cannot be read/);
  });

  it("of a vector are drawn in runs, with the moments of all", async () => {
    const numbers = Array.from({ length: 70_001 }, (_, index) => Math.sin(index) + (index === 9 ? Infinity : 0));
    const [path, tensor] = await write("F64", [70_001], encode(numbers, "F64"));
    const { runs, runLength, ...whole } = await vectorProfile(path, tensor, 600);
    const finite = numbers.filter((value) => Number.isFinite(value));
    const mean = finite.reduce((sum, value) => sum + value, 0) / 70_000;
    const variance = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 70_000;
    assert.equal(runLength, 117);
    assert.equal(runs.length, 599);
    assert.deepEqual([whole.count, whole.nonFinite, whole.zeros], [70_001, 1, 1]);
    assert.equal(whole.minimum, Math.min(...finite));
    assert.equal(whole.maximum, Math.max(...finite));
    assert.ok(Math.abs(whole.mean! - mean) < 1e-12 && Math.abs(whole.deviation! - Math.sqrt(variance)) < 1e-12);
    const third = numbers.slice(2 * 117, 3 * 117);
    assert.deepEqual([runs[2]!.low, runs[2]!.high], [Math.min(...third), Math.max(...third)]);
    assert.deepEqual((await vectorProfile(...(await write("F32", [1], encode([NaN], "F32"))), 10)).runs, [
      { low: null, high: null, mean: null },
    ]);
  });
});
