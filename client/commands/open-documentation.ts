import * as vscode from "vscode";
import { documentationCommand } from "../../server/protocol.ts";
import { headingAfter, isAnchor } from "../documentation.ts";
import type { Command } from "./command.ts";

/** Other documents than docs/metrics.md, by the topics that lead to them. */
const documents: ReadonlyMap<unknown, string> = new Map([["calibration", "calibration.md"]]);

/**
 * Shows what the numbers mean, at the metric or test that its argument names, as docs/metrics.md explains it; or how often
 * the verdict is right.
 */
export const openDocumentation: Command = {
  id: documentationCommand,
  run: async ({ extension }, topic) => {
    const document = vscode.Uri.joinPath(extension, "docs", documents.get(topic) ?? "metrics.md");
    let fragment: string | null = null;
    if (isAnchor(topic)) {
      const text = new TextDecoder().decode(await vscode.workspace.fs.readFile(document));
      fragment = headingAfter(text, topic);
    }
    await vscode.commands.executeCommand("markdown.showPreview", document.with({ fragment: fragment ?? "" }));
  },
};
