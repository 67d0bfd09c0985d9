import { DiagnosticSeverity, type Diagnostic, type Range } from "vscode-languageserver";
import { revealCommand, type Problem, type RevealArguments, type Severity } from "../protocol.ts";
import { printable, shortened } from "../text/format.ts";
import { commandUri, longestLinkedName } from "./command-uri.ts";
import type { Place } from "./places.ts";

const severities: Readonly<Record<Severity, DiagnosticSeverity>> = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
};

const start: Range = { start: { line: 0, character: 0 }, end: { line: 0, character: 0 } };

export const diagnosticSource = "Safetensors Spectrum";

/**
 * A finding as a diagnostic. In a binary file it stands at the start: no range would reach the custom editor, so the
 * code's link carries the tensor there, and related places lead to where its name is written. Names are untrusted: hidden
 * characters are shown as escapes.
 * @param checkpoint URI that names the checkpoint in messages
 */
export function diagnosticOf(
  problem: Problem,
  checkpoint: string,
  options: { readonly range?: Range; readonly related: readonly Place[] },
): Diagnostic {
  const diagnostic: Diagnostic = {
    range: options.range ?? start,
    severity: severities[problem.severity],
    source: diagnosticSource,
    code: problem.code,
    message: printable(problem.message),
  };
  if (problem.tensor !== null) {
    if (problem.tensor.length <= longestLinkedName) {
      diagnostic.codeDescription = { href: revealUri({ checkpoint, tensor: problem.tensor }) };
    }
    diagnostic.data = { tensor: problem.tensor, documentation: `docs/problems.md#${problem.code}` };
  }
  if (options.related.length > 0) {
    diagnostic.relatedInformation = options.related.map((location) => ({
      location,
      message: printable(problem.tensor === null ? problem.message : shortened(problem.tensor)),
    }));
  }
  return diagnostic;
}

/** The command URI that reveals a tensor in the editor. */
export function revealUri(target: RevealArguments): string {
  return commandUri(revealCommand, target);
}
