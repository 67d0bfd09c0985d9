/** The tree of a checkpoint, in the catalogue's reading order: blocks, within them experts where there are several, and tensors. */
import { t } from "../../server/text/l10n.ts";
import type { Catalogue, CatalogueTensor } from "../../server/protocol.ts";
import type { Grade } from "../../server/spectrum/verdict.ts";
import { Tally } from "./tally.ts";

/** A tensor in the tree. */
export class TensorNode {
  readonly kind = "tensor";
  readonly tensor: CatalogueTensor;
  /** Position in the catalogue. */
  readonly index: number;
  /** Position of its first matrix among the matrices of all tensors: where its numbers begin in a column of a metric. */
  readonly firstMatrix: number;
  readonly parent: GroupNode;
  /** The grade that deserves attention most among its matrices; null while there is none. */
  grade: Grade | null = null;
  /** Grades of the slices of a stack; null for a tensor with one matrix or none. */
  readonly tally: Tally | null;

  constructor(tensor: CatalogueTensor, index: number, firstMatrix: number, parent: GroupNode) {
    this.tensor = tensor;
    this.index = index;
    this.firstMatrix = firstMatrix;
    this.parent = parent;
    this.tally = tensor.matrices > 1 ? new Tally() : null;
    this.tally?.expect(tensor.matrices);
  }

  /** The name without what its group says already. Untrusted text. */
  get label(): string {
    const { prefix } = this.parent;
    const { name } = this.tensor;
    return prefix !== "" && name.startsWith(prefix) ? name.slice(prefix.length) : name;
  }

  get key(): string {
    return `tensor:${this.tensor.name}`;
  }

  get level(): number {
    return this.parent.level + 1;
  }
}

/** A block, or an expert of a block, or the root. */
export class GroupNode {
  readonly kind = "group";
  /** Unique in the tree and the same for the same file: what is remembered of an expanded group. */
  readonly key: string;
  /** What the names of the tensors inside begin with. */
  readonly prefix: string;
  readonly parent: GroupNode | null;
  /** 0 for the root, which is not shown. */
  readonly level: number;
  readonly tally = new Tally();
  tensors = 0;
  parameters = 0;
  bytes = 0;
  /** What is directly inside, in reading order. */
  readonly children: TreeNode[] = [];
  /** Number of the expert that this group is; null for a block. */
  readonly expert: number | null;
  readonly #block: string;

  constructor(key: string, block: string, prefix: string, parent: GroupNode | null, expert: number | null = null) {
    this.key = key;
    this.#block = block;
    this.prefix = prefix;
    this.parent = parent;
    this.expert = expert;
    this.level = parent === null ? 0 : parent.level + 1;
  }

  /** Made when it is shown: there may be tens of thousands of experts. Untrusted text. */
  get label(): string {
    return this.expert === null ? this.#block : t("expert {0}", this.expert);
  }

  /** The tensors inside, at any depth. */
  *leaves(): Generator<TensorNode> {
    for (const node of this.children) {
      if (node.kind === "tensor") yield node;
      else yield* node.leaves();
    }
  }
}

export type TreeNode = GroupNode | TensorNode;

/** Entries of a tensor. */
export function entryCount(tensor: CatalogueTensor): number {
  return tensor.shape.reduce((product, side) => product * side, 1);
}

export interface Nodes {
  readonly root: GroupNode;
  /** In the catalogue's order. */
  readonly tensors: readonly TensorNode[];
  readonly groups: ReadonlyMap<string, GroupNode>;
}

/** Builds the tree of a catalogue. */
export function buildNodes(catalogue: Catalogue): Nodes {
  const root = new GroupNode("", "", "", null);
  const groups = new Map<string, GroupNode>();
  const experts = expertsByBlock(catalogue);

  const groupOf = (key: string, parent: GroupNode, make: () => GroupNode): GroupNode => {
    let group = groups.get(key);
    if (group === undefined) {
      group = make();
      groups.set(key, group);
      parent.children.push(group);
    }
    return group;
  };

  const parentOf = (tensor: CatalogueTensor): GroupNode => {
    const { block, expert } = tensor;
    let parent = root;
    if (block !== "") {
      const key = `block:${block}`;
      parent = groupOf(key, root, () => new GroupNode(key, block, `${block}.`, root));
    }
    if (expert !== null && (experts.get(block)?.size ?? 0) > 1) {
      const key = `expert:${expert}:${block}`;
      const within = parent;
      parent = groupOf(key, within, () => new GroupNode(key, block, expertPrefix(tensor, expert), within, expert));
    }
    return parent;
  };

  let matrices = 0;
  let before: CatalogueTensor | null = null;
  let parent = root;
  const tensors = catalogue.tensors.map((tensor, index) => {
    // Mostly the group is that of the tensor before.
    if (tensor.block !== before?.block || tensor.expert !== before.expert) parent = parentOf(tensor);
    before = tensor;
    const node = new TensorNode(tensor, index, matrices, parent);
    matrices += tensor.matrices;
    parent.children.push(node);
    const entries = tensor.auxiliary === true ? 0 : entryCount(tensor);
    for (let above: GroupNode | null = parent; above !== null; above = above.parent) {
      above.tensors += 1;
      above.parameters += entries;
      above.bytes += tensor.bytes;
      above.tally.expect(tensor.matrices);
    }
    return node;
  });
  sortExperts(root);
  for (const group of groups.values()) if (group.expert === null) sortExperts(group);
  return { root, tensors, groups };
}

/** Experts by number, where the first of them stands: files sort names as text, 10 before 2. */
function sortExperts({ children }: GroupNode): void {
  const isExpert = (node: TreeNode): node is GroupNode => node.kind === "group" && node.expert !== null;
  const experts = children.filter(isExpert).sort((left, right) => (left.expert ?? 0) - (right.expert ?? 0));
  if (experts.length === 0) return;
  const first = children.findIndex(isExpert);
  const others = children.filter((node) => !isExpert(node));
  children.splice(0, children.length, ...others.slice(0, first), ...experts, ...others.slice(first));
}

function expertsByBlock(catalogue: Catalogue): Map<string, Set<number>> {
  const experts = new Map<string, Set<number>>();
  for (const { block, expert } of catalogue.tensors) {
    if (expert === null) continue;
    let numbers = experts.get(block);
    if (numbers === undefined) experts.set(block, (numbers = new Set()));
    numbers.add(expert);
  }
  return experts;
}

/** `model.layers.0.mlp.experts.7.` of `model.layers.0.mlp.experts.7.up_proj.weight`. */
function expertPrefix(tensor: CatalogueTensor, expert: number): string {
  const part = `.${expert}.`;
  const at = tensor.name.indexOf(part, tensor.block.length);
  return at < 0 ? "" : tensor.name.slice(0, at + part.length);
}
