import type { Diagnostic } from "vscode-languageserver";
import type { Finding } from "../analysis/findings.ts";
import type { FindingPolicy } from "../analysis/policy.ts";
import { diagnosticOf } from "./diagnostics.ts";
import { fileUri, outlineRange, outlineUri, type Place } from "./places.ts";
import type { Session } from "./session.ts";

/**
 * The diagnostics to push, by URI: each on the file it is about. A finding stands in Problems once: text documents pull
 * theirs, so what an open outline or index shows is left out here.
 */
export function publishedDiagnostics(
  session: Session,
  policy: FindingPolicy,
  texts: OpenTexts,
): Map<string, Diagnostic[]> {
  const { analysis } = session;
  const checkpoint = fileUri(session.path);
  const byUri = new Map<string, Diagnostic[]>();
  const add = (path: string, diagnostic: Diagnostic): void => {
    const uri = fileUri(path);
    const diagnostics = byUri.get(uri);
    if (diagnostics === undefined) {
      byUri.set(uri, [diagnostic]);
    } else {
      diagnostics.push(diagnostic);
    }
  };
  for (const finding of analysis.findings(policy)) {
    if (placeOf(session, finding, texts) === null) {
      add(finding.path, diagnosticOf(finding, checkpoint, { related: placesOf(session, finding.tensor) }));
    }
  }
  return byUri;
}

/** Which of a checkpoint's text documents are open. */
export interface OpenTexts {
  readonly outline: boolean;
  readonly index: boolean;
}

/** The open text that shows a finding: the index where that names the tensor, else the outline; null for neither. */
export function placeOf(session: Session, finding: Finding, texts: OpenTexts): "index" | "outline" | null {
  const { tensor, path } = finding;
  if (texts.index && (tensor === null ? path === session.path : session.indexRanges.has(tensor))) {
    return "index";
  }
  return texts.outline && tensor !== null && session.outline.places.has(tensor) ? "outline" : null;
}

/** Where a tensor's name is written: its line in the outline, its key in the index. */
function placesOf(session: Session, tensor: string | null): Place[] {
  if (tensor === null) {
    return [];
  }
  const places: Place[] = [];
  const line = outlineRange(session.outline, tensor);
  if (line !== null) {
    places.push({ uri: outlineUri(session.path), range: line });
  }
  const key = session.indexRanges.get(tensor);
  if (key !== undefined) {
    places.push({ uri: fileUri(session.path), range: key });
  }
  return places;
}
