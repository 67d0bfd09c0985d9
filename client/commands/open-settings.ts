import * as vscode from "vscode";
import type { Command } from "./command.ts";

/** Opens the settings editor at this extension's settings. */
export const openSettings: Command = {
  id: "safetensorsSpectrum.openSettings",
  run: async () => {
    await vscode.commands.executeCommand("workbench.action.openSettings", "safetensorsSpectrum");
  },
};
