/** Singular vectors on the GPU: their accuracy, heads as slices of a weight, and the Kolmogorov–Smirnov statistics. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { headViews, type HeadView } from "../../server/architecture/heads.ts";
import { recognise } from "../../server/architecture/recognise.ts";
import type { Checkpoint } from "../../server/checkpoint/checkpoint.ts";
import { openCheckpoint } from "../../server/checkpoint/open.ts";
import { createBuffers, releaseBuffers } from "../../server/gpu/buffers.ts";
import { openDevice, type Gpu } from "../../server/gpu/device.ts";
import { readBack } from "../../server/gpu/readback.ts";
import { kolmogorovPValue } from "../../server/statistics/kolmogorov.ts";
import { normalCdf } from "../../server/statistics/normal.ts";
import { BlockJacobi, jacobiBytes } from "../../server/svd/block-jacobi.ts";
import type { MatrixSource, VectorStatistics } from "../../server/svd/measurement.ts";
import { compileVectorKernels, type VectorKernels } from "../../server/svd/vector-kernels.ts";
import { openTestEngine, relativeError, type TestEngine } from "../support/engine.ts";
import { hardMatrices } from "../support/hard-matrices.ts";
import { gaussianMatrix } from "../support/random.ts";
import { readSafetensors, type TensorValues } from "../support/safetensors.ts";
import { sampleIndex } from "../support/sample.ts";
import { singularValues } from "../support/svd.ts";

let engine: TestEngine;
before(async () => {
  engine = await openTestEngine();
});
after(() => engine.close());

async function vectors(sources: readonly MatrixSource[]): Promise<VectorStatistics[]> {
  const results: VectorStatistics[] = [];
  await engine.engine.measureVectors(sources, {
    signal: new AbortController().signal,
    onResult: (index, statistics) => {
      results[index] = statistics;
    },
    onUnsupported: (index, message) => assert.fail(`${index}: ${message}`),
  });
  return results;
}

describe("singular vectors of hard matrices", () => {
  let gpu: Gpu;
  let kernels: VectorKernels;
  before(async () => {
    gpu = await openDevice("");
    kernels = await compileVectorKernels(gpu.device, gpu.target);
  });
  after(() => {
    gpu.close();
  });

  const worst = { values: 0, left: 0, right: 0, residual: 0 };
  for (const { name, rows, columns, entries } of hardMatrices()) {
    const largest = entries.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0);
    if (largest === 0) continue;
    it(name, async () => {
      const m = Math.min(rows, columns);
      const n = Math.max(rows, columns);
      const scale = 2 ** Math.floor(Math.log2(largest));
      const w = Float32Array.from({ length: m * n }, (_, k) => {
        const [i, j] = [Math.floor(k / n), k % n];
        return (rows <= columns ? entries[k]! : entries[j * m + i]!) / scale;
      });
      const buffers = await createBuffers(gpu.device, jacobiBytes(m, n, kernels.side));
      gpu.device.queue.writeBuffer(buffers.matrices, 0, w);
      const jacobi = new BlockJacobi(gpu.device, kernels);
      await jacobi.run({ count: 1, rows: m, length: n }, buffers, new AbortController().signal);
      const turned = new Float32Array(await readBack(gpu.device, buffers.turned));
      const basis = new Float32Array(await readBack(gpu.device, buffers.basis));
      releaseBuffers(buffers);

      const exact = singularValues(Float64Array.from(w), m, n);
      const norms = Float64Array.from({ length: m }, (_, i) => Math.sqrt(inner(turned, turned, i, i, n)));
      const values = relativeError(
        norms.toSorted((a, b) => b - a),
        exact,
      );
      let left = 0;
      let right = 0;
      let residual = 0;
      for (let i = 0; i < m; i++) {
        for (let k = 0; k <= i; k++) {
          left = Math.max(left, Math.abs(inner(basis, basis, i, k, m) - (i === k ? 1 : 0)));
          if (i !== k && Math.min(norms[i]!, norms[k]!) > 1e-6 * exact[0]!) {
            right = Math.max(right, Math.abs(inner(turned, turned, i, k, n)) / norms[i]! / norms[k]!);
          }
        }
        let squares = 0;
        for (let j = 0; j < n; j++) {
          let difference = -turned[i * n + j]!;
          for (let k = 0; k < m; k++) difference += basis[i * m + k]! * w[k * n + j]!;
          squares += difference ** 2;
        }
        residual = Math.max(residual, Math.sqrt(squares) / exact[0]!);
      }
      worst.values = Math.max(worst.values, values);
      worst.left = Math.max(worst.left, left);
      worst.right = Math.max(worst.right, right);
      worst.residual = Math.max(worst.residual, residual);
      assert.ok(values <= 6e-7, `|σ̂ − σ|/σ₁ is ${values}`);
      assert.ok(residual <= 1e-6, `‖uᵀW − σvᵀ‖/σ₁ is ${residual}`);
      assert.ok(left <= 3e-6 && right <= 3e-6, `orthogonal to ${left} and ${right}`);
    });
  }

  it("the largest errors of all", (t) => {
    const texts = Object.entries(worst).map(([name, value]) => `${name} ${value.toExponential(1)}`);
    t.diagnostic(texts.join(", "));
    assert.ok(worst.values > 0);
  });
});

describe("Kolmogorov–Smirnov statistics", () => {
  it("are those of the vectors, sorted in float64", async () => {
    // Short, odd, and longer than workgroup memory holds.
    for (const [rows, columns] of [
      [1, 3],
      [1, 8],
      [1, 9],
      [1, 17],
      [1, 64],
      [1, 129],
      [1, 2048],
      [1, 4097],
      [2, 1000],
      [33, 7],
      [3, 20011],
    ] as const) {
      // Of one row or of orthogonal rows the vectors are known.
      const entries = gaussianMatrix(rows, columns, 3 * rows + columns);
      if (rows !== 1) makeRowsOrthogonal(entries, rows, columns);
      const source = await engine.write(entries, rows, columns);
      const [statistics] = await vectors([source]);
      if (rows > columns) {
        assert.equal(statistics!.left.length, columns);
        continue;
      }
      const norms = Array.from({ length: rows }, (_, i) => Math.sqrt(inner(entries, entries, i, i, columns)));
      const order = norms.map((_, i) => i).sort((a, b) => norms[b]! - norms[a]!);
      for (const [i, row] of order.entries()) {
        const v = entries.slice(row * columns, (row + 1) * columns).map((value) => value / norms[row]!);
        // The sign of a singular vector is arbitrary, and the distance of −v another.
        const both = [distance(v), distance(v.map((value) => -value))];
        const error = Math.min(...both.map((d) => Math.abs(d - statistics!.right[i]!)));
        assert.ok(error < 1e-4, `${rows}×${columns}: ${statistics!.right[i]} instead of ${both.join(" or ")}`);
        const { largest, inverseParticipation } = statistics!.localisation.right;
        const [most, fourths] = [Math.max(...v.map(Math.abs)), v.reduce((sum, value) => sum + value ** 4, 0)];
        assert.ok(Math.abs(largest[i]! / most - 1) < 1e-5, `${rows}×${columns}: max |v| ${largest[i]}`);
        assert.ok(Math.abs(inverseParticipation[i]! / fourths - 1) < 2e-5, `${rows}×${columns}: Σ v⁴`);
      }
    }
  });

  it("do not exist for the null space", async () => {
    const entries = Float64Array.from({ length: 64 * 40 }, (_, k) => Math.sin(Math.floor(k / 40)) * Math.cos(k % 40));
    const [statistics] = await vectors([await engine.write(entries, 64, 40)]);
    assert.equal(statistics!.left.filter((value) => !Number.isNaN(value)).length, 1);
    assert.equal(statistics!.right.filter((value) => !Number.isNaN(value)).length, 1);
    assert.equal(statistics!.localisation.left.largest.filter((value) => !Number.isNaN(value)).length, 1);
  });

  it("of noise are near .55 on average, and below .05 for about .039", async () => {
    const [statistics] = await vectors([await engine.write(gaussianMatrix(160, 500, 11), 160, 500)]);
    for (const side of [statistics!.left, statistics!.right]) {
      const pValues = Array.from(side, kolmogorovPValue);
      const mean = pValues.reduce((sum, p) => sum + p, 0) / pValues.length;
      assert.ok(Math.abs(mean - 0.55) < 0.06, `mean ${mean}`);
      assert.ok(pValues.filter((p) => p < 0.05).length < 20);
    }
  });
});

describe("the heads of the sample", () => {
  let checkpoint: Checkpoint;
  let heads: HeadView[];
  let references: Map<string, TensorValues>;
  before(async () => {
    checkpoint = await openCheckpoint(sampleIndex);
    heads = headViews(checkpoint, recognise(checkpoint));
    references = await readSafetensors(join("test", "references", "tiny-llama.heads.safetensors"));
  });

  function sourcesOf(chosen: readonly HeadView[]): MatrixSource[] {
    return chosen.map(({ tensor, begin, end, rows, columns, pitch }) => {
      return { path: checkpoint.files[tensor.file]!.path, begin, end, dtype: tensor.dtype, rows, columns, pitch };
    });
  }

  for (const wide of [true, false]) {
    it(`${wide ? "queries, keys and values" : "outputs"}: values and statistics as in float64`, async (t) => {
      const chosen = heads.filter(({ rows, columns }) => rows < columns === wide);
      assert.equal(chosen.length, wide ? 30 : 18);
      const measurements = await engine.measure(sourcesOf(chosen));
      const statistics = await vectors(sourcesOf(chosen));
      let difference = 0;
      for (const [i, { id }] of chosen.entries()) {
        const expected = references.get(id)!.values;
        assert.ok(relativeError(measurements[i]!.singularValues, expected) <= 6e-7, id);
        assert.ok(relativeError(statistics[i]!.singularValues, expected) <= 6e-7, id);
        for (const side of ["left", "right"] as const) {
          const exact = references.get(`${id} ${side}`)!.values;
          assert.equal(statistics[i]![side].length, exact.length);
          statistics[i]![side].forEach((statistic, k) => {
            difference = Math.max(difference, Math.abs(kolmogorovPValue(statistic) - exact[k]!));
          });
        }
      }
      t.diagnostic(`asymptotic and exact p-values differ by ${difference} at most`);
      assert.ok(difference < 0.05, String(difference));
    });
  }
});

/** The inner product of rows i and k, `length` long. */
function inner(a: ArrayLike<number>, b: ArrayLike<number>, i: number, k: number, length: number): number {
  let sum = 0;
  for (let j = 0; j < length; j++) sum += a[i * length + j]! * b[k * length + j]!;
  return sum;
}

/** Gram and Schmidt, twice, with norms 1, 2, … that keep the singular values apart. */
function makeRowsOrthogonal(a: Float64Array, rows: number, columns: number): void {
  if (rows > columns) return;
  for (let i = 0; i < rows; i++) {
    for (let round = 0; round < 2; round++) {
      for (let k = 0; k < i; k++) {
        const factor = inner(a, a, i, k, columns) / inner(a, a, k, k, columns);
        for (let j = 0; j < columns; j++) a[i * columns + j]! -= factor * a[k * columns + j]!;
      }
    }
    const norm = Math.sqrt(inner(a, a, i, i, columns));
    for (let j = 0; j < columns; j++) a[i * columns + j]! *= (i + 1) / norm;
  }
}

/** √n·sup |F(v) − Φ(√n·)|. */
function distance(v: Float64Array): number {
  const n = v.length;
  const sorted = v.toSorted();
  let most = 0;
  sorted.forEach((value, i) => {
    const expected = normalCdf(Math.sqrt(n) * value);
    most = Math.max(most, expected - i / n, (i + 1) / n - expected);
  });
  return Math.sqrt(n) * most;
}
