import assert from "node:assert/strict";
import * as vscode from "vscode";
import { test } from "./suite.ts";
import { until } from "../../support/until.ts";
import { closeEditors, rewriteCheckpoint, writeCheckpoint } from "./support.ts";

const outlineOf = (checkpoint: vscode.Uri): vscode.Uri =>
  checkpoint.with({ scheme: "safetensors-outline", path: `${checkpoint.path}.outline` });

test("an outline is a read-only text with a line for each tensor, and hovers on it", async () => {
  const checkpoint = await writeCheckpoint("model.layers.0.self_attn.q_proj.weight", "a “name” 🦙");
  await vscode.commands.executeCommand("safetensorsSpectrum.openOutline", checkpoint);
  const document = vscode.window.activeTextEditor?.document;
  assert.ok(document);
  assert.equal(document.uri.toString(), outlineOf(checkpoint).toString());
  assert.equal(document.languageId, "safetensors-outline");
  assert.match(document.getText(), /^# .*2 tensors/u);
  const line = document
    .getText()
    .split("\n")
    .findIndex((text) => text.includes("q_proj.weight"));
  assert.match(document.lineAt(line).text, /query +F32 +24 × 16$/u);
  await assert.rejects(Promise.resolve(vscode.workspace.fs.writeFile(document.uri, new Uint8Array())));
  assert.equal(vscode.workspace.fs.isWritableFileSystem("safetensors-outline"), false);

  const position = new vscode.Position(line, document.lineAt(line).firstNonWhitespaceCharacterIndex + 1);
  const text = await until("a hover", async () => {
    const hovers = await vscode.commands.executeCommand<vscode.Hover[]>(
      "vscode.executeHoverProvider",
      document.uri,
      position,
    );
    const contents = hovers.flatMap((hover) => hover.contents);
    const texts = contents.map((content) => (content instanceof vscode.MarkdownString ? content.value : ""));
    return texts.join("\n") || null;
  });
  assert.match(text, /query/u);
  await closeEditors();
});

test("an outline follows the files on disk", async () => {
  const checkpoint = await writeCheckpoint("first.weight");
  const document = await vscode.workspace.openTextDocument(outlineOf(checkpoint));
  await vscode.window.showTextDocument(document);
  assert.match(document.getText(), /first\.weight/u);
  await rewriteCheckpoint(checkpoint, "first.weight", "second.weight");
  await until("the second tensor", () => document.getText().includes("second.weight") || null);
  await closeEditors();
});

test("there is no outline of nothing", async () => {
  const nothing = vscode.Uri.parse("safetensors-outline:/nowhere/model.txt");
  await assert.rejects(Promise.resolve(vscode.workspace.fs.readFile(nothing)));
});
