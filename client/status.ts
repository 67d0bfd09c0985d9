/** What the analysis in front is doing and on which adapter: beside the language of a text, in the status bar of an editor. */
import * as vscode from "vscode";
import {
  analyseCommand,
  outlineScheme,
  pauseCommand,
  resumeCommand,
  type AnalysisState,
  type EngineStatus,
} from "../server/protocol.ts";
import { disposeAll, type Disposable } from "./disposable.ts";
import { duration } from "./duration.ts";
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
    const { text, detail, icon, severity, busy, command } = this.#summary();
    const error = severity === vscode.LanguageStatusSeverity.Error;
    this.#language.text = text;
    this.#language.detail = detail;
    this.#language.severity = severity;
    this.#language.busy = busy;
    this.#language.command = command;
    this.#bar.command = command;
    this.#bar.text = `$(${icon}) ${text}`;
    // Plain text: adapters name themselves.
    this.#bar.tooltip = [detail, vscode.l10n.t("Click: {0}", command.title)].filter((line) => line !== "").join("\n");
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
    /** What a click does. */
    readonly command: vscode.Command;
  } {
    const showLog = { title: vscode.l10n.t("Show Log"), command: logCommand };
    const { Error, Warning, Information } = vscode.LanguageStatusSeverity;
    const { session } = this.#active;
    if (this.#failure !== null) {
      const detail = `${this.#failure.message} ${this.#failure.remedy}`;
      const text = vscode.l10n.t("No analysis server");
      return { text, detail, icon: "error", severity: Error, busy: false, command: showLog };
    }
    if (session === null) {
      const text = vscode.l10n.t("Opening");
      return { text, detail: "", icon: "loading~spin", severity: Information, busy: true, command: showLog };
    }
    const { engine, state } = session;
    const detail = engineSentence(engine);
    if (engine.phase === "unavailable") {
      const text = vscode.l10n.t("No GPU");
      return { text, detail, icon: "warning", severity: Warning, busy: false, command: showLog };
    }
    const icon = icons[state.phase];
    const busy = state.phase === "running";
    const command = this.#commands()[state.phase] ?? showLog;
    return { text: progressText(state), detail, icon, severity: Information, busy, command };
  }

  #commands(): Readonly<Partial<Record<AnalysisState["phase"], vscode.Command>>> {
    const arguments_ = [this.#active.uri];
    const analyse = { title: vscode.l10n.t("Analyse"), command: analyseCommand, arguments: arguments_ };
    return {
      running: { title: vscode.l10n.t("Pause"), command: pauseCommand, arguments: arguments_ },
      paused: { title: vscode.l10n.t("Resume"), command: resumeCommand, arguments: arguments_ },
      waiting: analyse,
      cancelled: analyse,
    };
  }
}

const icons: Readonly<Record<AnalysisState["phase"], string>> = {
  running: "loading~spin",
  paused: "debug-pause",
  done: "check",
  waiting: "play",
  cancelled: "circle-slash",
  unavailable: "circle-slash",
};

/** How far the analysis is and, unless it is over, how long the rest takes. */
function progressText({ phase, done, total, estimatedSeconds }: AnalysisState): string {
  const rest = estimatedSeconds === null ? "" : `, ${vscode.l10n.t("about {0} left", duration(estimatedSeconds))}`;
  switch (phase) {
    case "running":
      return vscode.l10n.t("{0} of {1} matrices", done, total) + rest;
    case "paused":
      return vscode.l10n.t("Paused at {0} of {1} matrices", done, total) + rest;
    case "done":
      return total === 0 ? vscode.l10n.t("No matrices") : vscode.l10n.t("{0} matrices analysed", done);
    case "cancelled":
      return vscode.l10n.t("Cancelled at {0} of {1} matrices", done, total) + rest;
    case "waiting":
    case "unavailable":
      return vscode.l10n.t("{0} of {1} matrices analysed", done, total) + rest;
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
