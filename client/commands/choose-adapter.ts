import * as vscode from "vscode";
import { listAdapters, type Adapter } from "../../server/protocol.ts";
import { adapterOf, settingFor } from "./adapter-names.ts";
import type { Command } from "./command.ts";

interface Choice extends vscode.QuickPickItem {
  /** What the setting becomes; null leaves it. */
  readonly setting: string | null;
}

/** Lets the person choose the graphics adapter that computes; the setting keeps it, and it takes over at once. */
export const chooseAdapter: Command = {
  id: "safetensorsSpectrum.chooseAdapter",
  run: async (parts) => {
    const settings = vscode.workspace.getConfiguration("safetensorsSpectrum");
    const setting = settings.get("adapter", "").trim();
    const choices = parts.server
      .request(listAdapters, null)
      .then(({ adapters, problem }) => choicesOf(adapters, problem, setting, parts.active.session?.engine.adapter));
    const choice = await vscode.window.showQuickPick(choices, {
      title: vscode.l10n.t("Choose the GPU that computes spectra"),
      placeHolder: vscode.l10n.t("Drivers are asked for their adapters …"),
      matchOnDescription: true,
      matchOnDetail: true,
    });
    if (choice === undefined || choice.setting === null || choice.setting === setting) return;
    const written = settings.inspect<string>("adapter");
    const target =
      written?.workspaceValue === undefined ? vscode.ConfigurationTarget.Global : vscode.ConfigurationTarget.Workspace;
    await settings.update("adapter", choice.setting === "" ? undefined : choice.setting, target);
  },
};

function choicesOf(
  adapters: readonly Adapter[],
  problem: string | null,
  setting: string,
  computing: string | null | undefined,
): Choice[] {
  const current = adapterOf(setting, adapters);
  const mark = (chosen: boolean): string => (chosen ? "$(check) " : "");
  const automatic: Choice = {
    label: mark(setting === "") + vscode.l10n.t("Automatic"),
    description: vscode.l10n.t("the fastest"),
    setting: "",
  };
  const known = adapters.map((adapter): Choice => {
    const facts = [
      adapter.software ? vscode.l10n.t("computes in software: slow") : "",
      adapter.description === computing ? vscode.l10n.t("computes now") : "",
    ];
    return {
      label: mark(adapter === current) + adapter.name,
      description: facts.filter((fact) => fact !== "").join(", "),
      detail: adapter.description,
      setting: settingFor(adapter, adapters),
    };
  });
  // A card that was taken out, a driver that was renamed.
  const lost: Choice[] =
    setting !== "" && current === null
      ? [{ label: `$(warning) ${setting}`, description: vscode.l10n.t("chosen, but not found"), setting }]
      : [];
  const none: Choice[] = problem === null ? [] : [{ label: `$(error) ${problem}`, alwaysShow: true, setting: null }];
  return [automatic, ...known, ...lost, ...none];
}
