import { plural, t } from "../text/l10n.ts";
import type { CodeLens, Command } from "vscode-languageserver";
import type { TextDocument } from "vscode-languageserver-textdocument";
import {
  analyseCommand,
  openEditorCommand,
  pauseCommand,
  resumeCommand,
  revealCommand,
  type AnalyseOptions,
  type AnalysisState,
  type CatalogueTensor,
  type RevealArguments,
} from "../protocol.ts";
import { formatDuration } from "../text/format.ts";
import type { OutlineBlock } from "./outline.ts";
import { fileUri, isOutline, rangesOfKeys } from "./places.ts";
import type { Session } from "./session.ts";
import { groupSummary } from "./summary.ts";

/** What a lens carries until its words are asked for: results come and go, its line stays. */
export interface LensData {
  readonly checkpoint: string;
  /** The heading's line in the outline; 0 for the whole checkpoint. */
  readonly line: number;
  /** A summary, or what can be done about the analysis now. */
  readonly kind: "summary" | "action";
}

/**
 * Above the outline's first line, and above the first key of an index, a summary of the checkpoint, what can be done about
 * its analysis, and a way into the editor; above each block of the outline its summary and the ways to it and to its
 * attention heads.
 */
export function codeLenses(session: Session, document: TextDocument): CodeLens[] {
  const checkpoint = fileUri(session.path);
  const lens = (at: number, line: number, kind: LensData["kind"]): CodeLens => ({
    range: rangeAt(at),
    data: { checkpoint, line, kind } satisfies LensData,
  });
  const top = isOutline(document) ? 0 : firstKey(document);
  if (top === null) {
    return [];
  }
  const whole: Command = {
    title: t("open"),
    tooltip: t("Open the checkpoint in the spectrum editor"),
    command: openEditorCommand,
    arguments: [checkpoint],
  };
  const blocks = isOutline(document) ? session.outline.blocks : [];
  const attending = blocks.length === 0 ? new Set() : session.analysis.portions.blocksWithHeads;
  return [
    lens(top, 0, "summary"),
    ...(isOver(session.analysis.state) ? [] : [lens(top, 0, "action")]),
    { range: rangeAt(top), command: whole },
    ...blocks.flatMap(({ name, line }) => [
      lens(line, line, "summary"),
      { range: rangeAt(line), command: openCommand(checkpoint, name) },
      ...(attending.has(name) ? [{ range: rangeAt(line), command: headsCommand(checkpoint, name) }] : []),
    ]),
  ];
}

/** Fills a lens in with what is known now. */
export function resolveLens(session: Session, lens: CodeLens, { checkpoint, line, kind }: LensData): CodeLens {
  const { analysis, outline } = session;
  if (kind === "action") {
    return { ...lens, command: actionCommand(checkpoint, analysis.state) };
  }
  const block = outline.blocks.find((each) => each.line === line);
  const tensors = block === undefined ? analysis.catalogue.tensors : tensorsOf(session, block);
  const summary = groupSummary(analysis, tensors);
  const waiting = tensors.some(({ matrices }) => matrices > 0) ? t("not analysed yet") : t("no matrices");
  const { done, total } = analysis.state;
  const known = plural(total, "{1} of {0} matrix", "{1} of {0} matrices", done);
  const progress = block === undefined && done < total ? `${known} · ` : "";
  // A command without a name is a title that cannot be clicked.
  return { ...lens, command: { title: progress + (summary === "" ? waiting : summary), command: "" } };
}

/** Whether there is nothing to be done about an analysis. */
function isOver({ phase }: AnalysisState): boolean {
  return phase === "done" || phase === "unavailable";
}

/** What can be done about an analysis, with how long it takes. */
function actionCommand(checkpoint: string, { phase, estimatedSeconds }: AnalysisState): Command {
  const named = (word: string): string =>
    estimatedSeconds === null ? word : t("{0} (about {1})", word, formatDuration(estimatedSeconds));
  const decided: AnalyseOptions = { decided: estimatedSeconds !== null };
  switch (phase) {
    case "running":
      return { title: named(t("pause")), command: pauseCommand, arguments: [checkpoint] };
    case "paused":
      return { title: named(t("resume")), command: resumeCommand, arguments: [checkpoint] };
    case "waiting":
    case "cancelled":
      return { title: named(t("analyse")), command: analyseCommand, arguments: [checkpoint, decided] };
    case "done":
    case "unavailable":
      // It ended between the question and this one; the next question leaves it out.
      return { title: "", command: "" };
  }
}

function openCommand(checkpoint: string, tensor: string): Command {
  const target: RevealArguments = { checkpoint, tensor };
  return {
    title: t("open"),
    tooltip: t("Open the block in the spectrum editor"),
    command: revealCommand,
    arguments: [target],
  };
}

function headsCommand(checkpoint: string, block: string): Command {
  const target: RevealArguments = { checkpoint, tensor: block, view: "heads" };
  return {
    title: t("heads"),
    tooltip: t("Open the block's attention heads in the spectrum editor"),
    command: revealCommand,
    arguments: [target],
  };
}

/** The line of the first key of an index; null where there is none. */
function firstKey(document: TextDocument): number | null {
  const [first] = rangesOfKeys(document).values();
  return first?.start.line ?? null;
}

function tensorsOf({ outline }: Session, { line, lastLine }: OutlineBlock): CatalogueTensor[] {
  return outline.tensors.slice(line + 1, lastLine + 1).filter((tensor) => tensor !== null);
}

function rangeAt(line: number): CodeLens["range"] {
  return { start: { line, character: 0 }, end: { line, character: 0 } };
}
