import * as vscode from "vscode";
import { analyseHeadsCommand, portionList } from "../../server/protocol.ts";
import type { Command } from "./command.ts";
import { decide } from "./decide.ts";
import { withTensor } from "./tensor.ts";

/** Analyses the attention heads of a tensor, each as a matrix of its own. */
export const analyseHeads: Command = {
  id: analyseHeadsCommand,
  run: (parts, value) =>
    withTensor(parts, value, async ({ session, name }) => {
      const { heads } = await parts.server.request(portionList, { checkpoint: session.checkpoint });
      const ids = heads.filter(({ tensor }) => tensor === name).flatMap((group) => group.ids);
      // Where there is none, the server says so.
      if (ids.length > 0 && !(await decide(parts, session, ids))) return;
      const count = await parts.sessions.analyseHeads(session, [name]);
      if (count === 0) void vscode.window.showInformationMessage(vscode.l10n.t("All of its heads are analysed."));
    }),
};
