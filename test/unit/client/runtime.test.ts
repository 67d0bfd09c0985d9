import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import {
  anotherMayDo,
  bundledRuntime,
  candidates,
  parseReport,
  parseSelfTest,
  refusal,
  type Host,
} from "../../../client/server/runtime.ts";

const desktop: Host = {
  setting: "",
  executable: "/usr/share/code/code",
  electron: "34.5.1",
  extensionFolder: join("/", "extension"),
  platform: "linux",
};

describe("the executables that are tried", () => {
  it("never include Electron's own", () => {
    const list = candidates(desktop);
    assert.deepEqual(
      list.map(({ source }) => source),
      ["bundled", "path"],
    );
    assert.ok(list.every(({ executable }) => executable !== desktop.executable));
  });

  it("begin with the setting, then the extension host's own Node", () => {
    const list = candidates({ ...desktop, electron: undefined, executable: "/server/node", setting: "/opt/node" });
    assert.deepEqual(list, [
      { source: "setting", executable: "/opt/node" },
      { source: "extension-host", executable: "/server/node" },
      { source: "bundled", executable: join("/", "extension", "dist", "runtime", "bin", "node") },
      { source: "path", executable: "node" },
    ]);
  });

  it("are named as the platform names them", () => {
    assert.ok(bundledRuntime("extension", "win32").endsWith("node.exe"));
    assert.equal(candidates({ ...desktop, platform: "win32" }).at(-1)?.executable, "node.exe");
  });
});

describe("what an executable says of itself", () => {
  it("is read", () => {
    const report = parseReport('{"executable":"/usr/bin/node","node":"22.1.0","electron":null}\n');
    assert.deepEqual(report, { executable: "/usr/bin/node", node: "22.1.0", electron: null });
  });

  it("is refused when it is not Node's", () => {
    for (const output of ["", "Python 3.11", "null", "{}", '{"executable":1,"node":"20"}', "[]"]) {
      assert.equal(parseReport(output), null, output);
    }
  });

  it("decides by major version and by Electron", () => {
    const of = (node: string, electron: string | null) => refusal({ executable: "x", node, electron });
    assert.equal(of("20.0.0", null), null);
    assert.equal(of("24.11.1", null), null);
    assert.deepEqual(of("18.20.8", null), { code: "too-old", version: "18.20.8" });
    assert.deepEqual(of("9.11.2", null), { code: "too-old", version: "9.11.2" });
    assert.deepEqual(of("22.15.1", "37.2.3"), { code: "electron", version: "37.2.3" });
  });
});

describe("the self-test's answer", () => {
  it("is its last line", () => {
    const line = '{"ok":true,"adapter":"NVIDIA H200","backend":"vulkan","software":false}';
    assert.deepEqual(parseSelfTest(`a driver's chatter\n${line}\n`), {
      ok: true,
      adapter: "NVIDIA H200",
      backend: "vulkan",
      software: false,
    });
  });

  it("tells a failure with its remedy", () => {
    const line =
      '{"ok":false,"code":"no-loader","message":"There is no Vulkan loader.","remedy":"Install libvulkan1."}';
    assert.deepEqual(parseSelfTest(line), {
      ok: false,
      code: "no-loader",
      message: "There is no Vulkan loader.",
      remedy: "Install libvulkan1.",
    });
  });

  it("is no answer when it is anything else", () => {
    for (const output of [
      "",
      "true",
      '{"ok":true}',
      '{"ok":false,"code":"made-up","message":"x"}',
      "Segmentation fault",
    ]) {
      assert.equal(parseSelfTest(output), null, output);
    }
  });

  it("leads to another Node only where that could help", () => {
    assert.equal(anotherMayDo("no-dawn"), true);
    assert.equal(anotherMayDo("crashed"), true);
    assert.equal(anotherMayDo("no-adapter"), false);
    assert.equal(anotherMayDo("no-loader"), false);
    assert.equal(anotherMayDo("adapter-too-small"), false);
  });
});
