/** Singular values of products on the GPU against those of the product in float64. */
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import type { Factor, MatrixSource, ProductSource } from "../../server/svd/measurement.ts";
import { openTestEngine, type TestEngine } from "../support/engine.ts";
import { gaussianMatrix, normal } from "../support/random.ts";
import { singularValues } from "../support/svd.ts";

let engine: TestEngine;
before(async () => {
  engine = await openTestEngine();
});
after(() => engine.close());

async function measure(products: readonly ProductSource[]): Promise<Float64Array[]> {
  const results: Float64Array[] = [];
  await engine.engine.measureProducts(products, {
    signal: new AbortController().signal,
    onResult: (index, measurement) => {
      assert.equal(results[index], undefined);
      results[index] = measurement.singularValues;
    },
    onUnsupported: (index, message) => assert.fail(`${index}: ${message}`),
  });
  return results;
}

/** A factor as a file has it, and in float64 with the shared side down. */
interface Written {
  readonly factor: Factor;
  readonly entries: Float64Array;
  readonly shared: number;
  readonly free: number;
}

async function write(
  shared: number,
  free: number,
  side: "rows" | "columns",
  entry: (i: number, j: number) => number,
): Promise<Written> {
  const entries = Float64Array.from({ length: shared * free }, (_, k) =>
    Math.fround(entry(Math.floor(k / free), k % free)),
  );
  const [rows, columns] = side === "rows" ? [shared, free] : [free, shared];
  const lying = Float64Array.from({ length: shared * free }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return side === "rows" ? entries[i * free + j]! : entries[j * free + i]!;
  });
  return { factor: { source: await engine.write(lying, rows, columns), shared: side }, entries, shared, free };
}

/** Of leftᵀ·right, both with the shared side down, in float64. */
function exactValues(left: Written, right: Written): Float64Array {
  const product = new Float64Array(left.free * right.free);
  for (let k = 0; k < left.shared; k++) {
    for (let i = 0; i < left.free; i++) {
      for (let j = 0; j < right.free; j++) {
        product[i * right.free + j]! += left.entries[k * left.free + i]! * right.entries[k * right.free + j]!;
      }
    }
  }
  return singularValues(product, left.free, right.free).slice(0, left.shared);
}

function norm({ entries, shared, free }: Written): number {
  return singularValues(entries, shared, free)[0]!;
}

function error(values: Float64Array, left: Written, right: Written): number {
  const exact = exactValues(left, right);
  assert.equal(values.length, exact.length);
  const bound = norm(left) * norm(right);
  return values.reduce((worst, value, i) => Math.max(worst, Math.abs(value - exact[i]!) / bound), 0);
}

function random(seed: number, decades = 0): (i: number, j: number) => number {
  const next = normal(seed);
  return (i) => next() * 10 ** (-decades * i);
}

