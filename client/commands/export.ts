import { basename, extname } from "node:path";
import * as vscode from "vscode";
import { exportCheckpoint, type ExportFormat } from "../../server/protocol.ts";
import { withSession, type Command } from "./command.ts";

/** Saves everything that is known of a checkpoint where the person says, as the command line writes it. */
export const exportResults: Command = {
  id: "safetensorsSpectrum.export",
  run: (parts, value) =>
    withSession(parts, value, async ({ checkpoint }, uri) => {
      const target = await vscode.window.showSaveDialog({
        defaultUri: vscode.Uri.joinPath(uri, "..", `${basename(uri.path).replace(/\..*$/u, "")}-spectrum.json`),
        filters: { JSON: ["json"], CSV: ["csv"], SARIF: ["sarif"] },
        title: vscode.l10n.t("Export Results"),
      });
      if (target === undefined) return;
      const format = formatOf(target);
      await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          cancellable: true,
          title: vscode.l10n.t("Exporting {0}", basename(target.path)),
        },
        async (_progress, token) => {
          try {
            await parts.server.request(exportCheckpoint, { checkpoint, path: target.fsPath, format }, token);
          } catch (error) {
            if (!token.isCancellationRequested) throw error;
          }
        },
      );
    }),
};

function formatOf({ path }: vscode.Uri): ExportFormat {
  const ending = extname(path).slice(1).toLowerCase();
  return ending === "csv" || ending === "sarif" ? ending : "json";
}
