import * as vscode from "vscode";
import manifest from "../../package.json" with { type: "json" };
import { silenceCommand, type SilenceArguments } from "../../server/protocol.ts";
import type { Command } from "./command.ts";

const section = "safetensorsSpectrum";
const codes = Object.keys(manifest.contributes.configuration.properties["safetensorsSpectrum.severity"].properties);

/**
 * Turns a kind of finding off, everywhere or on one tensor, in the workspace's settings where there is a workspace: what
 * quick fixes run.
 */
export const silence: Command = {
  id: silenceCommand,
  run: async (_parts, value) => {
    const wanted = readArguments(value);
    if (wanted === null) throw new Error(vscode.l10n.t("The command does not name a kind of finding."));
    const { code, tensor } = wanted;
    if (tensor === undefined) {
      await change<Readonly<Record<string, string>>>("severity", code, (before) => ({ ...before, [code]: "off" }));
    } else {
      await change<readonly SilenceArguments[]>("silence", code, (before) => [...(before ?? []), { code, tensor }]);
    }
  },
};

async function change<Value>(setting: string, code: string, next: (before: Value | undefined) => Value): Promise<void> {
  const settings = vscode.workspace.getConfiguration(section);
  const written = settings.inspect<Value>(setting);
  const [target, before] =
    vscode.workspace.workspaceFolders === undefined
      ? ([vscode.ConfigurationTarget.Global, written?.globalValue] as const)
      : ([vscode.ConfigurationTarget.Workspace, written?.workspaceValue] as const);
  await settings.update(setting, next(before), target);
  // Not awaited: the command is over when the setting is written.
  void offerUndo(code, async () => {
    await vscode.workspace.getConfiguration(section).update(setting, before, target);
  });
}

async function offerUndo(code: string, undo: () => Promise<void>): Promise<void> {
  const label = vscode.l10n.t("Undo");
  const message = vscode.l10n.t("The finding “{0}” is silenced in the settings.", code);
  if ((await vscode.window.showInformationMessage(message, label)) === label) await undo();
}

/** What a quick fix carries; null for everything else, which anybody may send. */
function readArguments(value: unknown): SilenceArguments | null {
  if (typeof value !== "object" || value === null) return null;
  const { code, tensor } = value as Readonly<Record<string, unknown>>;
  if (typeof code !== "string" || !codes.includes(code)) return null;
  if (tensor === undefined) return { code };
  return typeof tensor === "string" ? { code, tensor } : null;
}
