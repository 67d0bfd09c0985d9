import manifest from "../../package.json" with { type: "json" };
import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { AnalysisPreferences } from "../analysis/policy.ts";
import { writeOutput } from "../command-line/output.ts";
import { csvReport } from "../command-line/report-csv.ts";
import { htmlReport } from "../command-line/report-html.ts";
import { jsonReport } from "../command-line/report-json.ts";
import { sarifReport } from "../command-line/report-sarif.ts";
import type { Reporter } from "../command-line/report.ts";
import type { EngineStatus, ExportFormat } from "../protocol.ts";
import { allInEnglish, piecesInEnglish } from "../text/english-scope.ts";
import { isEnglish } from "../text/l10n.ts";

const reporters: Readonly<Record<ExportFormat, Reporter>> = {
  json: jsonReport,
  csv: csvReport,
  sarif: sarifReport,
  html: htmlReport,
};

/**
 * Writes all that is known of a checkpoint to a file, whole or not at all, in the formats of the command line. What
 * machines read is English, as there; a page for people speaks their language.
 * @param preferences the person's, for findings and for what names mean
 * @throws with one plain sentence when the file cannot be written, and the signal's reason when it is aborted
 */
export async function exportResults(
  analysis: CheckpointAnalysis,
  engine: EngineStatus,
  preferences: AnalysisPreferences,
  { path, format, folder }: { readonly path: string; readonly format: ExportFormat; readonly folder: string },
  signal: AbortSignal,
): Promise<void> {
  const { adapter, backend, software } = analysis.engine ?? engine;
  const report = (told: CheckpointAnalysis): AsyncIterable<string> | Iterable<string> =>
    reporters[format]({
      engine: { version: manifest.version, adapter, backend, software },
      checkpoints: [
        {
          analysis: told,
          ids: told.known.map(({ id }) => id),
          vectors: told.hasVectors,
          products: [],
          problems: told.findings(preferences),
        },
      ],
      draw: null,
      failures: [],
      folder,
    });
  const inEnglish = async (): Promise<AsyncIterable<string>> =>
    piecesInEnglish(await allInEnglish(async () => report(await analysis.retold(preferences, signal))));
  const pieces = format === "html" || isEnglish() ? report(analysis) : await inEnglish();
  await writeOutput(path, pieces, signal);
}
