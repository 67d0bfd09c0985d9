import manifest from "../../package.json" with { type: "json" };
import type { CheckpointAnalysis } from "../analysis/checkpoint-analysis.ts";
import type { FindingPolicy } from "../analysis/policy.ts";
import { writeOutput } from "../command-line/output.ts";
import { csvReport } from "../command-line/report-csv.ts";
import { htmlReport } from "../command-line/report-html.ts";
import { jsonReport } from "../command-line/report-json.ts";
import { sarifReport } from "../command-line/report-sarif.ts";
import type { Reporter } from "../command-line/report.ts";
import type { EngineStatus, ExportFormat } from "../protocol.ts";

const reporters: Readonly<Record<ExportFormat, Reporter>> = {
  json: jsonReport,
  csv: csvReport,
  sarif: sarifReport,
  html: htmlReport,
};

/**
 * Writes what is known of a checkpoint to a file, whole or not at all, in the formats of the command line.
 * @throws with one plain sentence when the file cannot be written, and the signal's reason when it is aborted
 */
export async function exportResults(
  analysis: CheckpointAnalysis,
  engine: EngineStatus,
  policy: FindingPolicy,
  { path, format, folder }: { readonly path: string; readonly format: ExportFormat; readonly folder: string },
  signal: AbortSignal,
): Promise<void> {
  const { adapter, backend, software } = analysis.engine ?? engine;
  const report = {
    engine: { version: manifest.version, adapter, backend, software },
    checkpoints: [
      {
        analysis,
        ids: analysis.architecture.matrices.map(({ id }) => id),
        vectors: false,
        products: [],
        problems: analysis.findings(policy),
      },
    ],
    draw: null,
    failures: [],
    folder,
  };
  await writeOutput(path, reporters[format](report), signal);
}
