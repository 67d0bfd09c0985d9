import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { headFindings, type JudgedHead } from "../../../server/analysis/head-findings.ts";
import type { Grade } from "../../../server/spectrum/verdict.ts";

function head(layer: number, role: "query" | "value", number: number, grade: Grade): JudgedHead {
  const block = `model.layers.${layer}`;
  return { tensor: `${block}.${role}`, grade, role, block, layer, head: number };
}

const heads = [
  head(0, "query", 0, "learned"),
  head(0, "query", 1, "random"),
  head(0, "value", 0, "near-random"),
  head(0, "value", 1, "near-random"),
  head(1, "query", 0, "random"),
  head(1, "query", 1, "learned"),
  head(2, "query", 0, "learned"),
];

describe("findings on heads", () => {
  it("are one a layer, at information level", () => {
    assert.deepEqual(
      headFindings(heads, () => "learned"),
      [
        {
          code: "heads",
          severity: "information",
          tensor: "model.layers.0.query",
          head: null,
          message:
            "model.layers.0: query head 1 looks randomly initialised; each of value heads 0, 1 is close to random initialisation (3 of 4 heads).",
        },
        {
          code: "heads",
          severity: "information",
          tensor: "model.layers.1.query",
          head: 0,
          message: "model.layers.1: query head 0 looks randomly initialised (1 of 2 heads).",
        },
      ],
    );
  });

  it("do not repeat what is said of the whole matrix", () => {
    const problems = headFindings(heads, (tensor) => (tensor.endsWith("query") ? "random" : "learned"));
    assert.deepEqual(
      problems.map(({ message }) => message),
      ["model.layers.0: each of value heads 0, 1 is close to random initialisation (2 of 4 heads)."],
    );
  });
});
