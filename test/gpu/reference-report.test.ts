/**
 * The numbers that the command line reports of the sample's block 1, whole matrices and heads, against LAPACK in float64
 * and scipy's exact Kolmogorov–Smirnov test. The metrics are computed here again, from the float64 values.
 */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { resolve } from "node:path";
import { before, describe, it } from "node:test";
import { promisify } from "node:util";
import { kolmogorovPValue } from "../../server/statistics/kolmogorov.ts";
import { exactKolmogorovPValue, inverse } from "../support/kolmogorov-exact.ts";
import { readSafetensors, type TensorValues } from "../support/safetensors.ts";
import { sampleIndex } from "../support/sample.ts";

interface ReportedMatrix {
  readonly name: string;
  readonly head: number | null;
  readonly shape: readonly [rows: number, columns: number];
  readonly singularValues: readonly number[];
  readonly metrics: Readonly<Record<string, number>>;
  readonly vectors: Readonly<Record<"left" | "right", { readonly pValues: readonly number[] }>>;
}

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
const first = (values: Float64Array, count: number): Float64Array => values.subarray(0, count);

/** As docs/metrics.md defines them, straight from the values. */
const definitions: Readonly<Record<string, (s: Float64Array) => number>> = {
  top10Ratio: (s) => sum(first(s, 10)) / sum(s),
  least10Ratio: (s) => sum(s.subarray(-10)) / sum(s),
  firstLastRatio: (s) => s[0]! / s.at(-1)!,
  effectiveRank: (s) => Math.exp(-sum(shares(s.map((value) => value ** 2)).map((p) => p * Math.log(p)))),
  royVetterliRank: (s) => Math.exp(-sum(shares(s).map((p) => p * Math.log(p)))),
  participationRatio: (s) => sum(s.map((value) => value ** 2)) ** 2 / sum(s.map((value) => value ** 4)),
  stableRank: (s) => sum(s.map((value) => value ** 2)) / s[0]! ** 2,
  spectralNorm: (s) => s[0]!,
  frobeniusNorm: (s) => Math.sqrt(sum(s.map((value) => value ** 2))),
};

function shares(values: Float64Array): Float64Array {
  const total = sum(values);
  return values.map((value) => value / total);
}

/** The smallest number of values that hold the share of the energy. */
function components(s: Float64Array, share: number): number {
  const energy = s.map((value) => value ** 2);
  let count = 1;
  while (sum(first(energy, count)) < share * sum(energy)) count++;
  return count;
}

describe("the report of the sample, with heads and vectors", () => {
  let matrices: ReportedMatrix[] = [];
  let references: Map<string, TensorValues>;
  before(async () => {
    references = new Map([
      ...(await readSafetensors("test/references/tiny-llama.singular-values.safetensors")),
      ...(await readSafetensors("test/references/tiny-llama.heads.safetensors")),
    ]);
    const argv = [sampleIndex, "--tensor", "*.1.self_attn.*", "--heads", "--vectors", "--no-cache"];
    const program = [resolve("dist/server/cli.mjs"), ...argv, "--format", "json", "--fail-on", "never"];
    const { stdout } = await promisify(execFile)(process.execPath, program, { maxBuffer: 1 << 28 });
    const report = JSON.parse(stdout) as { readonly checkpoints: readonly { readonly matrices: ReportedMatrix[] }[] };
    matrices = report.checkpoints[0]!.matrices;
  });

  const idOf = ({ name, head }: ReportedMatrix): string => (head === null ? name : `${name}#head${head}`);

  it("holds each matrix and each of its heads", () => {
    assert.equal(matrices.filter(({ head }) => head === null).length, 4);
    assert.equal(matrices.filter(({ head }) => head !== null).length, 6 + 2 + 2 + 6);
  });

  it("has the singular values of float64", () => {
    for (const matrix of matrices) {
      const { values } = references.get(idOf(matrix))!;
      assert.equal(matrix.singularValues.length, values.length);
      matrix.singularValues.forEach((value, i) => {
        assert.ok(Math.abs(value - values[i]!) <= 6e-7 * values[0]!, `${idOf(matrix)} ${i}: ${value}`);
      });
    }
  });

  it("has the ratios, ranks and norms of float64 to 1e-5, and the same components of energy", (t) => {
    let worst = 0;
    for (const matrix of matrices) {
      const { values } = references.get(idOf(matrix))!;
      for (const [key, definition] of Object.entries(definitions)) {
        // The smallest value of a square matrix is known to an absolute error only, so its ratio to s₁ is too.
        const tolerance =
          key === "firstLastRatio" && matrix.shape[0] === matrix.shape[1] ? (6e-7 * values[0]!) / values.at(-1)! : 1e-5;
        const error = Math.abs(matrix.metrics[key]! / definition(values) - 1);
        assert.ok(error <= tolerance, `${idOf(matrix)} ${key}: off by ${error}`);
        if (tolerance === 1e-5) worst = Math.max(worst, error);
      }
      for (const percent of [60, 80, 90, 95, 99]) {
        assert.equal(matrix.metrics[`energy${percent}`], components(values, percent / 100), idOf(matrix));
      }
    }
    t.diagnostic(`worst relative error of ${matrices.length} matrices: ${worst.toExponential(1)}`);
  });

  it("has scipy's p-values of every singular vector of a head, apart from the asymptotic law", (t) => {
    const errors: number[] = [];
    const difference = new Map<number, { least: number; most: number }>();
    for (const matrix of matrices.filter(({ head }) => head !== null)) {
      for (const [side, n] of [
        ["left", matrix.shape[0]],
        ["right", matrix.shape[1]],
      ] as const) {
        const exact = references.get(`${idOf(matrix)} ${side}`)!.values;
        const { pValues } = matrix.vectors[side];
        assert.equal(pValues.length, exact.length);
        const range = difference.get(n) ?? { least: Infinity, most: -Infinity };
        pValues.forEach((p, i) => {
          range.least = Math.min(range.least, p - exact[i]!);
          range.most = Math.max(range.most, p - exact[i]!);
          // The distance behind the p-value, judged by the exact law: what is left is rounding of the vectors.
          const distance = inverse(kolmogorovPValue, p) / Math.sqrt(n);
          errors.push(Math.abs(exactKolmogorovPValue(distance, n) - exact[i]!));
        });
        difference.set(n, range);
      }
    }
    // As docs/metrics.md states: the asymptotic p-values are the larger, by so much at most.
    for (const [n, most] of [
      [64, 0.034],
      [384, 0.015],
    ] as const) {
      const range = difference.get(n)!;
      t.diagnostic(`n = ${n}: larger than the exact ones by ${range.least.toFixed(4)} to ${range.most.toFixed(4)}`);
      assert.ok(range.least > -0.001 && range.most < most && range.most > most - 0.002, JSON.stringify(range));
    }
    const worst = errors.reduce((a, b) => Math.max(a, b), 0);
    t.diagnostic(`p-values of the same law differ by ${worst.toExponential(1)} at most`);
    assert.ok(worst < 2e-3, String(worst));
    assert.ok(sum(errors) / errors.length < 5e-5, String(sum(errors) / errors.length));
  });
});
