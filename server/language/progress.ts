import { t } from "../text/l10n.ts";
import type { Connection, WorkDoneProgressServerReporter } from "vscode-languageserver";
import { basename } from "node:path";
import type { AnalysisState } from "../protocol.ts";
import { formatDuration } from "../text/format.ts";
import type { Session } from "./session.ts";

/** Work-done progress, one for each checkpoint that is being analysed, with a button that cancels it. */
export class ProgressReports {
  readonly #connection: Connection;
  readonly #cancel: (session: Session) => void;
  readonly #reports = new Map<Session, Promise<WorkDoneProgressServerReporter>>();

  constructor(connection: Connection, cancel: (session: Session) => void) {
    this.#connection = connection;
    this.#cancel = cancel;
  }

  /** Shows, moves or ends the progress of a checkpoint. */
  show(session: Session, state: AnalysisState): void {
    const running = state.phase === "running";
    let report = this.#reports.get(session);
    if (report === undefined) {
      if (!running) {
        return;
      }
      report = this.#begin(session);
      this.#reports.set(session, report);
    }
    if (!running) {
      this.#reports.delete(session);
    }
    // A client that shows no progress is no reason to stop.
    report.then(
      (reporter) => {
        if (running) {
          const { done, total, words } = remaining(state);
          const rest =
            state.estimatedSeconds === null ? "" : `, ${t("about {0} left", formatDuration(state.estimatedSeconds))}`;
          reporter.report(Math.floor((100 * done) / Math.max(1, total)), words + rest);
        } else {
          reporter.done();
        }
      },
      () => undefined,
    );
  }

  async #begin(session: Session): Promise<WorkDoneProgressServerReporter> {
    const reporter = await this.#connection.window.createWorkDoneProgress();
    reporter.begin(t("Analysing {0}", basename(session.path)), 0, "", true);
    reporter.token.onCancellationRequested(() => {
      this.#cancel(session);
    });
    return reporter;
  }
}

/** What is counted: the matrices while some are missing, then what was asked for besides. */
function remaining({ done, total, asked }: AnalysisState) {
  return asked !== undefined && done >= total
    ? { ...asked, words: t("{0} of {1} parts", asked.done, asked.total) }
    : { done, total, words: t("{0} of {1} matrices", done, total) };
}
