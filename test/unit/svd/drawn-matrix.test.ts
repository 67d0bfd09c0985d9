import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, it } from "node:test";
import { withDrawnMatrix, type MatrixDraw } from "../../../server/svd/drawn-matrix.ts";
import { decode, encode } from "../../support/safetensors.ts";

const draw: MatrixDraw = { distribution: "normal", sigma: 0.02, seed: 3, rows: 640, columns: 700, dtype: "F64" };
const never = new AbortController().signal;

/** More entries than are held at a time. */
function entries(changed: Partial<MatrixDraw>): Promise<Float64Array> {
  return withDrawnMatrix({ ...draw, ...changed }, never, async ({ path, begin, end, dtype, rows, columns }) => {
    assert.deepEqual([begin, rows, columns], [0, 640, 700]);
    const bytes = await readFile(path);
    assert.equal(bytes.length, end);
    return decode(bytes, dtype);
  });
}

describe("withDrawnMatrix", () => {
  it("draws the distribution, its standard deviation and its shape", async () => {
    for (const [distribution, kurtosis, limit] of [
      ["normal", 0, Infinity],
      ["truncated-normal", -0.63, 2 / 0.8796],
      ["uniform", -1.2, Math.sqrt(3)],
    ] as const) {
      const values = (await entries({ distribution })).map((value) => value / 0.02);
      const moment = (k: number): number => values.reduce((sum, value) => sum + value ** k, 0) / values.length;
      assert.ok(Math.abs(moment(1)) < 0.01, distribution);
      assert.ok(Math.abs(moment(2) - 1) < 0.01, distribution);
      assert.ok(Math.abs(moment(4) / moment(2) ** 2 - 3 - kurtosis) < 0.03, distribution);
      const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      assert.ok(largest <= limit && largest > Math.min(limit * 0.999, 4), distribution);
    }
  });

  it("rounds to the dtype, and draws the same again from the same seed", async () => {
    const exact = await entries({});
    for (const dtype of ["F32", "F16", "BF16", "F8_E4M3", "F8_E5M2"] as const) {
      assert.deepEqual(await entries({ dtype }), decode(encode(exact, dtype), dtype));
    }
    assert.notDeepEqual(await entries({ seed: 4 }), exact);
  });

  it("leaves no file behind, whether it is used, fails or is cancelled", async () => {
    let path = "";
    await withDrawnMatrix(draw, never, (source) => {
      path = source.path;
      assert.ok(existsSync(path));
      return Promise.resolve();
    });
    assert.ok(!existsSync(path));
    const failing = withDrawnMatrix(draw, never, (source) => {
      path = source.path;
      return Promise.reject(new Error("out of luck"));
    });
    await assert.rejects(failing, /out of luck/);
    assert.ok(!existsSync(path));
    const cancelled = withDrawnMatrix(draw, AbortSignal.abort(new Error("enough")), () => Promise.resolve());
    await assert.rejects(cancelled, /enough/);
  });
});
