/** The attention heads and the parts of fused weights of a checkpoint: what lies within its matrices. */
import { t } from "../../server/text/l10n.ts";
import type { HeadGroup, Part, PortionList, Role } from "../../server/protocol.ts";

/** In the order in which attention uses them. */
export const headRoles = ["query", "key", "value", "output"] as const satisfies readonly Role[];

/** How the size of a head was found, in words. */
export function basisText(basis: HeadGroup["basis"]): string {
  switch (basis) {
    case "config":
      return "config.json";
    case "norm":
      return t("the norm of queries and keys");
    case "assumed":
      return t("assumed: nothing tells");
  }
}

/** One head or part. */
export interface Portion {
  readonly id: string;
  readonly tensor: string;
  readonly role: Role;
  /** `query head 3`, or `query part`. */
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly head: number | null;
  readonly block: string;
  readonly layer: number | null;
}

export class Portions {
  readonly groups: readonly HeadGroup[];
  /** Untrusted names of the blocks that have heads, in the checkpoint's order. */
  readonly blocks: readonly string[];
  /** How many heads there are. */
  readonly heads: number;
  readonly estimatedSeconds: number;
  readonly #byId = new Map<string, Portion>();
  readonly #parts = new Map<string, Part[]>();

  constructor({ heads, parts, estimatedSeconds }: PortionList) {
    this.groups = heads;
    this.estimatedSeconds = estimatedSeconds;
    this.blocks = [...new Set(heads.map(({ block }) => block))];
    this.heads = heads.reduce((sum, { ids }) => sum + ids.length, 0);
    for (const { ids, tensor, role, block, layer, rows, columns } of heads) {
      ids.forEach((id, head) => {
        const label = t("{0} head {1}", role, head);
        this.#byId.set(id, { ...{ id, tensor, role, label, rows, columns, head, block, layer } });
      });
    }
    for (const part of parts) {
      const { id, tensor, role, rows, columns } = part;
      const label = t("{0} part", role);
      this.#byId.set(id, { ...{ id, tensor, role, label, rows, columns }, head: null, block: "", layer: null });
      this.#parts.set(tensor, [...(this.#parts.get(tensor) ?? []), part]);
    }
  }

  portion(id: string): Portion | undefined {
    return this.#byId.get(id);
  }

  inBlock(block: string): HeadGroup[] {
    return this.groups.filter((group) => group.block === block);
  }

  inTensor(tensor: string): HeadGroup[] {
    return this.groups.filter((group) => group.tensor === tensor);
  }

  /** The parts of one matrix: of a slice where the tensor is a stack. */
  partsOf(tensor: string, slice: number | null): readonly Part[] {
    return (this.#parts.get(tensor) ?? []).filter(
      ({ expert }) => slice === null || expert === null || expert === slice,
    );
  }
}

/** A head by its layer, for a map of all heads of one role. */
export interface HeadPlace {
  readonly id: string;
  readonly tensor: string;
  /** In the list of all heads. */
  readonly position: number;
}

/** The heads of one role as a grid: a row for each number of a head, a column for each layer. */
export function headGrid(
  { groups }: Portions,
  role: Role,
): { readonly layers: readonly number[]; readonly rows: readonly (readonly (HeadPlace | null)[])[] } {
  const byLayer = new Map<number, HeadPlace[]>();
  let position = 0;
  for (const group of groups) {
    const { layer, tensor, ids } = group;
    if (group.role === role && layer !== null && !byLayer.has(layer)) {
      const first = position;
      byLayer.set(
        layer,
        ids.map((id, head) => ({ id, tensor, position: first + head })),
      );
    }
    position += ids.length;
  }
  const layers = [...byLayer.keys()].sort((left, right) => left - right);
  const most = Math.max(0, ...[...byLayer.values()].map(({ length }) => length));
  return {
    layers,
    rows: Array.from({ length: most }, (_, head) => layers.map((layer) => byLayer.get(layer)?.[head] ?? null)),
  };
}
