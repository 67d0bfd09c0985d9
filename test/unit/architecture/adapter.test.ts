import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adapterConfig } from "../../../server/architecture/adapter.ts";

const module = "base_model.model.model.layers.3.self_attn.q_proj";

function scale(config: Record<string, unknown>, rank = 8, of = module): number | null {
  const { scaleOf, problem } = adapterConfig(config);
  assert.equal(problem, null);
  return scaleOf(of, rank)?.scale ?? null;
}

describe("adapterConfig", () => {
  it("divides α by the rank, or by its root", () => {
    assert.equal(scale({ r: 8, lora_alpha: 16, rank_pattern: {}, alpha_pattern: {}, use_rslora: false }), 2);
    assert.equal(scale({ r: 16, lora_alpha: 16, use_rslora: true }, 16), 4);
    assert.equal(scale({ lora_alpha: 12 }, 4), 3);
  });

  it("takes a module's own rank and α from the patterns", () => {
    const config = {
      r: 8,
      lora_alpha: 16,
      rank_pattern: { "layers.3.self_attn.q_proj": 4, "^model\\.layers\\.5\\..*$": 2 },
      alpha_pattern: { q_proj: 32, "layers.\\d+.mlp.down_proj": 1 },
    };
    assert.equal(scale(config, 4), 8);
    assert.equal(scale(config, 8, "model.layers.4.self_attn.q_proj"), 4);
    assert.equal(scale(config, 2, "model.layers.5.mlp.down_proj"), 0.5);
    assert.equal(scale(config, 8, "model.layers.4.self_attn.v_proj"), 2);
    // `q_proj` names the end of a path, not of a word.
    assert.equal(scale(config, 8, "model.layers.4.self_attn.not_q_proj"), 2);
  });

  it("knows no scale of another rank than the config's, and without an α", () => {
    assert.equal(scale({ r: 16, lora_alpha: 16 }, 8), null);
    assert.equal(scale({ r: 16 }), null);
    assert.equal(adapterConfig(null).scaleOf(module, 8), null);
  });

  it("says in one sentence what is wrong", () => {
    for (const [config, expected] of [
      [{ lora_alpha: "16" }, /: lora_alpha is "16", no number\.$/],
      [{ lora_alpha: 16, r: 0 }, /: r is 0, no positive whole number\.$/],
      [{ lora_alpha: 16, use_rslora: "yes" }, /: use_rslora is "yes", neither true nor false\.$/],
      [{ lora_alpha: 16, rank_pattern: [] }, /: rank_pattern is no object\.$/],
      [
        { lora_alpha: 16, rank_pattern: { q_proj: 1.5 } },
        /: rank_pattern of "q_proj" is 1\.5, no positive whole number\.$/,
      ],
      [
        { lora_alpha: 16, alpha_pattern: { "(a|b)+$": 1 } },
        /: alpha_pattern has the key "\(a\|b\)\+\$", a regular exp/,
      ],
    ] as const) {
      const { scaleOf, problem } = adapterConfig(config);
      assert.match(problem ?? "", expected);
      assert.match(problem ?? "", /^adapter_config\.json does not tell the scale of updates/);
      assert.equal(scaleOf(module, 8), null);
    }
  });
});
