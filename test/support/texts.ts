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

/** Properties whose strings a machine reads. */
const machineProperties = new Set(["class", "testid", "d", "font", "viewBox", "numbers", "suffix"]);
/** Calls whose strings a machine reads, or who looks for a mistake of ours: logs, and errors of calling it wrongly. */
const machineCalls =
  /\b(?:querySelector|querySelectorAll|matches|closest|matchMedia|startsWith|endsWith|includes|log|log\.\w+|RangeError|RegExp|kill)$/u;

/** Whether a string is for machines: a name, what is compared with one, or an argument of what does not speak. */
function isForMachines(node: ts.Node): boolean {
  for (let child = node, parent = node.parent; !ts.isSourceFile(parent); child = parent, parent = parent.parent) {
    if (ts.isTypeNode(parent) || ts.isImportDeclaration(parent) || ts.isExportDeclaration(parent)) return true;
    if (ts.isPropertyAssignment(parent)) {
      if (parent.name === child) return true;
      const name = ts.isStringLiteral(parent.name) ? parent.name.text : parent.name.getText();
      if (machineProperties.has(name)) return true;
    }
    if (ts.isBinaryExpression(parent)) {
      if (/^[!=]==$/u.test(parent.operatorToken.getText())) return true;
      if (parent.right === child && /className$|\.style\./u.test(parent.left.getText())) return true;
    }
    if (ts.isCaseClause(parent) || ts.isElementAccessExpression(parent)) return true;
    if ((ts.isCallExpression(parent) || ts.isNewExpression(parent)) && child !== parent.expression) {
      if (ts.isCallExpression(parent) && spokenArguments(parent)?.includes(child as ts.Expression) === true)
        return true;
      if (machineCalls.test(parent.expression.getText())) return true;
    }
    if (
      ts.isStatement(parent) &&
      !ts.isBlock(parent) &&
      !ts.isReturnStatement(parent) &&
      !ts.isExpressionStatement(parent)
    )
      break;
  }
  return false;
}

/** Whether words read like something a person is told: two of them, or one that begins a sentence. */
function readsLikeText(text: string): boolean {
  return /\p{L}{2}[,;:…]? (?:\S+ )*\p{L}{2}/u.test(text) || /^\p{Lu}\p{Ll}{2,}(?: |$)/u.test(text);
}

/** Strings that read like texts, are not for machines, and go past `t` and `plural`. */
export function unspokenTexts(source: ts.SourceFile): { readonly text: string; readonly place: string }[] {
  const found: { text: string; place: string }[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) {
      const parts = ts.isStringLiteralLike(node)
        ? [node.text]
        : [node.head.text, ...node.templateSpans.map(({ literal }) => literal.text)];
      const text = parts.join("{}");
      if (readsLikeText(text) && !isForMachines(node)) found.push({ text, place: placeOf(source, node) });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}
