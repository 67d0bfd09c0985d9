import type { Architecture, MatrixView } from "../architecture/architecture.ts";
import { headViews, type HeadView } from "../architecture/heads.ts";
import { partViews, type PartView } from "../architecture/parts.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { groupBy } from "../collections/group-by.ts";

/**
 * What is analysed of a checkpoint only when someone asks for it, because it lies within matrices that are analysed
 * anyway: attention heads, and the parts of fused weights.
 */
export class Portions {
  readonly heads: readonly HeadView[];
  readonly parts: readonly PartView[];
  /** Parts, then heads, each in the checkpoint's order. */
  readonly all: readonly MatrixView[];
  /** The blocks that attend. Untrusted names. */
  readonly blocksWithHeads: ReadonlySet<string>;
  readonly #byId: ReadonlyMap<string, { readonly view: MatrixView; readonly index: number }>;
  readonly #heads: ReadonlyMap<string, readonly HeadView[]>;

  constructor(checkpoint: Checkpoint, architecture: Architecture) {
    this.heads = headViews(checkpoint, architecture);
    this.parts = partViews(architecture, this.heads);
    this.all = [...this.parts, ...this.heads];
    this.#byId = new Map(this.all.map((view, index) => [view.id, { view, index }]));
    this.blocksWithHeads = new Set(this.heads.map(({ description }) => description.block));
    this.#heads = groupBy(this.heads, ({ tensor }) => tensor.name);
  }

  view(id: string): MatrixView | undefined {
    return this.#byId.get(id)?.view;
  }

  /** Position in {@link all}. */
  index(id: string): number | undefined {
    return this.#byId.get(id)?.index;
  }

  /** The heads in a tensor; none where it has none. */
  headsOf(tensor: string): readonly HeadView[] {
    return this.#heads.get(tensor) ?? [];
  }
}

/** Whether a matrix is only a portion of one. */
export function isPortion({ head, part }: MatrixView): boolean {
  return head !== undefined || part !== undefined;
}
