import type { CodeLens, Command } from "vscode-languageserver";
import { revealCommand, type CatalogueTensor, type RevealArguments } from "../protocol.ts";
import { plural } from "../text/format.ts";
import type { OutlineBlock } from "./outline.ts";
import { fileUri } from "./places.ts";
import type { Session } from "./session.ts";
import { groupSummary } from "./summary.ts";

/** What a lens carries until its words are asked for: results come and go, its line stays. */
export interface LensData {
  readonly checkpoint: string;
  /** The heading's line; 0 for the whole checkpoint. */
  readonly line: number;
}

/** A lens with a summary above the outline and above each block, and beside each block's one that opens it in the editor. */
export function codeLenses(session: Session): CodeLens[] {
  const checkpoint = fileUri(session.path);
  const lens = (line: number): CodeLens => ({ range: rangeAt(line), data: { checkpoint, line } satisfies LensData });
  return [
    lens(0),
    ...session.outline.blocks.flatMap(({ name, line }) => [
      lens(line),
      { range: rangeAt(line), command: openCommand(checkpoint, name) },
    ]),
  ];
}

/** Fills a lens in with what is known now. */
export function resolveLens(session: Session, lens: CodeLens, { line }: LensData): CodeLens {
  const { analysis, outline } = session;
  const block = outline.blocks.find((each) => each.line === line);
  const tensors = block === undefined ? analysis.catalogue.tensors : tensorsOf(session, block);
  const summary = groupSummary(analysis, tensors);
  const waiting = tensors.some(({ matrices }) => matrices > 0) ? "not analysed yet" : "no matrices";
  const { done, total } = analysis.state;
  const progress = block === undefined && done < total ? `${done} of ${plural(total, "matrix", "matrices")} · ` : "";
  // A command without a name is a title that cannot be clicked.
  return { ...lens, command: { title: progress + (summary === "" ? waiting : summary), command: "" } };
}

function openCommand(checkpoint: string, tensor: string): Command {
  const target: RevealArguments = { checkpoint, tensor };
  return {
    title: "open",
    tooltip: "Open the block in the spectrum editor",
    command: revealCommand,
    arguments: [target],
  };
}

function tensorsOf({ outline }: Session, { line, lastLine }: OutlineBlock): CatalogueTensor[] {
  return outline.tensors.slice(line + 1, lastLine + 1).filter((tensor) => tensor !== null);
}

function rangeAt(line: number): CodeLens["range"] {
  return { start: { line, character: 0 }, end: { line, character: 0 } };
}
