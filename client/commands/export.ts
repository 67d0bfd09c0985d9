import { basename, extname } from "node:path";
import * as vscode from "vscode";
import { exportCheckpoint, exportFormats, type ExportFormat } from "../../server/protocol.ts";
import { withSession, type Command } from "./command.ts";

/** Saves what is known of a checkpoint where the person says: as a report to read, or as the command line writes it. */
export const exportResults: Command = {
  id: "safetensorsSpectrum.export",
  run: (parts, value) =>
    withSession(parts, value, async ({ checkpoint }, uri) => {
      const target = await vscode.window.showSaveDialog({
        defaultUri: vscode.Uri.joinPath(uri, "..", `${basename(uri.path).replace(/\..*$/u, "")}-spectrum.html`),
        filters: { [vscode.l10n.t("HTML Report")]: ["html"], JSON: ["json"], CSV: ["csv"], SARIF: ["sarif"] },
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
            return;
          }
          // Not awaited: a command is over when its work is.
          if (format === "html") void offer(target);
        },
      );
    }),
};

/** A page is made to be read. */
async function offer(page: vscode.Uri): Promise<void> {
  const open = vscode.l10n.t("Open in Browser");
  const told = vscode.l10n.t("The report is in {0}.", basename(page.path));
  if ((await vscode.window.showInformationMessage(told, open)) === open) await vscode.env.openExternal(page);
}

function formatOf({ path }: vscode.Uri): ExportFormat {
  const ending = extname(path).slice(1).toLowerCase();
  if (ending === "htm") return "html";
  return exportFormats.find((format) => format === ending) ?? "json";
}
