import * as vscode from "vscode";
import { openEditorCommand } from "../../server/protocol.ts";
import { openEditor as open } from "../editor/provider.ts";
import { target, type Command } from "./command.ts";

/** Opens the custom editor for a file, an index, or the checkpoint whose outline is in front. */
export const openEditor: Command = {
  id: openEditorCommand,
  run: async (parts, value) => {
    const uri = target(parts, value);
    if (uri === null) throw new Error(vscode.l10n.t("Open a .safetensors file first."));
    await open(uri);
  },
};
