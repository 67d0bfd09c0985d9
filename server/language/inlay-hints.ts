import { t } from "../text/l10n.ts";
import type { InlayHint, Range } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { revealCommand, type CatalogueTensor, type RevealArguments } from "../protocol.ts";
import { printable } from "../text/format.ts";
import { fileUri, isOutline, rangesOfKeys } from "./places.ts";
import type { Session } from "./session.ts";
import { tensorSummary } from "./summary.ts";

/** What is known of each tensor, at the end of its line in the outline; in an index, whose lines are long, its grade alone. */
export function inlayHints(session: Session, document: TextDocument, { start, end }: Range): InlayHint[] {
  const hints: InlayHint[] = [];
  const checkpoint = fileUri(session.path);
  const add = (line: number, tensor: CatalogueTensor | null | undefined): void => {
    const summary = tensor === null || tensor === undefined ? null : tensorSummary(session.analysis, tensor);
    if (tensor === null || tensor === undefined || summary === null) {
      return;
    }
    const label = isOutline(document) ? summary : (summary.split(" · ")[0] ?? summary);
    const reason = tensor.matrices === 1 ? session.analysis.result(tensor.name)?.reason : undefined;
    const target: RevealArguments = { checkpoint, tensor: tensor.name };
    // The next line's start, less the line break: past the end of the line, whatever its length.
    const position = document.positionAt(document.offsetAt({ line: line + 1, character: 0 }) - 1);
    hints.push({
      position: position.line === line ? position : document.positionAt(document.getText().length),
      label: [
        {
          value: label,
          command: { title: t("Open in the spectrum editor"), command: revealCommand, arguments: [target] },
          ...(reason === undefined ? {} : { tooltip: printable(reason) }),
        },
      ],
      paddingLeft: true,
    });
  };
  if (isOutline(document)) {
    for (let line = start.line; line <= Math.min(end.line, session.outline.tensors.length - 1); line++) {
      add(line, session.outline.tensors[line]);
    }
    return hints;
  }
  for (const [name, range] of rangesOfKeys(document)) {
    if (range.end.line >= start.line && range.start.line <= end.line) {
      add(range.end.line, session.outline.tensors[session.outline.places.get(name)?.line ?? -1]);
    }
  }
  return hints;
}
