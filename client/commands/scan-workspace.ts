import * as vscode from "vscode";
import {
  analyseCheckpoint,
  cancelAnalysis,
  endScan,
  findCheckpoints,
  scanCheckpoint,
  type AnalysisState,
  type ScannedCheckpoint,
} from "../../server/protocol.ts";
import { duration } from "../duration.ts";
import type { Command, Parts } from "./command.ts";

type Report = vscode.Progress<{ readonly message?: string; readonly increment?: number }>;

/**
 * Puts the findings of every checkpoint in the workspace's folders into Problems, without opening one. What was analysed
 * before comes from the cache; the rest is analysed once the person has seen how long that takes.
 */
export const scanWorkspace: Command = {
  id: "safetensorsSpectrum.scanWorkspace",
  run: async (parts) => {
    const { l10n, window, workspace, ProgressLocation } = vscode;
    const folders = (workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === "file");
    if (folders.length === 0) throw new Error(l10n.t("Open a folder first."));
    const title = l10n.t("Scanning the checkpoints of the workspace");
    const scanned = await window.withProgress(
      { location: ProgressLocation.Notification, title, cancellable: true },
      (progress, token) =>
        scan(
          parts,
          folders.map(({ uri }) => uri.toString()),
          progress,
          token,
        ),
    );
    if (scanned === null) return;
    const show = l10n.t("Show Problems");
    const message =
      scanned === 0
        ? l10n.t("There is no .safetensors file in the workspace.")
        : l10n.t("Checkpoints scanned in the workspace: {0}.", scanned);
    // Not awaited: a command is over when its work is, not when its message is closed.
    void window.showInformationMessage(message, ...(scanned === 0 ? [] : [show])).then((choice) => {
      if (choice === show) void vscode.commands.executeCommand("workbench.actions.view.problems");
    });
  },
};

/** @returns how many checkpoints were scanned; null where it was cancelled */
async function scan(
  parts: Parts,
  folders: readonly string[],
  progress: Report,
  token: vscode.CancellationToken,
): Promise<number | null> {
  const { server, log } = parts;
  const { checkpoints, skipped } = await server.request(findCheckpoints, { folders });
  for (const sentence of skipped) log.warn(sentence);
  const held: ScannedCheckpoint[] = [];
  try {
    for (const uri of checkpoints) {
      if (token.isCancellationRequested) return null;
      const message = vscode.l10n.t("{0} of {1} checkpoints", held.length + 1, checkpoints.length);
      progress.report({ message, increment: 100 / checkpoints.length });
      held.push(await server.request(scanCheckpoint, { uri }));
    }
    const missing = held.filter(({ missing: { matrices } }) => matrices > 0);
    if (missing.length > 0 && (await agree(missing)) && !token.isCancellationRequested) {
      await analyse(parts, missing, progress, token);
    }
    return token.isCancellationRequested ? null : held.length;
  } finally {
    for (const { checkpoint } of held) server.notify(endScan, { checkpoint });
  }
}

/** One question for all. */
async function agree(missing: readonly ScannedCheckpoint[]): Promise<boolean> {
  const { l10n, window } = vscode;
  const matrices = missing.reduce((sum, each) => sum + each.missing.matrices, 0);
  const seconds = missing.reduce((sum, each) => sum + (each.missing.seconds ?? NaN), 0);
  if (Number.isNaN(seconds)) {
    // Why there is none is told elsewhere.
    void window.showWarningMessage(l10n.t("{0} matrices are not analysed: no GPU can be used.", matrices));
    return false;
  }
  const message = l10n.t("Checkpoints that are not analysed yet: {0}.", missing.length);
  const detail = l10n.t(
    "Analysing {0} matrices takes about {1} here. It can be cancelled at any time; what is computed stays.",
    matrices,
    duration(seconds),
  );
  const yes = l10n.t("Analyse");
  return (await window.showInformationMessage(message, { modal: true, detail }, yes)) === yes;
}

/** Until all are analysed, or it is cancelled, or the server starts anew. */
async function analyse(
  { server }: Parts,
  missing: readonly ScannedCheckpoint[],
  progress: Report,
  token: vscode.CancellationToken,
): Promise<void> {
  const waiting = new Set(missing.map(({ checkpoint }) => checkpoint));
  const states = new Map<string, AnalysisState>();
  const ends: vscode.Disposable[] = [];
  await new Promise<void>((resolve, reject) => {
    const start = async (): Promise<void> => {
      for (const { checkpoint } of missing) await server.request(analyseCheckpoint, { checkpoint });
    };
    ends.push(
      server.onResults(({ checkpoint, state }) => {
        if (!waiting.has(checkpoint)) return;
        states.set(checkpoint, state);
        const sum = (of: (state: AnalysisState) => number): number =>
          [...states.values()].reduce((total, each) => total + of(each), 0);
        progress.report({
          message: vscode.l10n.t(
            "{0} of {1} matrices",
            sum(({ done }) => done),
            sum(({ total }) => total),
          ),
        });
        const { phase } = state;
        if (phase === "done" || phase === "cancelled" || phase === "unavailable") waiting.delete(checkpoint);
        if (waiting.size === 0) resolve();
      }),
      server.onDidStart(() => {
        resolve();
      }),
      token.onCancellationRequested(() => {
        for (const checkpoint of waiting) void server.request(cancelAnalysis, { checkpoint });
        resolve();
      }),
    );
    start().catch(reject);
  }).finally(() => {
    for (const end of ends) end.dispose();
  });
}
