import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { combine, defaultPreferences, underPolicy, type FindingPolicy } from "../../../server/analysis/policy.ts";
import { lenientPreferences, parsePreferences } from "../../../server/analysis/preferences.ts";
import { readSettingsFile, settingsFileName } from "../../../server/analysis/settings-file.ts";
import type { Problem } from "../../../server/protocol.ts";

const finding: Problem = { code: "random", severity: "warning", tensor: "a.b.weight", head: null, message: "" };

function told(policy: Partial<FindingPolicy>, problem = finding): string | null {
  return underPolicy(problem, { ...defaultPreferences, ...policy })?.severity ?? null;
}

describe("a policy", () => {
  it("silences one code on the tensors that match, and severities by code", () => {
    assert.equal(told({}), "warning");
    assert.equal(told({ severity: { random: "error" } }), "error");
    assert.equal(told({ severity: { random: "off", zero: "error" } }), null);
    assert.equal(told({ silence: [{ code: "random", tensor: "a.*" }] }), null);
    assert.equal(told({ silence: [{ code: "zero", tensor: "a.*" }] }), "warning");
    assert.equal(told({ silence: [{ code: "random", tensor: "b.*" }] }), "warning");
    assert.equal(told({ silence: [{ code: "*", tensor: "*.weight" }] }), null);
  });

  it("silences a finding on no tensor only for all tensors", () => {
    const whole = { ...finding, tensor: null };
    assert.equal(told({ silence: [{ code: "random", tensor: "a*" }] }, whole), "warning");
    assert.equal(told({ silence: [{ code: "random", tensor: "*" }] }, whole), null);
  });

  it("lets what is nearer to the checkpoint win, and adds exceptions", () => {
    const near = parsePreferences({ severity: { random: "off" }, roles: { "*q": "key" }, thresholds: { bulk: 5 } });
    const general = parsePreferences({
      severity: { random: "error", zero: "off" },
      silence: [{ code: "x", tensor: "y" }],
      roles: { "*": "value" },
      thresholds: { bulk: 4, energy: 0.02 },
    });
    const both = combine(general, near);
    assert.deepEqual(both.severity, { random: "off", zero: "off" });
    assert.equal(both.silence.length, 1);
    assert.deepEqual(both.thresholds, { bulk: 5, energy: 0.02 });
    assert.deepEqual(
      both.roles.map(({ role }) => role),
      ["key", "value"],
    );
  });
});

describe("preferences in settings", () => {
  it("keep what is understood and leave out the rest", () => {
    const { severity, silence, roles, thresholds } = lenientPreferences({
      severity: { random: "error", zero: "loud" },
      silence: [{ code: "zero" }, 7, { code: "zero", tensor: "*" }],
      roles: { a: "query", b: "nothing" },
      thresholds: { significance: 0.001, participation: 2, energy: "0.1", pressure: 1 },
    });
    assert.deepEqual(thresholds, { significance: 0.001 });
    assert.deepEqual({ ...severity }, { random: "error" });
    assert.deepEqual(silence, [{ code: "zero", tensor: "*" }]);
    assert.deepEqual(roles, [{ name: "a", role: "query" }]);
    assert.deepEqual(lenientPreferences({ severity: 1, silence: {}, roles: [] }), defaultPreferences);
  });
});

describe("the settings file", () => {
  let folder = "";
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "settings-file-"));
  });
  after(() => rm(folder, { recursive: true }));

  const read = async (text: string): ReturnType<typeof readSettingsFile> => {
    await writeFile(join(folder, settingsFileName), text);
    return readSettingsFile(join(folder, "model.safetensors"));
  };

  it("may be absent", async () => {
    assert.deepEqual(await readSettingsFile(join(folder, "none", "model.safetensors")), {
      preferences: defaultPreferences,
      problem: null,
    });
  });

  it("is read", async () => {
    const { preferences, problem } = await read(
      '{ "severity": { "random": "off" }, "silence": [{ "code": "zero", "tensor": "*.lora_B.*" }], "roles": { "*.q": "query" } }',
    );
    assert.equal(problem, null);
    assert.deepEqual(preferences.silence, [{ code: "zero", tensor: "*.lora_B.*" }]);
    assert.deepEqual(preferences.roles, [{ name: "*.q", role: "query" }]);
  });

  it("says in one sentence what is wrong, and is then not used", async () => {
    const table: [string, RegExp][] = [
      ["{", /it is not valid JSON\.$/],
      ["[]", /not an object\.$/],
      ['{ "silense": [] }', /it has the key "silense"; there are severity, silence, roles, thresholds\.$/],
      ['{ "silence": {} }', /silence is not a list\.$/],
      ['{ "silence": [{ "code": "zero" }] }', /silence\[0\]\.tensor is not a text\.$/],
      ['{ "severity": { "random": "loud" } }', /the severity of "random" is not one of error, /],
      ['{ "thresholds": { "bulk": -1 } }', /the threshold "bulk" is not a number from 0 to 100\.$/],
      [
        '{ "thresholds": { "heat": 1 } }',
        /the threshold "heat" is not one of significance, participation, energy, bulk\.$/,
      ],
      ['{ "roles": { "*": "wheel" } }', /the role of "\*" is not one of query, /],
    ];
    for (const [text, message] of table) {
      const { preferences, problem } = await read(text);
      assert.deepEqual(preferences, defaultPreferences);
      assert.equal(problem?.code, "invalid-settings");
      assert.match(problem.message, message);
      assert.match(problem.message, /^\.safetensors-spectrum\.json beside the checkpoint is not used: /);
    }
  });
});
