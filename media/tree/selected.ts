/** Which tensors several lines of the tree stand for. Pure. */
import type { TensorNode, TreeNode } from "../model/nodes.ts";
import type { Row } from "./rows.ts";

/** A tensor itself; of a block what is in it, as far as a search shows it. */
export function leaves(node: TreeNode, shown: ReadonlySet<TensorNode> | null): TensorNode[] {
  const all = node.kind === "tensor" ? [node] : [...node.leaves()];
  return shown === null ? all : all.filter((each) => shown.has(each));
}

/** The selected tensors with some more, or without them where all of them are selected already. */
export function toggled(selected: readonly TensorNode[], nodes: readonly TensorNode[]): TensorNode[] {
  const before = new Set(selected);
  if (nodes.every((node) => before.has(node))) {
    const gone = new Set(nodes);
    return selected.filter((node) => !gone.has(node));
  }
  return [...new Set([...selected, ...nodes])];
}

/** The tensors among the lines from one to another, in whichever direction. */
export function span(rows: readonly Row[], from: number, to: number): TensorNode[] {
  return rows
    .slice(Math.min(from, to), Math.max(from, to) + 1)
    .flatMap(({ node }) => (node.kind === "tensor" ? [node] : []));
}
