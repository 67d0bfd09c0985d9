import type { FoldingRange } from "vscode-languageserver";
import type { Outline } from "./outline.ts";

/** A fold for each block. */
export function outlineFolds(outline: Outline): FoldingRange[] {
  return outline.blocks
    .filter(({ line, lastLine }) => lastLine > line)
    .map(({ line, lastLine }) => ({ startLine: line, endLine: lastLine }));
}
