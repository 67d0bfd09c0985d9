import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { codeActions, layerPattern } from "../../../server/language/code-actions.ts";
import { diagnosticOf } from "../../../server/language/diagnostics.ts";
import { matchesWildcard } from "../../../server/text/wildcard.ts";

const checkpoint = "file:///models/model.safetensors";

function fixesOf(
  tensor: string,
  kind: ReturnType<Parameters<typeof codeActions>[2]> = "matrix",
): ReturnType<typeof codeActions> {
  const problem = { code: "random", severity: "warning", tensor, head: null, message: "It is random." } as const;
  return codeActions([diagnosticOf(problem, checkpoint, { related: [] })], checkpoint, () => kind);
}

describe("codeActions", () => {
  it("silences a tensor, its like in every layer, or the kind of finding", () => {
    const fixes = fixesOf("model.layers.12.mlp.experts.3.up_proj.weight").map(({ title, command }) => [
      title,
      command!.arguments![0] as unknown,
    ]);
    const silenced = fixes.filter(([title]) => /^(Silence|Turn)/.test(title as string)).map(([, target]) => target);
    assert.deepEqual(silenced, [
      { code: "random", tensor: "model.layers.12.mlp.experts.3.up_proj.weight" },
      { code: "random", tensor: "model.layers.*.mlp.experts.*.up_proj.weight" },
      { code: "random" },
    ]);
  });

  it("offers to open and analyse only what is there and can be", () => {
    const offered = (kind: Parameters<typeof fixesOf>[1]): string[] =>
      fixesOf("lm_head.weight", kind)
        .map(({ title }) => title)
        .filter((title) => !/^(Silence|Turn)/.test(title));
    const open = "Open in the spectrum editor";
    assert.deepEqual(offered("matrix"), [open, "Analyse its singular vectors", "Analyse this tensor again"]);
    assert.deepEqual(offered("other"), [open]);
    assert.deepEqual(offered("absent"), []);
  });

  it("offers no pattern for a name without a layer", () => {
    assert.equal(layerPattern("lm_head.weight"), null);
    assert.equal(layerPattern("conv2d.weight"), null);
    assert.equal(layerPattern("h.0.attn"), "h.*.attn");
    assert.equal(layerPattern("blocks-7_weight"), "blocks-*_weight");
    assert.equal(fixesOf("lm_head.weight").filter(({ title }) => title.startsWith("Silence")).length, 1);
  });

  it("takes a name that holds wildcards for a name", () => {
    const hostile = "a.*.b";
    const [silence] = fixesOf(hostile).filter(({ title }) => title.startsWith("Silence"));
    const { tensor } = silence!.command!.arguments![0] as { tensor: string };
    assert.ok(matchesWildcard(tensor, hostile));
    assert.equal(matchesWildcard(tensor, "a.anything.b"), false);
  });
});
