import * as vscode from "vscode";
import { ServerUnavailable } from "../server/language-server.ts";
import { analyse } from "./analyse.ts";
import { analyseHeads } from "./analyse-heads.ts";
import { analyseTensor } from "./analyse-tensor.ts";
import { analyseVectors } from "./analyse-vectors.ts";
import { cancel } from "./cancel.ts";
import { chooseAdapter } from "./choose-adapter.ts";
import { clearCache } from "./clear-cache.ts";
import type { Command, Parts } from "./command.ts";
import { exportResults } from "./export.ts";
import { openDocumentation } from "./open-documentation.ts";
import { openEditor } from "./open-editor.ts";
import { openOutline } from "./open-outline.ts";
import { openSettings } from "./open-settings.ts";
import { pause } from "./pause.ts";
import { resume } from "./resume.ts";
import { restartServer } from "./restart-server.ts";
import { reveal } from "./reveal.ts";
import { scanWorkspace } from "./scan-workspace.ts";
import { silence } from "./silence.ts";
import { showLog } from "./show-log.ts";

const all: readonly Command[] = [
  analyse,
  analyseHeads,
  analyseTensor,
  analyseVectors,
  cancel,
  chooseAdapter,
  clearCache,
  exportResults,
  openDocumentation,
  openEditor,
  openOutline,
  openSettings,
  pause,
  resume,
  restartServer,
  reveal,
  scanWorkspace,
  showLog,
  silence,
];

/** Registers every command; what goes wrong in one is told in one sentence. */
export function registerCommands(parts: Parts): vscode.Disposable {
  return vscode.Disposable.from(
    ...all.map(({ id, run }) =>
      vscode.commands.registerCommand(id, async (...values: unknown[]) => {
        try {
          await run(parts, ...values);
        } catch (error) {
          parts.log.error(`${id}: ${String(error)}`);
          // Not awaited: a command is over when its work is, not when its message is closed.
          void tell(parts, error);
        }
      }),
    ),
  );
}

async function tell({ log }: Parts, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  const show = vscode.l10n.t("Show Log");
  const actions = error instanceof ServerUnavailable ? [show] : [];
  if ((await vscode.window.showErrorMessage(message, ...actions)) === show) log.show();
}
