/**
 * What the tree is narrowed to. Words must all occur, with `role:`, `dtype:` and `grade:` asking for exactly that; or the
 * search is a regular expression on names. Facets narrow it further.
 */
import { storedAs } from "../../server/text/stored-as.ts";
import { t } from "../../server/text/l10n.ts";
import { grades, type Grade } from "../../server/spectrum/verdict.ts";
import { roles, type Role } from "../../server/architecture/role.ts";
import { gradePresentation } from "./grades.ts";
import type { TensorNode } from "./nodes.ts";

export type Predicate = (node: TensorNode) => boolean;

/** What a tensor must be: one of these, where there are any. */
export interface Facets {
  readonly roles: readonly Role[];
  readonly dtypes: readonly string[];
  readonly grades: readonly Grade[];
}

export const noFacets: Facets = { roles: [], dtypes: [], grades: [] };

export function hasFacets({ roles: role, dtypes, grades: grade }: Facets): boolean {
  return role.length + dtypes.length + grade.length > 0;
}

/** What was kept of facets, which an older version may have written. */
export function restoreFacets(kept: unknown): Facets {
  const facets: Partial<Record<keyof Facets, unknown>> = typeof kept === "object" && kept !== null ? kept : {};
  const texts = (value: unknown): string[] =>
    Array.isArray(value) ? value.filter((each): each is string => typeof each === "string") : [];
  return {
    roles: roles.filter((role) => texts(facets.roles).includes(role)),
    dtypes: texts(facets.dtypes),
    grades: grades.filter((grade) => texts(facets.grades).includes(grade)),
  };
}

export interface Query {
  readonly text: string;
  /** The text is a regular expression. */
  readonly expression: boolean;
  readonly facets: Facets;
}

/** What a query asks for. */
export interface Search {
  /** Null for one that hides nothing. */
  readonly predicate: Predicate | null;
  /** Finds, globally, what is to be marked in a name; null for nothing. */
  readonly marks: RegExp | null;
  /** Why the expression is none; null where it is one. */
  readonly error: string | null;
}

export function parseQuery({ text, expression, facets }: Query): Search {
  const narrow = facetPredicate(facets);
  if (!expression) {
    const words = searchWords(text);
    const marks = words.length === 0 ? null : new RegExp(words.map(escaped).join("|"), "giu");
    return { predicate: both(wordsPredicate(words), narrow), marks, error: null };
  }
  if (text === "") return { predicate: narrow, marks: null, error: null };
  try {
    const found = new RegExp(text, "iu");
    const predicate: Predicate = ({ tensor }) => found.test(tensor.name);
    return { predicate: both(predicate, narrow), marks: new RegExp(found, "giu"), error: null };
  } catch (error) {
    return { predicate: narrow, marks: null, error: reason(error) };
  }
}

/** `Invalid regular expression: /(/iu: Unterminated group` in the words that matter. */
function reason(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return t("Not a regular expression: {0}.", (message.split(": ").at(-1) ?? message).toLowerCase());
}

const haystacks = new WeakMap<TensorNode, string>();

function haystack(node: TensorNode): string {
  let text = haystacks.get(node);
  if (text === undefined) {
    const { name, role, dtype } = node.tensor;
    text = `${name}\n${role}\n${dtype}`.toLowerCase();
    haystacks.set(node, text);
  }
  return text;
}

function hasGrade(node: TensorNode, test: (grade: Grade) => boolean): boolean {
  if (node.tally !== null) return node.tally.entries().some(({ grade }) => test(grade));
  return node.grade !== null && test(node.grade);
}

function facetPredicate(facets: Facets): Predicate | null {
  if (!hasFacets(facets)) return null;
  const role = new Set<string>(facets.roles);
  const dtype = new Set(facets.dtypes);
  const grade = new Set(facets.grades);
  return (node) =>
    (role.size === 0 || role.has(node.tensor.role)) &&
    (dtype.size === 0 || dtype.has(storedAs(node.tensor))) &&
    (grade.size === 0 || hasGrade(node, (each) => grade.has(each)));
}

function word(term: string): Predicate {
  const [, field, value] = /^(role|dtype|grade):(.+)$/.exec(term) ?? [];
  if (value !== undefined) {
    if (field === "role") return ({ tensor }) => tensor.role === value;
    if (field === "dtype")
      return ({ tensor }) => [tensor.dtype, storedAs(tensor)].some((each) => each.toLowerCase() === value);
    return (node) => hasGrade(node, (grade) => grade === value);
  }
  return (node) =>
    haystack(node).includes(term) ||
    hasGrade(node, (grade) => grade.includes(term) || gradePresentation(grade).label.toLowerCase().includes(term));
}

function wordsPredicate(words: readonly string[]): Predicate | null {
  const predicates = words.map(word);
  return predicates.length === 0 ? null : (node) => predicates.every((predicate) => predicate(node));
}

function both(left: Predicate | null, right: Predicate | null): Predicate | null {
  if (left === null || right === null) return left ?? right;
  return (node) => left(node) && right(node);
}

/** Words of a query, in lower case. */
function searchWords(query: string): string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((term) => term !== "");
}

function escaped(word: string): string {
  return word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
