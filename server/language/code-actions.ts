import { t } from "../text/l10n.ts";
import { CodeActionKind, type CodeAction, type Command, type Diagnostic } from "vscode-languageserver";
import {
  analyseTensorCommand,
  analyseVectorsCommand,
  revealCommand,
  silenceCommand,
  type RevealArguments,
  type SilenceArguments,
} from "../protocol.ts";
import { printable } from "../text/format.ts";
import { diagnosticSource } from "./diagnostics.ts";

/** Longer names are cut in a title. */
const longestName = 60;

/**
 * Quick fixes of findings: show the tensor in the editor; analyse it again; have no finding of this kind on it, on its
 * like in every layer, or anywhere, any more.
 * @param kindOf what is offered for a tensor depends on: an index may name one that no file holds
 */
export function codeActions(
  diagnostics: readonly Diagnostic[],
  checkpoint: string,
  kindOf: (tensor: string) => "matrix" | "other" | "absent",
): CodeAction[] {
  const ours = diagnostics.filter(({ source }) => source === diagnosticSource);
  const actions = ours.flatMap((diagnostic): CodeAction[] => {
    const tensor: unknown = (diagnostic.data as { readonly tensor?: unknown } | undefined)?.tensor;
    if (typeof tensor !== "string") {
      return [];
    }
    const target: RevealArguments = { checkpoint, tensor };
    const kind = kindOf(tensor);
    const found: CodeAction[] = [];
    if (kind !== "absent") found.push(fix(t("Open in the spectrum editor"), [diagnostic], revealCommand, target));
    if (kind === "matrix") {
      found.push(
        fix(t("Analyse its singular vectors"), [diagnostic], analyseVectorsCommand, target),
        fix(t("Analyse this tensor again"), [diagnostic], analyseTensorCommand, target),
      );
    }
    const { code } = diagnostic;
    if (typeof code === "string") {
      const silence = (title: string, pattern: string): CodeAction =>
        fix(title, [diagnostic], silenceCommand, { code, tensor: pattern } satisfies SilenceArguments);
      found.push(silence(t("Silence “{0}” on this tensor in the settings", code), escapeWildcards(tensor)));
      const pattern = layerPattern(tensor);
      if (pattern !== null) {
        found.push(silence(t("Silence “{0}” on {1} in the settings", code, shortened(pattern)), pattern));
      }
    }
    return found;
  });
  for (const code of new Set(ours.map((diagnostic) => diagnostic.code))) {
    if (typeof code === "string") {
      const about = ours.filter((diagnostic) => diagnostic.code === code);
      const everywhere: SilenceArguments = { code };
      actions.push(fix(t("Turn findings “{0}” off in the settings", code), about, silenceCommand, everywhere));
    }
  }
  return actions;
}

/** The name of a tensor in every layer: `layers.*.q_proj.weight`. Null for a name without a number. */
export function layerPattern(tensor: string): string | null {
  const pattern = escapeWildcards(tensor).replace(/(?<=^|[._-])\d+(?=$|[._-])/gu, "*");
  return pattern === escapeWildcards(tensor) ? null : pattern;
}

/** A pattern that fits a name; one that holds `*` is fitted by other names too. */
function escapeWildcards(name: string): string {
  return name.replaceAll("*", "?");
}

function shortened(name: string): string {
  const text = printable(name);
  return text.length <= longestName ? text : `…${text.slice(1 - longestName)}`;
}

function fix(
  title: string,
  diagnostics: Diagnostic[],
  command: string,
  target: RevealArguments | SilenceArguments,
): CodeAction {
  const run: Command = { title, command, arguments: [target] };
  return { title, kind: CodeActionKind.QuickFix, diagnostics, command: run };
}
