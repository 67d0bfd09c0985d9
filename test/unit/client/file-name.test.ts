import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileNameOf } from "../../../client/editor/file-name.ts";

describe("fileNameOf", () => {
  it("keeps what names a tensor", () => {
    assert.equal(fileNameOf("model.layers.0.q_proj.weight spectrum"), "model.layers.0.q_proj.weight-spectrum");
  });

  it("leaves no way to another folder, no hidden file and no endless name", () => {
    assert.equal(fileNameOf("../../etc/passwd"), "etc-passwd");
    assert.equal(fileNameOf("C:\\a\0b\n"), "C-a-b");
    assert.equal(fileNameOf("…/…"), "spectrum");
    assert.equal(fileNameOf("x".repeat(5000)).length, 100);
  });
});
