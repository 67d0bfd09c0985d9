/** The extension: wires its parts together, and takes them down. */
import * as vscode from "vscode";
import { ActiveCheckpoint } from "./active.ts";
import { registerCommands } from "./commands/register.ts";
import { TextDocuments } from "./documents.ts";
import { EditorProvider } from "./editor/provider.ts";
import { Sessions } from "./editor/session.ts";
import { Follow } from "./outline/follow.ts";
import { OutlineFileSystem } from "./outline/file-system.ts";
import { LanguageServer } from "./server/language-server.ts";
import { Status } from "./status.ts";

let server: LanguageServer | null = null;

export function activate(context: vscode.ExtensionContext): void {
  const log = vscode.window.createOutputChannel("Safetensors Spectrum", { log: true });
  server = new LanguageServer(context, log);
  const sessions = new Sessions(server, log);
  const editors = new EditorProvider(context.extensionUri, server, sessions);
  const active = new ActiveCheckpoint(server, sessions, editors);
  context.subscriptions.push(
    log,
    sessions,
    editors,
    active,
    new OutlineFileSystem(server, sessions),
    new Follow(server, sessions, editors),
    new TextDocuments(sessions, log),
    new Status(active, editors, server),
    registerCommands({ extension: context.extensionUri, server, sessions, editors, active, log }),
  );
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
