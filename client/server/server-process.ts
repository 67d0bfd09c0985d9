/** The process of the language server. */
import { spawn, type ChildProcess } from "node:child_process";
import * as vscode from "vscode";

/** Enough of what a process says to find the sentence that tells why it ended. */
const remembered = 50;
/** A process that is ending gets so long, in milliseconds, before it is ended. */
const grace = 1_000;

/** A process that was started, and what it said last. */
export class ServerProcess {
  readonly child: ChildProcess;
  /** Resolves when the process ends: to the reason, in a few words. */
  readonly ended: Promise<string>;

  private constructor(child: ChildProcess) {
    this.child = child;
    const lines: string[] = [];
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      lines.push(...text.split("\n").filter((line) => line.trim() !== ""));
      lines.splice(0, lines.length - remembered);
    });
    this.ended = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        // Node prints the error among the lines of its stack and its own version.
        const error = lines.find((line) => /^(\w+ )*\[?\w*Error\b/u.test(line));
        resolve(error ?? signal ?? vscode.l10n.t("exit code {0}", code ?? vscode.l10n.t("unknown")));
      });
    });
  }

  /**
   * Starts a module that speaks the Language Server Protocol over its standard streams: those work between any two
   * versions of Node, its own channel does not.
   */
  static async start(executable: string, module: string, environment: NodeJS.ProcessEnv): Promise<ServerProcess> {
    const child = spawn(executable, [module, "--stdio"], { env: environment, windowsHide: true });
    const started = new ServerProcess(child);
    await new Promise((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", reject);
    });
    return started;
  }

  /** Ends it, if it has not ended by itself, and tells why it did. */
  async stop(): Promise<string> {
    const patience = setTimeout(() => this.child.kill(), grace);
    const reason = await this.ended;
    clearTimeout(patience);
    return reason;
  }
}
