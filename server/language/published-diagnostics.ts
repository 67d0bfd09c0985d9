import type { Diagnostic } from "vscode-languageserver";
import { forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { Finding } from "../analysis/findings.ts";
import type { FindingPolicy } from "../analysis/policy.ts";
import { diagnosticOf } from "./diagnostics.ts";
import { fileUri, outlineRange, outlineUri, type Place } from "./places.ts";
import type { Session } from "./session.ts";

/** VS Code shows no more of a file than these. */
export const mostOfFile = 1000;

/**
 * The diagnostics to push, by URI: each on the file it is about, of many the gravest. A finding stands in Problems once:
 * text documents pull theirs, so what an open outline or index shows is left out here.
 */
export function* publishing(
  session: Session,
  policy: FindingPolicy,
  texts: OpenTexts,
): Sliced<Map<string, Diagnostic[]>> {
  const { analysis } = session;
  const checkpoint = fileUri(session.path);
  const found = yield* analysis.finding(policy);
  // Where findings are written; without any nobody asks.
  if (found.some(({ tensor }) => tensor !== null)) yield* session.outlining();
  const byFile = new Map<string, Finding[]>();
  yield* forEachSliced(found, (finding) => {
    if (placeOf(session, finding, texts) !== null) return;
    const findings = byFile.get(finding.path);
    if (findings === undefined) byFile.set(finding.path, [finding]);
    else findings.push(finding);
  });
  const byUri = new Map<string, Diagnostic[]>();
  for (const [path, findings] of byFile) {
    const diagnostics: Diagnostic[] = [];
    yield* forEachSliced(gravest(findings, mostOfFile), (finding) => {
      diagnostics.push(diagnosticOf(finding, checkpoint, { related: placesOf(session, finding.tensor) }));
    });
    byUri.set(fileUri(path), diagnostics);
  }
  return byUri;
}

/** The first so many, errors before warnings before information. */
function gravest(findings: readonly Finding[], most: number): readonly Finding[] {
  if (findings.length <= most) return findings;
  const severities = ["error", "warning", "information"] as const;
  return severities.flatMap((severity) => findings.filter((finding) => finding.severity === severity)).slice(0, most);
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
