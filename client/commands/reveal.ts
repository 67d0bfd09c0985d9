import * as vscode from "vscode";
import { revealCommand } from "../../server/protocol.ts";
import type { Command } from "./command.ts";
import { readRevealArguments } from "./reveal-arguments.ts";

/** Shows a tensor or a block in the custom editor: what the links of Problems and hovers run. */
export const reveal: Command = {
  id: revealCommand,
  run: async ({ sessions, editors }, value) => {
    const place = readRevealArguments(value);
    if (place === null) throw new Error(vscode.l10n.t("The link does not name a tensor of a checkpoint."));
    const lease = await sessions.open(vscode.Uri.parse(place.checkpoint, true));
    try {
      const { tensors, files } = lease.session.catalogue;
      const tensor =
        tensors.find(({ name }) => name === place.tensor) ?? tensors.find(({ block }) => block === place.tensor);
      const file = tensor === undefined ? undefined : files[tensor.file];
      if (tensor === undefined || file === undefined) {
        throw new Error(vscode.l10n.t("The checkpoint has no tensor {0} any more.", place.tensor));
      }
      await editors.reveal(lease.session, vscode.Uri.file(file.path), place);
    } finally {
      lease.dispose();
    }
  },
};
