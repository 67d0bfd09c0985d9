import assert from "node:assert/strict";
import { test } from "node:test";
import { unroll } from "../../../server/gpu/unroll.ts";

test("loops over the named limit are written out, others stay", () => {
  const source = [
    "fn main() {",
    "  for (var i = 0u; i < OTHER; i++) {",
    "    for (var k = 0u; k < STEP; k++) {",
    "      sum += a[k];",
    "      if k > 1u {",
    "        sum += b[k];",
    "      }",
    "    }",
    "  }",
    "}",
    "",
  ].join("\n");
  const body = (k: number): string[] => [
    "    {",
    `      const k = ${k}u;`,
    "      sum += a[k];",
    "      if k > 1u {",
    "        sum += b[k];",
    "      }",
    "    }",
  ];
  const expected = ["fn main() {", "  for (var i = 0u; i < OTHER; i++) {", ...body(0), ...body(1), "  }", "}", ""];
  assert.equal(unroll(source, "STEP", 2), expected.join("\n"));
});
