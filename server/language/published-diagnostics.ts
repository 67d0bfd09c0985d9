import type { Diagnostic } from "vscode-languageserver";
import type { FindingPolicy } from "../analysis/policy.ts";
import { diagnosticOf } from "./diagnostics.ts";
import { fileUri, outlineRange, outlineUri, type Place } from "./places.ts";
import type { Session } from "./session.ts";

/**
 * The diagnostics to push, by URI: each on the file it is about. Text documents pull theirs, so an index that is open as
 * text is left out here.
 * @param isOpen whether the file at a path is open as a text document
 */
export function publishedDiagnostics(
  session: Session,
  policy: FindingPolicy,
  isOpen: (path: string) => boolean,
): Map<string, Diagnostic[]> {
  const { analysis } = session;
  const checkpoint = fileUri(session.path);
  const byUri = new Map<string, Diagnostic[]>();
  const add = (path: string, diagnostic: Diagnostic): void => {
    if (!isOpen(path)) {
      const uri = fileUri(path);
      const diagnostics = byUri.get(uri);
      if (diagnostics === undefined) {
        byUri.set(uri, [diagnostic]);
      } else {
        diagnostics.push(diagnostic);
      }
    }
  };
  for (const finding of analysis.findings(policy)) {
    add(finding.path, diagnosticOf(finding, checkpoint, { related: placesOf(session, finding.tensor) }));
  }
  return byUri;
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
