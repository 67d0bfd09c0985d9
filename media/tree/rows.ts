import type { GroupNode, TensorNode, TreeNode } from "../model/nodes.ts";
import type { Predicate } from "../model/search.ts";

/** A line of the tree. */
export interface Row {
  readonly node: TreeNode;
  /** Place among the shown siblings, from 1, and their number. */
  readonly position: number;
  readonly siblings: number;
  /** Null for what cannot be expanded. */
  readonly expanded: boolean | null;
}

/** What a search keeps: the tensors that match, and how many are in each group. */
export interface Matches {
  readonly tensors: ReadonlySet<TensorNode>;
  readonly groups: ReadonlyMap<GroupNode, number>;
}

export function findMatches(tensors: readonly TensorNode[], predicate: Predicate): Matches {
  const found = new Set<TensorNode>();
  const groups = new Map<GroupNode, number>();
  for (const node of tensors) {
    if (!predicate(node)) continue;
    found.add(node);
    for (let above: GroupNode | null = node.parent; above !== null; above = above.parent) {
      groups.set(above, (groups.get(above) ?? 0) + 1);
    }
  }
  return { tensors: found, groups };
}

/** The lines of a list without blocks: the tensors in their order, those that match. */
export function listRows(tensors: readonly TensorNode[], matches: Matches | null): Row[] {
  const kept = matches === null ? tensors : tensors.filter((node) => matches.tensors.has(node));
  return kept.map((node, index) => ({ node, position: index + 1, siblings: kept.length, expanded: null }));
}

/** The lines to show, from top to bottom. */
export function visibleRows(
  root: GroupNode,
  isExpanded: (group: GroupNode) => boolean,
  matches: Matches | null,
): Row[] {
  const rows: Row[] = [];
  const shown = (node: TreeNode): boolean =>
    matches === null || (node.kind === "group" ? matches.groups.has(node) : matches.tensors.has(node));
  const visit = (group: GroupNode): void => {
    const kept = matches === null ? group.children : group.children.filter(shown);
    kept.forEach((node, index) => {
      const expanded = node.kind === "group" ? isExpanded(node) : null;
      rows.push({ node, position: index + 1, siblings: kept.length, expanded });
      if (node.kind === "group" && expanded === true) visit(node);
    });
  };
  visit(root);
  return rows;
}
