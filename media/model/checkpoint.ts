import { atOnce, forEachSliced, inSlices, type Sliced } from "../../server/collections/sliced.ts";
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
  readonly #byName = new Map<string, TensorNode>();
  /** Fills the names in while nothing else is to be done; who asks for one earlier finishes it. */
  readonly #naming: Sliced<undefined>;
  readonly #results = new Map<string, MatrixResult>();

  constructor(catalogue: Catalogue, results: readonly MatrixResult[]) {
    this.catalogue = catalogue;
    this.#nodes = buildNodes(catalogue);
    this.#naming = forEachSliced(this.#nodes.tensors, (node) => {
      this.#byName.set(node.tensor.name, node);
    });
    void inSlices(this.#naming);
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
    atOnce(this.#naming);
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
      const node = this.tensor(result.tensor);
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

  /**
   * Results that are findings: how many, and the first so many of them, what deserves attention first, in file order within
   * a grade.
   */
  findings(
    isFinding: (result: MatrixResult) => boolean,
    most: number,
  ): { readonly count: number; readonly first: readonly MatrixResult[] } {
    const position = (result: MatrixResult): number => this.tensor(result.tensor)?.index ?? 0;
    // One number says both: there are far fewer than 2³² tensors.
    const order = (result: MatrixResult): number => attentionRank(result.grade) * 2 ** 32 + position(result);
    const first: { readonly key: number; readonly result: MatrixResult }[] = [];
    let count = 0;
    for (const result of this.#results.values()) {
      if (isPortion(result) || !isFinding(result)) continue;
      count++;
      const key = order(result);
      if (first.length === most && key >= first.at(-1)!.key) continue;
      let at = first.length;
      while (at > 0 && first[at - 1]!.key > key) at--;
      first.splice(at, 0, { key, result });
      if (first.length > most) first.pop();
    }
    return { count, first: first.map(({ result }) => result) };
  }
}
