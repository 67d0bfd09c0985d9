import { t } from "../text/l10n.ts";
import { storedAs } from "../text/stored-as.ts";
import { SymbolKind, type DocumentSymbol, type SymbolInformation } from "vscode-languageserver";
import type { CatalogueTensor } from "../protocol.ts";
import { labelOf, shown, type Outline } from "./outline.ts";
import { outlineRange, outlineUri } from "./places.ts";
import type { Session } from "./session.ts";

/** Beyond so many tensors an outline's symbols are its blocks alone: nobody picks a tensor from a longer list. */
const mostTensors = 10_000;
const mostWorkspaceSymbols = 200;
/** A symbol must have a name, which a tensor need not. */
function nameless(): string {
  return t("(no name)");
}

/** The symbols of an outline document: blocks with their tensors, and the tensors outside blocks, by line. */
export function outlineSymbols(outline: Outline): DocumentSymbol[] {
  const short = outline.places.size <= mostTensors;
  const symbols: DocumentSymbol[] = [];
  const lines = short ? outline.text.split("\n") : [];
  const tensorSymbol = (line: number): DocumentSymbol[] => {
    const tensor = outline.tensors[line] ?? null;
    return tensor === null || !short ? [] : symbolOf(outline, tensor, lines[line]?.length ?? 0);
  };
  let line = 0;
  for (const { name, line: heading, lastLine } of outline.blocks) {
    for (; line < heading; line++) {
      symbols.push(...tensorSymbol(line));
    }
    const children: DocumentSymbol[] = [];
    for (line = heading + 1; line <= lastLine; line++) {
      children.push(...tensorSymbol(line));
    }
    const end = { line: lastLine + 1, character: 0 };
    const start = { line: heading, character: 0 };
    symbols.push({
      name: shown(name),
      kind: SymbolKind.Module,
      range: { start, end },
      selectionRange: { start, end: { line: heading, character: shown(name).length } },
      children,
    });
  }
  for (; line < outline.tensors.length; line++) {
    symbols.push(...tensorSymbol(line));
  }
  return symbols;
}

/** Tensors and blocks of open checkpoints whose names hold the letters of the query in their order. */
export function workspaceSymbols(sessions: Iterable<Session>, query: string): SymbolInformation[] {
  const letters = query.toLowerCase().replace(/\s+/g, "");
  const found: SymbolInformation[] = [];
  for (const { path, outline } of sessions) {
    const uri = outlineUri(path);
    const containerName = path.split(/[/\\]/).slice(-2).join("/");
    for (const { name, line } of outline.blocks) {
      if (found.length === mostWorkspaceSymbols) {
        return found;
      }
      if (holds(name, letters)) {
        const range = { start: { line, character: 0 }, end: { line, character: shown(name).length } };
        found.push({ name: shown(name), kind: SymbolKind.Module, location: { uri, range }, containerName });
      }
    }
    for (const name of outline.places.keys()) {
      if (found.length === mostWorkspaceSymbols) {
        return found;
      }
      const range = holds(name, letters) ? outlineRange(outline, name) : null;
      if (range !== null) {
        found.push({
          name: shown(name) || nameless(),
          kind: SymbolKind.Array,
          location: { uri, range },
          containerName,
        });
      }
    }
  }
  return found;
}

/** @param length of its line, all of which is the symbol's: breadcrumbs tell it wherever the cursor is on the line */
function symbolOf(outline: Outline, tensor: CatalogueTensor, length: number): DocumentSymbol[] {
  const selectionRange = outlineRange(outline, tensor.name);
  if (selectionRange === null) {
    return [];
  }
  const { line } = selectionRange.start;
  const facts = [tensor.role === "other" ? "" : tensor.role, storedAs(tensor), tensor.shape.join(" × ")];
  return [
    {
      name: labelOf(tensor) || nameless(),
      detail: facts.filter((fact) => fact !== "").join(" · "),
      kind: tensor.matrices > 0 ? SymbolKind.Array : SymbolKind.Constant,
      range: { start: { line, character: 0 }, end: { line, character: length } },
      selectionRange,
    },
  ];
}

/** Whether all letters of a query occur in a name, in their order. */
function holds(name: string, letters: string): boolean {
  const text = name.toLowerCase();
  let at = 0;
  for (const letter of letters) {
    at = text.indexOf(letter, at) + 1;
    if (at === 0) {
      return false;
    }
  }
  return true;
}
