import * as vscode from "vscode";
import { clearCache as clear } from "../../server/protocol.ts";
import type { Command } from "./command.ts";

/** Forgets every result that is kept on disk. */
export const clearCache: Command = {
  id: "safetensorsSpectrum.clearCache",
  run: async ({ server }) => {
    const bytes = await server.request(clear, null);
    const megabytes = (bytes / 1e6).toFixed(1);
    // Not awaited: a command is over when its work is, not when its message is closed.
    void vscode.window.showInformationMessage(vscode.l10n.t("Cached results cleared: {0} MB freed.", megabytes));
  },
};
