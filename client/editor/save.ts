/** Saves what a view made where the person says: a chart as a picture, its numbers as a table. */
import * as vscode from "vscode";
import type { ToHost } from "../../media/protocol.ts";
import { fileNameOf } from "./file-name.ts";

export type SaveMessage = Extract<ToHost, { readonly type: "save" }>;

function kindOf(format: SaveMessage["format"]): string {
  return format === "csv"
    ? vscode.l10n.t("Table")
    : format === "svg"
      ? vscode.l10n.t("Drawing")
      : vscode.l10n.t("Picture");
}

/** @param checkpoint beside which the file is offered to be saved */
export async function save({ name, format, content }: SaveMessage, checkpoint: vscode.Uri): Promise<void> {
  const target = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(checkpoint, "..", `${fileNameOf(name)}.${format}`),
    filters: { [kindOf(format)]: [format] },
  });
  if (target === undefined) return;
  const bytes = format === "png" ? Buffer.from(content, "base64") : new TextEncoder().encode(content);
  try {
    await vscode.workspace.fs.writeFile(target, bytes);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    void vscode.window.showErrorMessage(vscode.l10n.t("{0} could not be written: {1}", target.fsPath, reason));
  }
}
