import * as vscode from "vscode";
import { documentationCommand } from "../../server/protocol.ts";
import { headingAfter, isAnchor } from "../documentation.ts";
import type { Command } from "./command.ts";

/** Shows what the numbers mean, at the metric or test that its argument names, as docs/metrics.md explains it. */
export const openDocumentation: Command = {
  id: documentationCommand,
  run: async ({ extension }, topic) => {
    const document = vscode.Uri.joinPath(extension, "docs", "metrics.md");
    let fragment: string | null = null;
    if (isAnchor(topic)) {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(document));
      fragment = headingAfter(text, topic);
    }
    await vscode.commands.executeCommand("markdown.showPreview", document.with({ fragment: fragment ?? "" }));
  },
};
