import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { minimumMajor } from "../../../client/server/runtime.ts";
import { findingSeverities, gradeSeverities } from "../../../server/analysis/findings.ts";
import { roles } from "../../../server/architecture/role.ts";
import { defaultThresholds, thresholdRanges } from "../../../server/spectrum/thresholds.ts";
import * as protocol from "../../../server/protocol.ts";
import manifest from "../../../package.json" with { type: "json" };
import texts from "../../../package.nls.json" with { type: "json" };

// Tests run in the repository's root.
const root = process.cwd();
const { contributes } = manifest;

describe("the manifest", () => {
  it("has a text for every key, and a key for every text", () => {
    const used = [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key!);
    assert.deepEqual([...new Set(used)].sort(), Object.keys(texts).sort());
  });

  it("contributes exactly the commands that are there", () => {
    const sources = readdirSync(join(root, "client", "commands")).map((file) =>
      readFileSync(join(root, "client", "commands", file), "utf8"),
    );
    const written = sources.flatMap((source) => /\n {2}id: (.+),\n/.exec(source)?.slice(1) ?? []);
    const named: Readonly<Record<string, unknown>> = { ...protocol };
    const ids = written.map((id) => (id.startsWith('"') ? id.replaceAll('"', "") : named[id]));
    assert.deepEqual(ids.sort(), contributes.commands.map(({ command }) => command).sort());
  });

  it("offers in menus only commands that it contributes", () => {
    const commands = new Set(contributes.commands.map(({ command }) => command));
    for (const { command } of Object.values(contributes.menus).flat()) assert.ok(commands.has(command), command);
  });

  it("gives every command a category and an icon, and hides from the palette what needs an argument", () => {
    for (const { command, category, icon } of contributes.commands) {
      assert.equal(category, manifest.displayName, command);
      assert.match(icon, /^\$\([a-z-]+\)$/, command);
    }
    const hidden = contributes.menus.commandPalette
      .filter(({ when }) => when === "false")
      .map(({ command }) => command);
    assert.deepEqual(hidden.sort(), [protocol.revealCommand, protocol.silenceCommand].sort());
  });

  it("offers an analysis, a pause, a way on and an end just where there is one", () => {
    const phases = ["", "waiting", "running", "paused", "cancelled", "done", "unavailable"];
    /** As VS Code reads the clause about the phase, and nothing else of it. */
    const offered = (when: string, phase: string): boolean => {
      const pattern = /safetensorsSpectrum\.phase =~ \/(?<source>[^/]+)\//.exec(when)?.groups?.["source"];
      if (pattern !== undefined) return new RegExp(pattern).test(phase);
      return /safetensorsSpectrum\.phase == (?<name>\w+)/.exec(when)?.groups?.["name"] === phase;
    };
    const expected = {
      analyse: ["waiting", "cancelled"],
      pause: ["running"],
      resume: ["paused"],
      cancel: ["running", "paused"],
    };
    for (const menu of ["commandPalette", "editor/title"] as const) {
      for (const [name, when] of Object.entries(expected)) {
        const item = contributes.menus[menu].find(({ command }) => command === `safetensorsSpectrum.${name}`);
        assert.ok(item, `${name} in ${menu}`);
        assert.deepEqual(
          phases.filter((phase) => offered(item.when, phase)),
          when,
          `${name} in ${menu}`,
        );
      }
    }
  });

  it("lets the loudness of every finding be chosen", () => {
    const codes = Object.keys(contributes.configuration.properties["safetensorsSpectrum.severity"].properties);
    const findings = Object.keys({ ...gradeSeverities, ...findingSeverities });
    for (const code of findings) assert.ok(codes.includes(code), code);
  });

  it("lets every threshold of the verdict be chosen, with its range and what it is otherwise", () => {
    const offered = contributes.configuration.properties["safetensorsSpectrum.thresholds"].properties;
    const expected = Object.entries(thresholdRanges).map(([name, [minimum, maximum]]) => {
      const usual = defaultThresholds[name as keyof typeof defaultThresholds];
      return [name, { minimum, maximum, usual }];
    });
    const found = Object.entries(offered).map(([name, each]) => {
      const { minimum, maximum, default: usual } = each;
      return [name, { minimum, maximum, usual }];
    });
    assert.deepEqual(found, expected);
  });

  it("has a section in docs/problems.md for every finding", () => {
    const codes = Object.keys(contributes.configuration.properties["safetensorsSpectrum.severity"].properties);
    const sections = [...readFileSync(join(root, "docs/problems.md"), "utf8").matchAll(/^### `(.+)`$/gm)];
    assert.deepEqual(sections.map(([, code]) => code).sort(), codes.sort());
  });

  it("offers every role for names that no table knows", () => {
    const { enum: offered } = contributes.configuration.properties["safetensorsSpectrum.roles"].additionalProperties;
    assert.deepEqual(offered, [...roles]);
  });

  it("keeps the path of the runtime from untrusted workspaces", () => {
    assert.ok("safetensorsSpectrum.runtime" in contributes.configuration.properties);
    assert.deepEqual(manifest.capabilities.untrustedWorkspaces.restrictedConfigurations, [
      "safetensorsSpectrum.runtime",
    ]);
  });

  it("names files that exist", () => {
    const files = [
      manifest.icon,
      ...contributes.languages.flatMap(({ configuration, icon }) => [configuration, icon.light, icon.dark]),
      ...contributes.grammars.map(({ path }) => path),
    ];
    for (const file of files) assert.ok(existsSync(join(root, file)), file);
  });

  it("asks for the Node that the server needs", () => {
    assert.equal(Number.parseInt(manifest.engines.node.replace(/\D+/, ""), 10), minimumMajor);
  });
});
