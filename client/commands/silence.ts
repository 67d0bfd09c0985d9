import * as vscode from "vscode";
import manifest from "../../package.json" with { type: "json" };
import { silenceCommand } from "../../server/protocol.ts";
import type { Command } from "./command.ts";

const section = "safetensorsSpectrum";
const codes = Object.keys(manifest.contributes.configuration.properties["safetensorsSpectrum.severity"].properties);

/** Turns a kind of finding off, in the workspace's settings where there is a workspace: what a quick fix runs. */
export const silence: Command = {
  id: silenceCommand,
  run: async (_parts, value) => {
    const code = readCode(value);
    if (code === null) throw new Error(vscode.l10n.t("The command does not name a kind of finding."));
    const settings = vscode.workspace.getConfiguration(section);
    const written = settings.inspect<Readonly<Record<string, string>>>("severity");
    const [target, before] =
      vscode.workspace.workspaceFolders === undefined
        ? ([vscode.ConfigurationTarget.Global, written?.globalValue] as const)
        : ([vscode.ConfigurationTarget.Workspace, written?.workspaceValue] as const);
    await settings.update("severity", { ...before, [code]: "off" }, target);
    // Not awaited: the command is over when the setting is written.
    void offerUndo(code, async () => {
      await vscode.workspace.getConfiguration(section).update("severity", before, target);
    });
  },
};

async function offerUndo(code: string, undo: () => Promise<void>): Promise<void> {
  const label = vscode.l10n.t("Undo");
  const message = vscode.l10n.t("Findings “{0}” are off.", code);
  if ((await vscode.window.showInformationMessage(message, label)) === label) await undo();
}

/** The code of a finding that has a severity to set; null for everything else, which anybody may send. */
function readCode(value: unknown): string | null {
  const code = typeof value === "object" && value !== null && "code" in value ? value.code : null;
  return typeof code === "string" && codes.includes(code) ? code : null;
}
