/** The texts that source files hand to `t` and `plural`, found by TypeScript's parser. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** What a file says through one call. */
export interface SpokenText {
  readonly text: string;
  /** `path:line`. */
  readonly place: string;
  /** Made while its module loads, before any bundle can be there. */
  readonly early: boolean;
}

/** Every TypeScript file below folders, parsed. */
export function sources(...folders: readonly string[]): ts.SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .sort()
      .map((name) => {
        const path = join(folder, name).replaceAll("\\", "/");
        return ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
      }),
  );
}

/** `path:line` of a node. */
export function placeOf(source: ts.SourceFile, node: ts.Node): string {
  return `${source.fileName}:${source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1}`;
}

/** The arguments of a call that are texts: the first of `t`, the second and third of `plural`; null for other calls. */
export function spokenArguments(node: ts.CallExpression): readonly ts.Expression[] | null {
  const { expression, arguments: values } = node;
  const name = ts.isPropertyAccessExpression(expression) ? expression.name.text : expression.getText();
  if (name === "t") return values.slice(0, 1);
  return name === "plural" ? values.slice(1, 3) : null;
}

/**
 * What a file says.
 * @throws for a text that is no literal, nor one of several
 */
export function spokenTexts(source: ts.SourceFile): SpokenText[] {
  const found: SpokenText[] = [];
  const take = (text: ts.Expression, early: boolean): void => {
    if (ts.isConditionalExpression(text)) {
      take(text.whenTrue, early);
      take(text.whenFalse, early);
    } else if (ts.isStringLiteralLike(text)) {
      found.push({ text: text.text, place: placeOf(source, text), early });
    } else {
      throw new Error(`${placeOf(source, text)}: ${text.getText(source)} is no literal`);
    }
  };
  const visit = (node: ts.Node, early: boolean): void => {
    // The definitions hand on what they are given.
    if (ts.isFunctionDeclaration(node) && (node.name?.text === "plural" || node.name?.text === "t")) return;
    const later = early && !ts.isFunctionLike(node) && !ts.isPropertyDeclaration(node);
    if (ts.isCallExpression(node)) for (const text of spokenArguments(node) ?? []) take(text, later);
    ts.forEachChild(node, (child) => {
      visit(child, later);
    });
  };
  visit(source, true);
  return found;
}
