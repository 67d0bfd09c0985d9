import { CodeActionKind, type CodeAction, type Diagnostic } from "vscode-languageserver";
import { revealCommand, silenceCommand, type RevealArguments, type SilenceArguments } from "../protocol.ts";
import { diagnosticSource } from "./diagnostics.ts";

/** Quick fixes of findings: show the tensor in the editor; have no findings of this kind any more. */
export function codeActions(diagnostics: readonly Diagnostic[], checkpoint: string): CodeAction[] {
  const ours = diagnostics.filter(({ source }) => source === diagnosticSource);
  const actions = ours.flatMap((diagnostic): CodeAction[] => {
    const tensor: unknown = (diagnostic.data as { readonly tensor?: unknown } | undefined)?.tensor;
    if (typeof tensor !== "string") {
      return [];
    }
    const target: RevealArguments = { checkpoint, tensor };
    const title = "Open in the spectrum editor";
    return [fix(title, [diagnostic], { title, command: revealCommand, arguments: [target] })];
  });
  for (const code of new Set(ours.map((diagnostic) => diagnostic.code))) {
    if (typeof code === "string") {
      const title = `Turn findings “${code}” off in the settings`;
      const target: SilenceArguments = { code };
      const about = ours.filter((diagnostic) => diagnostic.code === code);
      actions.push(fix(title, about, { title, command: silenceCommand, arguments: [target] }));
    }
  }
  return actions;
}

function fix(title: string, diagnostics: Diagnostic[], command: NonNullable<CodeAction["command"]>): CodeAction {
  return { title, kind: CodeActionKind.QuickFix, diagnostics, command };
}
