/** Tries executables until one is a Node that can run the language server. */
import { execFile } from "node:child_process";
import type { Rejected } from "./explanation.ts";
import { parseReport, refusal, reportScript, type Candidate, type RuntimeSource } from "./runtime.ts";

/** A Node that starts and is new enough. */
export interface Runtime {
  readonly source: RuntimeSource;
  readonly executable: string;
  readonly version: string;
}

const patience = 10_000;

/**
 * The usable ones among the candidates, in order and each tried only when it is asked for.
 * @param onRejected is told of each that was passed over.
 */
export async function* usableNodes(
  list: readonly Candidate[],
  onRejected: (rejected: Rejected) => void,
): AsyncGenerator<Runtime, undefined> {
  const seen = new Set<string>();
  for (const candidate of list) {
    const answer = await probe(candidate);
    if ("reason" in answer) {
      onRejected(answer);
    } else if (!seen.has(answer.executable)) {
      seen.add(answer.executable);
      yield answer;
    }
  }
  return undefined;
}

function probe({ source, executable }: Candidate): Promise<Runtime | Rejected> {
  // ELECTRON_RUN_AS_NODE makes an Electron executable answer as Node, so that it can be told from one, rather than
  // open a window.
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: "1" };
  return new Promise((resolve) => {
    execFile(executable, ["-p", reportScript], { env, timeout: patience, windowsHide: true }, (error, output) => {
      const rejected = (reason: Rejected["reason"], detail: string) => {
        resolve({ source, executable, reason, detail });
      };
      if (error?.code === "ENOENT") {
        rejected("missing", "");
        return;
      }
      const report = parseReport(output);
      if (report === null) {
        if (error === null) rejected("not-node", "");
        else rejected("does-not-start", firstLine(error.message));
        return;
      }
      const refused = refusal(report);
      if (refused !== null) rejected(refused.code, refused.version);
      else resolve({ source, executable: report.executable, version: report.node });
    });
  });
}

function firstLine(text: string): string {
  return text.split("\n", 1)[0] ?? "";
}
