import * as vscode from "vscode";
import { analyseVectorsCommand } from "../../server/protocol.ts";
import type { Command } from "./command.ts";
import { decide } from "./decide.ts";
import { withTensor } from "./tensor.ts";

/** Analyses the singular vectors of a tensor: how random each of them looks. */
export const analyseVectors: Command = {
  id: analyseVectorsCommand,
  run: (parts, value) =>
    withTensor(parts, value, async ({ session, ids }) => {
      if (!(await decide(parts, session, ids, true))) return;
      const count = await parts.sessions.analyseVectors(session, ids);
      if (count === 0) void vscode.window.showInformationMessage(vscode.l10n.t("Its singular vectors are analysed."));
    }),
};
