import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  didNotStart,
  keepsCrashing,
  noRuntime,
  rejection,
  selfTestRemedy,
  type Rejected,
  type Translate,
} from "../../../client/server/explanation.ts";
import { selfTestFailures } from "../../../client/server/runtime.ts";

const t: Translate = (message, ...values) =>
  message.replace(/\{(\d)\}/g, (_, index: string) => String(values[Number(index)]));

const rejected = (reason: Rejected["reason"], detail = ""): Rejected => ({
  source: "path",
  executable: "/usr/bin/node",
  reason,
  detail,
});

describe("explanations", () => {
  it("tell an old Node from none", () => {
    assert.match(noRuntime([], t).message, /No Node\.js was found/);
    assert.match(
      noRuntime([rejected("missing"), rejected("too-old", "18.1.0")], t).message,
      /18\.1\.0 \(\/usr\/bin\/node\)/,
    );
    assert.match(noRuntime([], t).remedy, /Node\.js 20 or newer/);
  });

  it("fill every place in a sentence", () => {
    const sentences = [
      ...(["missing", "does-not-start", "not-node", "electron", "too-old"] as const).map((reason) =>
        rejection(rejected(reason, "detail"), t),
      ),
      ...[
        noRuntime([rejected("too-old", "18.1.0")], t),
        keepsCrashing(5, t),
        didNotStart("/usr/bin/node", "gone", t),
      ].flatMap(({ message, remedy }) => [message, remedy]),
    ];
    for (const sentence of sentences) {
      assert.doesNotMatch(sentence, /\{\d\}|undefined/, sentence);
    }
  });

  it("have a remedy for every failure of the self-test", () => {
    for (const failure of selfTestFailures) {
      for (const platform of ["linux", "win32", "darwin"] as const) {
        assert.match(selfTestRemedy(failure, platform, t), /^(Install|Name|Update) .*\.$/);
      }
    }
  });
});
