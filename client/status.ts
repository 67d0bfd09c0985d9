/** What the analysis in front is doing and on which adapter: beside the language of a text, in the status bar of an editor. */
import * as vscode from "vscode";
import { outlineScheme, type AnalysisState, type EngineStatus } from "../server/protocol.ts";
import { disposeAll, type Disposable } from "./disposable.ts";
import type { ActiveCheckpoint } from "./active.ts";
import type { EditorProvider } from "./editor/provider.ts";
import type { Explanation } from "./server/explanation.ts";
import { indexPattern, type LanguageServer } from "./server/language-server.ts";

const logCommand = "safetensorsSpectrum.showLog";

export class Status implements vscode.Disposable {
  readonly #active: ActiveCheckpoint;
  readonly #editors: EditorProvider;
  readonly #language: vscode.LanguageStatusItem;
  // Language status is shown for text editors only.
  readonly #bar: vscode.StatusBarItem;
  readonly #disposables: Disposable[];
  #failure: Explanation | null = null;

  constructor(active: ActiveCheckpoint, editors: EditorProvider, server: LanguageServer) {
    this.#active = active;
    this.#editors = editors;
    this.#language = vscode.languages.createLanguageStatusItem("safetensorsSpectrum.status", [
      { scheme: outlineScheme },
      { scheme: "file", pattern: indexPattern },
    ]);
    this.#language.name = "Safetensors Spectrum";
    this.#bar = vscode.window.createStatusBarItem("safetensorsSpectrum.status", vscode.StatusBarAlignment.Right, 100);
    this.#bar.name = this.#language.name;
    this.#bar.command = logCommand;
    this.#disposables = [
      this.#language,
      this.#bar,
      active.onDidChange(() => {
        this.#show();
      }),
      server.onDidStart(() => {
        this.#failure = null;
        this.#show();
      }),
      server.onDidFail((failure) => {
        this.#failure = failure;
        this.#show();
      }),
    ];
    this.#show();
  }

  dispose(): void {
    disposeAll(this.#disposables);
  }

  #show(): void {
    const { text, detail, icon, severity, busy } = this.#summary();
    const error = severity === vscode.LanguageStatusSeverity.Error;
    this.#language.text = text;
    this.#language.detail = detail;
    this.#language.severity = severity;
    this.#language.busy = busy;
    this.#language.command = { title: vscode.l10n.t("Show Log"), command: logCommand };
    this.#bar.text = `$(${icon}) ${text}`;
    // Plain text: adapters name themselves.
    this.#bar.tooltip = detail;
    this.#bar.backgroundColor = error ? new vscode.ThemeColor("statusBarItem.errorBackground") : undefined;
    if (this.#editors.active === undefined) this.#bar.hide();
    else this.#bar.show();
  }

  #summary(): {
    readonly text: string;
    readonly detail: string;
    readonly icon: string;
    readonly severity: vscode.LanguageStatusSeverity;
    readonly busy: boolean;
  } {
    const { Error, Warning, Information } = vscode.LanguageStatusSeverity;
    const { session } = this.#active;
    if (this.#failure !== null) {
      const detail = `${this.#failure.message} ${this.#failure.remedy}`;
      return { text: vscode.l10n.t("No analysis server"), detail, icon: "error", severity: Error, busy: false };
    }
    if (session === null) {
      const text = vscode.l10n.t("Opening");
      return { text, detail: "", icon: "loading~spin", severity: Information, busy: true };
    }
    const { engine, state } = session;
    const detail = engineSentence(engine);
    if (engine.phase === "unavailable") {
      return { text: vscode.l10n.t("No GPU"), detail, icon: "warning", severity: Warning, busy: false };
    }
    const busy = state.phase === "running";
    const icon = busy ? "loading~spin" : state.phase === "done" ? "check" : "circle-slash";
    return { text: progressText(state), detail, icon, severity: Information, busy };
  }
}

function progressText({ phase, done, total, estimatedSeconds }: AnalysisState): string {
  switch (phase) {
    case "running":
      return vscode.l10n.t("{0} of {1} matrices", done, total);
    case "done":
      return total === 0 ? vscode.l10n.t("No matrices") : vscode.l10n.t("{0} matrices analysed", done);
    case "cancelled":
      return vscode.l10n.t("Cancelled at {0} of {1} matrices", done, total);
    case "waiting":
    case "unavailable":
      return estimatedSeconds === null
        ? vscode.l10n.t("{0} of {1} matrices analysed", done, total)
        : vscode.l10n.t(
            "{0} of {1} matrices analysed, the rest takes about {2} min",
            done,
            total,
            Math.max(1, Math.round(estimatedSeconds / 60)),
          );
  }
}

function engineSentence({ phase, adapter, backend, software, message, remedy }: EngineStatus): string {
  if (phase === "unavailable") return [message, remedy].filter((sentence) => sentence !== null).join(" ");
  if (phase === "idle") return "";
  if (phase === "starting" || adapter === null) return vscode.l10n.t("The GPU is being started.");
  return software
    ? vscode.l10n.t("Computed in software, on {0} ({1})", adapter, backend ?? "")
    : vscode.l10n.t("Computed on {0} ({1})", adapter, backend ?? "");
}
