import type { Catalogue, MatrixResult } from "../../server/protocol.ts";
import { attentionRank } from "./grades.ts";
import { buildNodes, type GroupNode, type Nodes, type TensorNode } from "./nodes.ts";

/** Whether a result is of a head or a part of a matrix. */
function isPortion({ head, part }: MatrixResult): boolean {
  return head !== undefined || part !== undefined;
}

/** The checkpoint on show: its catalogue as a tree, and the results that have come so far. */
export class Checkpoint {
  readonly catalogue: Catalogue;
  readonly #nodes: Nodes;
  readonly #byName: ReadonlyMap<string, TensorNode>;
  readonly #results = new Map<string, MatrixResult>();

  constructor(catalogue: Catalogue, results: readonly MatrixResult[]) {
    this.catalogue = catalogue;
    this.#nodes = buildNodes(catalogue);
    this.#byName = new Map(this.#nodes.tensors.map((node) => [node.tensor.name, node]));
    this.apply(results);
  }

  get root(): GroupNode {
    return this.#nodes.root;
  }

  get tensors(): readonly TensorNode[] {
    return this.#nodes.tensors;
  }

  get groups(): ReadonlyMap<string, GroupNode> {
    return this.#nodes.groups;
  }

  tensor(name: string): TensorNode | undefined {
    return this.#byName.get(name);
  }

  block(name: string): GroupNode | undefined {
    return this.#nodes.groups.get(`block:${name}`);
  }

  result(id: string): MatrixResult | undefined {
    return this.#results.get(id);
  }

  /** Every result so far, in the order of arrival. */
  results(): Iterable<MatrixResult> {
    return this.#results.values();
  }

  /** Takes results in, also those that replace earlier ones; returns the tensors they belong to. */
  apply(results: readonly MatrixResult[]): Set<TensorNode> {
    const changed = new Set<TensorNode>();
    for (const result of results) {
      const node = this.#byName.get(result.tensor);
      if (node === undefined) continue;
      const before = this.#results.get(result.id)?.grade ?? null;
      this.#results.set(result.id, result);
      changed.add(node);
      // Heads and parts are no matrices of their own in the tree.
      if (before === result.grade || isPortion(result)) continue;
      node.tally?.change(before, result.grade);
      node.grade = node.tally === null ? result.grade : node.tally.worst;
      for (let above: GroupNode | null = node.parent; above !== null; above = above.parent) {
        above.tally.change(before, result.grade);
      }
    }
    return changed;
  }

  /** Results that are findings, what deserves attention first, in file order within a grade. */
  findings(isFinding: (result: MatrixResult) => boolean): MatrixResult[] {
    const position = (result: MatrixResult): number => this.#byName.get(result.tensor)?.index ?? 0;
    return [...this.#results.values()]
      .filter((result) => !isPortion(result) && isFinding(result))
      .sort(
        (left, right) => attentionRank(left.grade) - attentionRank(right.grade) || position(left) - position(right),
      );
  }
}
