import { basename } from "node:path";
import * as vscode from "vscode";
import { findCheckpoints } from "../../server/protocol.ts";
import type { Parts } from "./command.ts";

/**
 * Which checkpoint, where none is in front: the one that is open, else one of those that are open or in the workspace's
 * folders, as the person says; null where they say nothing.
 * @throws where there is none, in one sentence.
 */
export async function chooseCheckpoint({ server, sessions }: Parts): Promise<vscode.Uri | null> {
  const open = sessions.all.map(({ checkpoint }) => checkpoint);
  const [only] = open;
  if (only !== undefined && open.length === 1) return vscode.Uri.parse(only, true);
  const folders = (vscode.workspace.workspaceFolders ?? [])
    .filter(({ uri }) => uri.scheme === "file")
    .map(({ uri }) => uri.toString());
  const found = folders.length === 0 ? [] : (await server.request(findCheckpoints, { folders })).checkpoints;
  const choices = [...new Set([...open, ...found])].map((text) => {
    const uri = vscode.Uri.parse(text, true);
    return { label: basename(uri.path), description: vscode.workspace.asRelativePath(uri), uri };
  });
  const [first] = choices;
  if (first === undefined) throw new Error(vscode.l10n.t("Open a .safetensors file first."));
  if (choices.length === 1) return first.uri;
  const choice = await vscode.window.showQuickPick(choices, {
    title: vscode.l10n.t("Choose a checkpoint"),
    matchOnDescription: true,
  });
  return choice?.uri ?? null;
}
