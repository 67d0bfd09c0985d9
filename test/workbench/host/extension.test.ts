import assert from "node:assert/strict";
import * as vscode from "vscode";
import { test } from "./suite.ts";

test("the extension is installed and activates", async () => {
  const extension = vscode.extensions.getExtension("safetensors-spectrum.safetensors-spectrum");
  assert.ok(extension, "not installed");
  await extension.activate();
  assert.equal(extension.isActive, true);
});
