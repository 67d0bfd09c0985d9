import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkpointFindings } from "../../../server/analysis/checkpoint-findings.ts";
import { matrixFindings } from "../../../server/analysis/matrix-findings.ts";
import { summaryOf, type JudgedMatrix } from "../../../server/analysis/summary.ts";
import { spectrumMetrics } from "../../../server/spectrum/compute-metrics.ts";
import { numericalRank } from "../../../server/spectrum/numerical-rank.ts";
import { analysisWith, matrixView } from "../../support/analysis.ts";
import { gaussianMatrix } from "../../support/random.ts";
import { singularValues } from "../../support/svd.ts";

function judged(change: Partial<JudgedMatrix>): JudgedMatrix {
  const id = change.id ?? "model.layers.0.mlp.up_proj.weight";
  const analysis = analysisWith([4, 3, 2, 1]);
  const { metrics, noise } = analysis;
  return { ...summaryOf(matrixView(id, 4, 4), analysis), metrics, noise, grade: "learned", ...change };
}

const codes = (matrix: JudgedMatrix): string[] => matrixFindings(matrix).map(({ code }) => code);

describe("numericalRank", () => {
  it("sees a product of thin factors through the rounding of bf16, and no deficit in noise", () => {
    const [rows, rank, columns] = [48, 12, 64];
    const [a, b] = [gaussianMatrix(rows, rank, 1), gaussianMatrix(rank, columns, 2)];
    const product = Float64Array.from({ length: rows * columns }, (_, k) => {
      const [i, j] = [Math.floor(k / columns), k % columns];
      let sum = 0;
      for (let l = 0; l < rank; l++) sum += a[i * rank + l]! * b[l * columns + j]!;
      return bfloat16(sum);
    });
    assert.equal(numericalRank(singularValues(product, rows, columns), { rows, columns }, "BF16"), rank);
    const noise = gaussianMatrix(64, 64, 3).map(bfloat16);
    assert.ok(numericalRank(singularValues(noise, 64, 64), { rows: 64, columns: 64 }, "BF16") >= 63);
    assert.equal(numericalRank(Float64Array.of(0, 0), { rows: 2, columns: 2 }, "F32"), 0);
  });
});

function bfloat16(value: number): number {
  const words = new Uint32Array(Float32Array.of(value).buffer);
  words[0] = (words[0]! + 0x8000) & 0xffff0000;
  return new Float32Array(words.buffer)[0]!;
}

describe("findings on a matrix", () => {
  it("tell of missing rank, beyond one value by chance", () => {
    assert.deepEqual(codes(judged({ rank: 100, fullRank: 384 })), ["rank-deficient"]);
    assert.deepEqual(codes(judged({ rank: 383, fullRank: 384 })), []);
    assert.deepEqual(codes(judged({ rank: 370, fullRank: 384 })), []);
    assert.deepEqual(codes(judged({ rank: null, fullRank: 384 })), []);
  });

  it("tell of dead rows and columns, but not of an embedding's padding", () => {
    const rows = { rows: 1000, zeroRows: 1 };
    assert.deepEqual(codes(judged(rows)), ["dead-rows"]);
    assert.match(matrixFindings(judged(rows))[0]!.message, /^1 of the 1000 rows of .* is zero throughout\.$/);
    assert.deepEqual(codes(judged({ ...rows, role: "embedding" })), []);
    assert.deepEqual(codes(judged({ ...rows, zeroRows: 11, role: "unembedding" })), []);
    assert.deepEqual(codes(judged({ ...rows, zeroRows: 12, role: "embedding" })), ["dead-rows"]);
    assert.deepEqual(codes(judged({ columns: 8, zeroColumns: 3, role: "embedding" })), ["dead-columns"]);
  });

  it("say nothing where the grade has said it", () => {
    for (const grade of ["zero", "constant", "identity", "non-finite", "duplicate", "unsupported"] as const) {
      assert.deepEqual(codes(judged({ rank: 0, fullRank: 4, zeroRows: 4, grade })), [], grade);
    }
  });
});

describe("findings of comparing matrices", () => {
  const expert = (layer: number, number: number, role: "up" | "down", grade: JudgedMatrix["grade"]): JudgedMatrix =>
    judged({
      id: `model.layers.${layer}.mlp.experts.${number}.${role}_proj.weight`,
      tensor: `model.layers.${layer}.mlp.experts.${number}.${role}_proj.weight`,
      block: `model.layers.${layer}`,
      layer,
      expert: number,
      role,
      grade,
    });
  const layerOf = (randomUp: readonly number[], randomDown: readonly number[]): JudgedMatrix[] =>
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((number) => [
      expert(3, number, "up", randomUp.includes(number) ? "random" : "learned"),
      expert(3, number, "down", randomDown.includes(number) ? "near-random" : "learned"),
    ]);

  it("name an expert that is random in a trained block, once", () => {
    const found = checkpointFindings(layerOf([5], [5]));
    assert.equal(found.length, 1);
    assert.deepEqual(
      [found[0]!.code, found[0]!.tensor],
      ["random-expert", "model.layers.3.mlp.experts.5.up_proj.weight"],
    );
    assert.match(found[0]!.message, /^Expert 5 of model\.layers\.3 .*up random, down near random.* 7 of its 8 experts/);
  });

  it("say nothing of an expert that is random in part, or of a block that is untrained as a whole", () => {
    assert.deepEqual(checkpointFindings(layerOf([5], [])), []);
    const all = [0, 1, 2, 3, 4, 5, 6, 7];
    assert.deepEqual(checkpointFindings(layerOf(all, all)), []);
  });

  /** Twelve blocks whose spectra change slowly with depth, and what makes one of them different. */
  function blocks(odd: number, exponent: number, scale: number): JudgedMatrix[] {
    return Array.from({ length: 12 }, (_, layer) =>
      (["query", "value", "up", "down"] as const).map((role, kind) => {
        const steepness = 0.5 + 0.02 * layer + 0.05 * kind + (layer === odd ? exponent : 0);
        const size = layer === odd ? scale : 1 + 0.01 * layer;
        const values = Float64Array.from({ length: 64 }, (_, k) => size * (k + 1) ** -steepness);
        const id = `model.layers.${layer}.${role}.weight`;
        const metrics = spectrumMetrics(values, { rows: 64, columns: 64 }, { frobeniusNorm: Math.hypot(...values) });
        return judged({ id, tensor: id, block: `model.layers.${layer}`, layer, role, rows: 64, columns: 64, metrics });
      }),
    ).flat();
  }

  it("name a block whose spectra, or whose scale, are unlike its neighbours'", () => {
    assert.deepEqual(checkpointFindings(blocks(6, 0, 1.06)), []);
    const steep = checkpointFindings(blocks(6, 1, 1.06));
    assert.deepEqual(
      steep.map(({ code }) => code),
      ["unlike-neighbours"],
    );
    assert.match(
      steep[0]!.message,
      /^model\.layers\.6 is unlike .* 4 of its 4 matrices the effective rank is about 1\//,
    );
    const scaled = checkpointFindings(blocks(4, 0, 10));
    assert.equal(scaled.length, 1);
    assert.match(scaled[0]!.message, /^model\.layers\.4 .*σ of the bulk is about 9\.\d times theirs/);
  });

  it("say nothing of the first and the last block, which are never like the others", () => {
    assert.deepEqual(checkpointFindings(blocks(0, 1, 5)), []);
    assert.deepEqual(checkpointFindings(blocks(11, 1, 5)), []);
  });
});
