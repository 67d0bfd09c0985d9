import type { Location, Position } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { fileUri, isOutline, outlineRange, outlineUri, tensorAt } from "./places.ts";
import type { Session } from "./session.ts";

/** From a key of the index to the tensor's line in the outline, and back. */
export function definitionAt(session: Session, document: TextDocument, position: Position): Location | null {
  const place = tensorAt(session, document, position);
  if (place === null) {
    return null;
  }
  const { name } = place.tensor;
  const [uri, range] = isOutline(document)
    ? [fileUri(session.path), session.indexRanges.get(name)]
    : [outlineUri(session.path), outlineRange(session.outline, name)];
  return range === undefined || range === null ? null : { uri, range };
}
