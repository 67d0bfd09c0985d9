import * as vscode from "vscode";
import { outlineUri } from "../outline/uri.ts";
import { withSession, type Command } from "./command.ts";

/** Shows the outline of a checkpoint, one line a tensor. */
export const openOutline: Command = {
  id: "safetensorsSpectrum.openOutline",
  run: (parts, uri) =>
    withSession(parts, uri, async (session) => {
      await vscode.window.showTextDocument(outlineUri(vscode.Uri.parse(session.checkpoint)), { preview: false });
    }),
};
