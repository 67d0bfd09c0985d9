/** Checkpoints made for the webview's tests: small matrices, measured and judged by the real code. */
import { catalogueOf } from "../../server/analysis/catalogue.ts";
import { base64Floats } from "../../server/analysis/floats.ts";
import { matrixSpectra } from "../../server/analysis/spectra.ts";
import { recognise } from "../../server/architecture/recognise.ts";
import type { Checkpoint, Tensor } from "../../server/checkpoint/checkpoint.ts";
import type { AnalysisState, Catalogue, EngineStatus, MatrixDetail, MatrixResult } from "../../server/protocol.ts";
import { spectrumMetrics } from "../../server/spectrum/compute-metrics.ts";
import { decideVerdict } from "../../server/spectrum/decide.ts";
import { noiseMetrics } from "../../server/spectrum/noise-metrics.ts";
import { noiseTests } from "../../server/spectrum/noise-tests.ts";
import { measure } from "../support/measure.ts";
import { gaussianMatrix } from "../support/random.ts";
import type { ViewOptions } from "./harness.ts";

export const engine: EngineStatus = {
  phase: "ready",
  adapter: "llvmpipe (LLVM 15.0.6, 256 bits)",
  backend: "vulkan",
  software: true,
  message: null,
  remedy: null,
};

export function analysisState(phase: AnalysisState["phase"], done: number, total: number): AnalysisState {
  return { phase, done, total, estimatedSeconds: null };
}

/** A checkpoint with these tensors, which lie behind each other in one file. */
export function checkpointOf(
  tensors: readonly { readonly name: string; readonly shape: readonly number[] }[],
  extra: Partial<Checkpoint> = {},
): Checkpoint {
  let offset = 1000;
  return {
    path: "/models/test/model.safetensors",
    sharded: false,
    files: [
      {
        path: "/models/test/model.safetensors",
        realPath: "/models/test/model.safetensors",
        size: 1 << 20,
        modified: 0,
        version: "1",
        headerBytes: 1000,
        metadata: { format: "pt" },
      },
    ],
    tensors: tensors.map(({ name, shape }): Tensor => {
      const begin = offset;
      offset += 4 * shape.reduce((product, side) => product * side, 1);
      return { name, dtype: "F32", shape, file: 0, begin, end: offset };
    }),
    problems: [],
    config: null,
    ...extra,
  };
}

export function catalogue(checkpoint: Checkpoint): Catalogue {
  return catalogueOf(checkpoint, recognise(checkpoint));
}

const rows = 64;
const columns = 96;

/** Tensors of a small Llama with the given number of blocks. */
export function llama(blocks: number): Checkpoint {
  const block = (layer: number): { name: string; shape: number[] }[] => [
    { name: `model.layers.${layer}.input_layernorm.weight`, shape: [columns] },
    ...["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => ({
      name: `model.layers.${layer}.self_attn.${name}.weight`,
      shape: [rows, columns],
    })),
    ...["gate_proj", "up_proj", "down_proj"].map((name) => ({
      name: `model.layers.${layer}.mlp.${name}.weight`,
      shape: [rows, columns],
    })),
  ];
  return checkpointOf([
    { name: "model.embed_tokens.weight", shape: [256, columns] },
    ...Array.from({ length: blocks }, (_, layer) => block(layer)).flat(),
    { name: "model.norm.weight", shape: [columns] },
    { name: "lm_head.weight", shape: [256, columns] },
  ]);
}

/** A matrix of noise, with directions that stand out where `learned`, judged as the server would. */
export function detailOf(id: string, learned: boolean, seed: number, tensor = id): MatrixDetail {
  const matrix = gaussianMatrix(rows, columns, seed, 0.02);
  if (learned) {
    // Directions of growing strength, the strongest far beyond the edge of the bulk.
    for (let k = 0; k < 6; k++) {
      const left = gaussianMatrix(rows, 1, seed + 10 + k);
      const right = gaussianMatrix(1, columns, seed + 20 + k);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++) matrix[i * columns + j]! += 0.002 * (k + 1) * left[i]! * right[j]!;
      }
    }
  }
  const shape = { rows, columns };
  const measurement = measure(matrix, rows, columns);
  const metrics = spectrumMetrics(measurement.singularValues, shape, measurement.entries);
  const noise = noiseMetrics(shape, metrics.sigmaEntries);
  const tests = noiseTests(measurement, shape);
  const verdict = decideVerdict({
    shape,
    entries: measurement.entries,
    singularValues: measurement.singularValues,
    metrics,
    noise,
    tests,
    context: {
      unsupported: null,
      duplicateOf: null,
      configInitialiser: { range: 0.02, residual: null, scalesResidual: false },
    },
  });
  return {
    id,
    tensor,
    grade: verdict.grade,
    reason: verdict.reason,
    role: "query",
    layer: 0,
    expert: null,
    rows,
    columns,
    dtype: "F32",
    singularValues: [...measurement.singularValues],
    metrics,
    noise,
    verdict,
    entries: measurement.entries,
  };
}

/** What streams into the tree of a detail. */
export function resultOf({ id, tensor, role, grade, reason }: MatrixDetail): MatrixResult {
  return { id, tensor, role, grade, reason };
}

/** A small Llama every matrix of which is analysed, with answers to all that views ask: learned, but for one block. */
export function analysedLlama(blocks: number): {
  readonly model: Catalogue;
  readonly details: readonly MatrixDetail[];
  readonly answers: Required<Pick<ViewOptions, "matrix" | "metric" | "spectra">>;
} {
  const model = catalogue(llama(blocks));
  const details = model.tensors
    .filter(({ matrices }) => matrices > 0)
    .map(({ name, layer, role }, index): MatrixDetail => ({
      ...detailOf(name, layer !== 1, 5 * index + 1),
      role,
      layer,
    }));
  const byId = new Map(details.map((detail) => [detail.id, detail]));
  const detail = (id: string): Promise<MatrixDetail | null> => Promise.resolve(byId.get(id) ?? null);
  return {
    model,
    details,
    answers: {
      matrix: detail,
      metric: (metric) => ({
        values: base64Floats(details.map(({ metrics }) => metrics[metric] ?? NaN)),
        noise: base64Floats(details.map(({ noise }) => noise[metric] ?? NaN)),
      }),
      spectra: (ids, points) => matrixSpectra({ detail }, ids, points),
    },
  };
}
