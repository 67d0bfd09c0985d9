/** Where the outline of a checkpoint is: `safetensors-outline:`, the path of the checkpoint's file, `.outline`. */
import type * as vscode from "vscode";
import { outlineScheme } from "../../server/protocol.ts";

const suffix = ".outline";

/** The outline of a checkpoint, which is named by its `file:` URI. */
export function outlineUri(checkpoint: vscode.Uri): vscode.Uri {
  return checkpoint.with({ scheme: outlineScheme, path: checkpoint.path + suffix });
}

/** The `file:` URI of the checkpoint that an outline is of; null for any other URI. */
export function checkpointOfOutline(outline: vscode.Uri): vscode.Uri | null {
  if (outline.scheme !== outlineScheme || !outline.path.endsWith(suffix)) return null;
  return outline.with({ scheme: "file", path: outline.path.slice(0, -suffix.length) });
}
