import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { adapterOf, settingFor } from "../../../client/commands/adapter-names.ts";

const adapter = (name: string): { name: string; description: string; software: boolean } => ({
  name,
  description: `${name}, described`,
  software: false,
});

describe("the setting of an adapter", () => {
  const mesa = adapter("llvmpipe (LLVM 15.0.6, 256 bits)");
  const discrete = adapter("Intel(R) Arc A770 (DG2)");
  const inside = adapter("Intel(R) UHD Graphics 770 (ADL-S GT1)");
  const all = [discrete, inside, mesa];

  it("leaves out what changes with the driver, and finds the adapter again", () => {
    assert.equal(settingFor(mesa, all), "llvmpipe");
    for (const each of all) assert.equal(adapterOf(settingFor(each, all), all), each);
    assert.equal(adapterOf("llvmpipe", [adapter("llvmpipe (LLVM 19.1.7, 256 bits)")])?.name.includes("19"), true);
  });

  it("is the whole name where less would fit several", () => {
    assert.equal(settingFor(inside, all), inside.name);
    const twins = [adapter("NVIDIA H200"), adapter("NVIDIA H200 NVL")];
    assert.equal(settingFor(twins[0]!, twins), "NVIDIA H200");
  });

  it("is nobody for the automatic choice, and for a name that is gone", () => {
    assert.equal(adapterOf("", all), null);
    assert.equal(adapterOf("Radeon", all), null);
  });
});