describe("singular values of products", () => {
  const worst: string[] = [];
  // Sides that are shared, of the left factor alone, of the right one alone.
  for (const [h, m, n] of [
    [1, 1, 1],
    [1, 7, 3],
    [5, 9, 300],
    [16, 90, 70],
    [33, 34, 33],
    [48, 48, 48],
    [64, 400, 130],
    [100, 128, 200],
    [130, 150, 131],
    // The product is the smaller one.
    [9, 4, 30],
    [40, 20, 30],
    [30, 31, 4],
  ] as const) {
    for (const [leftSide, rightSide] of [
      ["rows", "rows"],
      ["columns", "rows"],
      ["rows", "columns"],
      ["columns", "columns"],
    ] as const) {
      it(`${h} shared by ${leftSide} of ${m} and ${rightSide} of ${n}`, async () => {
        const left = await write(h, m, leftSide, random(h + m));
        const right = await write(h, n, rightSide, random(h + n + 1));
        const [values] = await measure([{ left: left.factor, right: right.factor }]);
        const found = error(values!, left, right);
        worst.push(found.toExponential(1));
        assert.ok(found <= 1e-6, String(found));
      });
    }
  }

  for (const [name, leftEntry, rightEntry] of [
    ["rows graded alike", random(1, 0.2), random(2, 0.2)],
    [
      "rows graded against each other",
      random(3, 0.1),
      (i: number, j: number) => random(i * 80 + j)(i, j) * 10 ** (0.1 * i),
    ],
    [
      "one row each, another one",
      (i: number, j: number) => (i === 3 ? 1 + j : 0),
      (i: number, j: number) => (i === 4 ? 2 - j : 0),
    ],
    ["zero", () => 0, random(5)],
    ["rank one", (i: number, j: number) => Math.sin(i) * Math.cos(j), random(6)],
    [
      "tiny and huge",
      (i: number, j: number) => 1e-35 * random(i + 99 * j)(i, j),
      (i: number, j: number) => 1e35 * random(7 + i + 99 * j)(i, j),
    ],
  ] as const) {
    it(name, async () => {
      const left = await write(40, 60, "rows", leftEntry);
      const right = await write(40, 80, "columns", rightEntry);
      const [values] = await measure([{ left: left.factor, right: right.factor }]);
      const bound = norm(left) * norm(right);
      const exact = exactValues(left, right);
      const found = values!.reduce((most, value, i) => Math.max(most, Math.abs(value - exact[i]!)), 0);
      assert.equal(values!.length, 40);
      assert.ok(found <= 1e-6 * bound, String(found / bound));
    });
  }

  it("of many heads, slices of two weights, a key for every two queries", async () => {
    const [h, width, queries] = [16, 96, 6];
    const q = gaussianMatrix(queries * h, width, 1);
    const k = gaussianMatrix((queries / 2) * h, width, 2);
    const [qFile, kFile] = [await engine.write(q, queries * h, width), await engine.write(k, (queries / 2) * h, width)];
    const slice = (source: MatrixSource, head: number): Factor => {
      const begin = source.begin + 4 * head * h * width;
      return { source: { ...source, begin, end: begin + 4 * h * width, rows: h }, shared: "rows" };
    };
    const found = await measure(
      Array.from({ length: queries }, (_, head) => ({
        left: slice(qFile, head),
        right: slice(kFile, Math.floor(head / 2)),
      })),
    );
    assert.equal(found.length, queries);
    for (const [head, values] of found.entries()) {
      const part = (entries: Float64Array, from: number): Written => {
        const own = Float64Array.from(entries.subarray(from * h * width, (from + 1) * h * width), Math.fround);
        return { factor: slice(qFile, 0), entries: own, shared: h, free: width };
      };
      const distance = error(values, part(q, head), part(k, Math.floor(head / 2)));
      assert.ok(distance <= 1e-6, `${head}: ${distance}`);
    }
  });

  it("of a factor that is not finite do not exist", async () => {
    const left = await write(8, 20, "rows", (i, j) => (i === 2 && j === 3 ? NaN : 1));
    const right = await write(8, 20, "rows", random(1));
    assert.deepEqual(await measure([{ left: left.factor, right: right.factor }]), [new Float64Array()]);
    assert.deepEqual(await measure([{ left: right.factor, right: left.factor }]), [new Float64Array()]);
  });

  it("of nothing", async () => {
    assert.deepEqual(await measure([]), []);
  });

  it("factors that do not fit are refused", async () => {
    const left = await write(8, 20, "rows", random(1));
    const right = await write(9, 20, "rows", random(1));
    await assert.rejects(measure([{ left: left.factor, right: right.factor }]), /share sides of 8 and 9/);
  });

  it("a missing file is told of, the others are measured", async () => {
    const left = await write(8, 20, "rows", random(1));
    const right = await write(8, 30, "columns", random(2));
    const gone: Factor = { ...right.factor, source: { ...right.factor.source, path: "/nowhere" } };
    const results: number[] = [];
    const messages: string[] = [];
    await engine.engine.measureProducts(
      [
        { left: left.factor, right: gone },
        { left: left.factor, right: right.factor },
      ],
      {
        signal: new AbortController().signal,
        onResult: (index) => results.push(index),
        onUnsupported: (index, message) => messages.push(`${index}: ${message}`),
      },
    );
    assert.deepEqual(results, [1]);
    assert.match(messages.join("\n"), /^0: \/nowhere cannot be read: [^\n]*\.$/);
  });

  it("an aborted call ends with the signal's reason", async () => {
    const left = await write(8, 20, "rows", random(1));
    await assert.rejects(
      engine.engine.measureProducts([{ left: left.factor, right: left.factor }], {
        signal: AbortSignal.abort(new Error("enough")),
        onResult: () => assert.fail("a result"),
        onUnsupported: () => assert.fail("unsupported"),
      }),
      /enough/,
    );
  });

  it("the largest errors of all", (t) => {
    t.diagnostic(worst.join(" "));
  });
});
