/** What the search box finds: every word must occur; `role:`, `dtype:` and `grade:` ask for exactly that. */
import { gradePresentations } from "./grades.ts";
import type { TensorNode } from "./nodes.ts";

export type Predicate = (node: TensorNode) => boolean;

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

function hasGrade(node: TensorNode, test: (grade: keyof typeof gradePresentations) => boolean): boolean {
  if (node.tally !== null) return node.tally.entries().some(({ grade }) => test(grade));
  return node.grade !== null && test(node.grade);
}

function word(term: string): Predicate {
  const [, field, value] = /^(role|dtype|grade):(.+)$/.exec(term) ?? [];
  if (value !== undefined) {
    if (field === "role") return ({ tensor }) => tensor.role === value;
    if (field === "dtype") return ({ tensor }) => tensor.dtype.toLowerCase() === value;
    return (node) => hasGrade(node, (grade) => grade === value);
  }
  return (node) =>
    haystack(node).includes(term) ||
    hasGrade(node, (grade) => grade.includes(term) || gradePresentations[grade].label.includes(term));
}

/** Words of a query, in lower case: what is marked in the names it finds. */
export function searchWords(query: string): string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((term) => term !== "");
}

/** Null for an empty query, which hides nothing. */
export function parseSearch(query: string): Predicate | null {
  const predicates = searchWords(query).map(word);
  return predicates.length === 0 ? null : (node) => predicates.every((predicate) => predicate(node));
}
