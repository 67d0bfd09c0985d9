import assert from "node:assert/strict";
import { join } from "node:path";
import * as vscode from "vscode";
import { test } from "./suite.ts";
import { until } from "../../support/until.ts";
import { closeEditors, openEditors, viewType } from "./support.ts";

const folder = (): string => {
  const first = vscode.workspace.workspaceFolders?.[0];
  assert.ok(first);
  return join(first.uri.fsPath, "tiny-llama");
};
const index = (): vscode.Uri => vscode.Uri.file(join(folder(), "model.safetensors.index.json"));
const reveal = (...values: unknown[]): Thenable<unknown> =>
  vscode.commands.executeCommand("safetensorsSpectrum.reveal", ...values);

test("a tensor is revealed in the editor of the shard that holds it, and again in the same one", async () => {
  await closeEditors();
  await reveal({ checkpoint: index().toString(), tensor: "model.norm.weight" });
  const [editor] = await until("an editor", () => (openEditors().length === 1 ? openEditors() : null));
  assert.ok(editor);
  assert.match(editor.uri.path, /model-0000\d-of-00003\.safetensors$/u);
  // A view of the checkpoint is there: it shows the tensors of the other shards too.
  await reveal({ checkpoint: index().toString(), tensor: "model.embed_tokens.weight" });
  assert.deepEqual(
    openEditors().map(({ uri }) => uri.toString()),
    [editor.uri.toString()],
  );
  await closeEditors();
});

test("a link that names no tensor opens nothing", async () => {
  await closeEditors();
  for (const value of [
    undefined,
    "file:///etc/passwd",
    { checkpoint: "https://example.com/model.safetensors", tensor: "x" },
    { checkpoint: index().toString(), tensor: "no.such.tensor" },
  ]) {
    await reveal(value);
  }
  assert.deepEqual(openEditors(), []);
});

test("an index opens as the checkpoint on request, and as JSON otherwise", async () => {
  await vscode.commands.executeCommand("vscode.open", index());
  assert.equal(vscode.window.activeTextEditor?.document.languageId, "json");
  await vscode.commands.executeCommand("safetensorsSpectrum.openEditor", index());
  const [editor] = await until("an editor", () => (openEditors().length === 1 ? openEditors() : null));
  assert.equal(editor?.viewType, viewType);
  assert.equal(editor.uri.toString(), index().toString());
  await closeEditors();
});
