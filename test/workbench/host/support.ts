/** What tests in the extension host share. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as vscode from "vscode";
import { seededRandom } from "../../../server/statistics/random.ts";
import { encode, safetensors, type TensorData } from "../../support/safetensors.ts";

export const viewType = "safetensorsSpectrum.editor";

/** A new checkpoint of one file in a folder of its own, with a small matrix for each name. */
export async function writeCheckpoint(...names: string[]): Promise<vscode.Uri> {
  const folder = await mkdtemp(join(tmpdir(), "spectrum-workbench-"));
  const uri = vscode.Uri.file(join(folder, "model.safetensors"));
  await rewriteCheckpoint(uri, ...names);
  return uri;
}

/** A new checkpoint of one shard and its index, with a small matrix for each name. @returns the index */
export async function writeSharded(...names: string[]): Promise<vscode.Uri> {
  const shard = "model-00001-of-00001.safetensors";
  const checkpoint = await writeCheckpoint();
  const index = vscode.Uri.joinPath(checkpoint, "..", "model.safetensors.index.json");
  await rm(checkpoint.fsPath);
  await rewriteCheckpoint(vscode.Uri.joinPath(checkpoint, "..", shard), ...names);
  const weights = Object.fromEntries(names.map((name) => [name, shard]));
  await writeFile(index.fsPath, JSON.stringify({ metadata: {}, weight_map: weights }, undefined, 2));
  return index;
}

/** Writes other tensors into a checkpoint. */
export async function rewriteCheckpoint(uri: vscode.Uri, ...names: string[]): Promise<void> {
  const random = seededRandom(7);
  const matrix = (): TensorData => ({
    dtype: "F32",
    shape: [24, 16],
    data: encode(
      Float64Array.from({ length: 24 * 16 }, () => random.normal()),
      "F32",
    ),
  });
  await writeFile(uri.fsPath, safetensors(Object.fromEntries(names.map((name) => [name, matrix()]))));
}

/** The custom editors that are open. */
export function openEditors(): vscode.TabInputCustom[] {
  return vscode.window.tabGroups.all
    .flatMap(({ tabs }) => tabs.map(({ input }) => input))
    .filter((input): input is vscode.TabInputCustom => input instanceof vscode.TabInputCustom)
    .filter((input) => input.viewType === viewType);
}

export async function closeEditors(): Promise<void> {
  await vscode.commands.executeCommand("workbench.action.closeAllEditors");
}
