/** Configs that say absurd things: whatever they say, the checkpoint is recognised, and nothing lies outside its tensors. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adapterConfig } from "../../../server/architecture/adapter.ts";
import { configInitialiser } from "../../../server/architecture/config-initialiser.ts";
import { missingTensors } from "../../../server/architecture/missing.ts";
import { recognise } from "../../../server/architecture/recognise.ts";
import { Portions } from "../../../server/analysis/portions.ts";
import { openCheckpoint } from "../../../server/checkpoint/open.ts";
import { seededRandom } from "../../../server/statistics/random.ts";
import { sampleIndex, samples } from "../../support/sample.ts";

const cases = 1000;
const seed = 20261122;

/** Deep, but no deeper than the reader of JSON allows. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { hidden_size: value } : [value];
  return value;
}

const absurd: readonly unknown[] = [
  ...[0, -1, -0.5, 1, 2, 3, 7, 64, 384, 1e9, 2 ** 31, 2 ** 53, 1e308, -1e308, 5e-324, 0.1, 63.999],
  ...["", "NaN", "Infinity", "-1", "64", "1e999", "__proto__", "toString", "\u0000", "x".repeat(10_000)],
  ...[null, true, false, [], {}, [[]], [64, 64], { length: 1e9 }, nested(120), { __proto__: 3 }],
];

describe("absurd configs", () => {
  it(`are survived, ${cases} of them`, async () => {
    const originals = await Promise.all(
      [sampleIndex, `${samples}/lora-adapter/adapter_model.safetensors`].map((path) => openCheckpoint(path)),
    );
    const random = seededRandom(seed);
    const pick = <T>(items: readonly T[]): T => items[Math.floor(random.uniform() * items.length)]!;
    const keys = [
      ...originals.flatMap(({ config }) => Object.keys(config ?? {})),
      ...["num_attention_heads", "num_key_value_heads", "head_dim", "n_head", "num_heads", "hidden_size"],
      ...["num_hidden_layers", "num_local_experts", "initializer_range", "std", "quantization_config", "text_config"],
      ...["lora_alpha", "r", "rank_pattern", "alpha_pattern", "tie_word_embeddings", "model_type", "__proto__"],
    ];
    let heads = 0;
    for (let i = 0; i < cases; i++) {
      const original = pick(originals);
      const config: Record<string, unknown> = { ...original.config };
      const changes = 1 + Math.floor(4 * random.uniform());
      for (let change = 0; change < changes; change++) {
        const value = pick(absurd);
        const key = pick(keys);
        Object.defineProperty(config, key, {
          value: random.uniform() < 0.1 ? { [pick(keys)]: value } : value,
          ...{ enumerable: true, configurable: true, writable: true },
        });
      }
      const checkpoint = { ...original, config };
      const told = `case ${i} of seed ${seed}: ${JSON.stringify(config).slice(0, 2000)}`;
      try {
        const architecture = recognise(checkpoint);
        const missing = missingTensors(checkpoint, architecture);
        assert.ok(missing.length <= 100);
        for (const sentence of missing) {
          assert.ok(sentence.length < 2000);
          assert.doesNotMatch(sentence, /\p{Cc}|NaN|Infinity/u);
        }
        const initialiser = configInitialiser(config);
        assert.ok(initialiser === null || Number.isFinite(initialiser.range));
        const { problem, scaleOf } = adapterConfig(config);
        assert.ok(problem === null || /^\P{Cc}+\.$/u.test(problem));
        const scale = scaleOf("model.layers.0.self_attn.q_proj", 8);
        assert.ok(scale === null || Number.isFinite(scale.scale), String(scale?.scale));
        const portions = new Portions(checkpoint, architecture);
        for (const view of portions.all) {
          const { tensor, rows, columns, begin, end } = view;
          assert.ok(begin >= tensor.begin && end <= tensor.end && begin < end, view.id);
          assert.ok(Number.isInteger(rows) && rows > 0 && Number.isInteger(columns) && columns > 0, view.id);
        }
        assert.ok(portions.all.length < 20_000, `${portions.all.length} portions`);
        heads += portions.heads.length > 0 ? 1 : 0;
      } catch (error) {
        throw new Error(`${told}\n${String(error)}`, { cause: error });
      }
    }
    assert.ok(heads > cases / 20, "some of them still know their heads");
  });
});
