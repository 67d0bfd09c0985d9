/** What the commands work with. */
import * as vscode from "vscode";
import type { ActiveCheckpoint } from "../active.ts";
import type { EditorProvider } from "../editor/provider.ts";
import type { Lease, Sessions } from "../editor/session.ts";
import { chooseCheckpoint } from "./choose-checkpoint.ts";
import { isCheckpointUri } from "./reveal-arguments.ts";
import { checkpointOfOutline } from "../outline/uri.ts";
import type { LanguageServer } from "../server/language-server.ts";

export interface Parts {
  /** The folder of the extension. */
  readonly extension: vscode.Uri;
  readonly server: LanguageServer;
  readonly sessions: Sessions;
  readonly editors: EditorProvider;
  readonly active: ActiveCheckpoint;
  readonly log: vscode.LogOutputChannel;
}

/** A command of the manifest. Its arguments come from menus, links and other extensions: they may be anything. */
export interface Command {
  readonly id: string;
  readonly run: (parts: Parts, ...values: readonly unknown[]) => Promise<void> | void;
}

/**
 * The `file:` URI a command is about: its first argument, as menus give it or, as lenses do, as text; else what is in front.
 * @throws where the text is no such URI.
 */
export function target({ active }: Parts, value: unknown): vscode.Uri | null {
  if (typeof value === "string") {
    if (!isCheckpointUri(value)) throw new Error(vscode.l10n.t("{0} is not a checkpoint.", value));
    return vscode.Uri.parse(value, true);
  }
  if (!(value instanceof vscode.Uri)) return active.uri;
  return checkpointOfOutline(value) ?? value;
}

/**
 * Opens the session of the checkpoint that a command is about while something is done with it. Where none is in front, as
 * in the walkthrough, it is one that the person chooses; where they choose none, nothing is done.
 * @throws where there is no such checkpoint, in one sentence.
 */
export async function withSession(
  parts: Parts,
  value: unknown,
  action: (session: Lease["session"], uri: vscode.Uri) => Promise<void>,
): Promise<void> {
  const uri = target(parts, value) ?? (await chooseCheckpoint(parts));
  if (uri === null) return;
  const lease = await parts.sessions.open(uri);
  try {
    await action(lease.session, uri);
  } finally {
    lease.dispose();
  }
}
