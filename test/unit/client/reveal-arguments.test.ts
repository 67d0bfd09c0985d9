import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRevealArguments } from "../../../client/commands/reveal-arguments.ts";

describe("the arguments of a link to a tensor", () => {
  it("are the checkpoint and the tensor, and nothing else that came along", () => {
    const place = { checkpoint: "file:///models/a%20b/model.safetensors.index.json", tensor: "h.0.attn" };
    assert.deepEqual(readRevealArguments({ ...place, extra: 1 }), place);
    assert.notEqual(readRevealArguments({ ...place, checkpoint: "file:///c%3A/m/model.safetensors" }), null);
  });

  it("may ask for the heads, and for no other view", () => {
    const place = { checkpoint: "file:///m/model.safetensors", tensor: "h.0.attn" };
    assert.deepEqual(readRevealArguments({ ...place, view: "heads" }), { ...place, view: "heads" });
    assert.deepEqual(readRevealArguments({ ...place, view: "quit" }), place);
  });

  it("are refused when they are anything else", () => {
    const tensor = "h.0.attn";
    const checkpoint = "file:///m/model.safetensors";
    const refused: unknown[] = [
      undefined,
      null,
      "file:///m/model.safetensors",
      [checkpoint, tensor],
      { checkpoint },
      { tensor },
      { checkpoint, tensor: "" },
      { checkpoint, tensor: 3 },
      { checkpoint, tensor: "x".repeat(100_000) },
      { checkpoint: "/m/model.safetensors", tensor },
      { checkpoint: "https://example.com/model.safetensors", tensor },
      { checkpoint: "command:workbench.action.quit?model.safetensors", tensor },
      { checkpoint: "file:///etc/passwd", tensor },
      { checkpoint: "file:///m/model.safetensors?x", tensor },
      { checkpoint: "file:///m/run.sh#model.safetensors", tensor },
    ];
    for (const value of refused) assert.equal(readRevealArguments(value), null, JSON.stringify(value));
  });
});
