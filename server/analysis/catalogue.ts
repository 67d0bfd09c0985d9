import type { Architecture } from "../architecture/architecture.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { naturalCompare } from "../checkpoint/natural-compare.ts";
import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { Catalogue, CatalogueTensor } from "../protocol.ts";

/** What the headers tell, as the views show it. */
export function catalogueOf(checkpoint: Checkpoint, architecture: Architecture): Catalogue {
  return atOnce(cataloguing(checkpoint, architecture));
}

/** As {@link catalogueOf}, in slices. */
export function* cataloguing(
  checkpoint: Checkpoint,
  { matrices, descriptions, family }: Architecture,
): Sliced<Catalogue> {
  let parameters = 0;
  let bytes = 0;
  const groups = new ReadingOrder();
  // Matrices come in the order of their tensors.
  let next = 0;
  yield* forEachSliced(checkpoint.tensors, (tensor, index) => {
    const { role, block, layer, expert, auxiliaryOf, packed } = descriptions[index]!;
    const size = tensor.end - tensor.begin;
    bytes += size;
    const { shape } = packed ?? tensor;
    if (auxiliaryOf === null) parameters += shape.reduce((product, side) => product * side, 1);
    const first = next;
    while (matrices[next]?.tensor === tensor) next++;
    const { name, dtype, file } = tensor;
    groups.add({
      ...{ name, dtype, shape, bytes: size, role, block, layer, expert, file, matrices: next - first },
      ...(packed === null ? {} : { packed: { format: packed.format, shape: tensor.shape } }),
      ...(auxiliaryOf === null ? {} : { auxiliary: true as const }),
    });
  });
  // A null prototype: the keys come out of a file, `__proto__` among them if it likes.
  const metadata = Object.create(null) as Record<string, string>;
  for (const file of checkpoint.files) {
    for (const [key, value] of Object.entries(file.metadata)) {
      metadata[key] = value;
    }
  }
  return {
    path: checkpoint.path,
    sharded: checkpoint.sharded,
    family,
    parameters,
    bytes,
    files: checkpoint.files.map(({ path, size }) => ({ path, size })),
    metadata,
    tensors: groups.tensors(),
    problems: checkpoint.problems,
  };
}

interface Group {
  readonly key: string;
  /** The place of the first block of its kind. */
  readonly rank: number;
  readonly members: CatalogueTensor[];
}

/**
 * Files often sort names as text, so that block 10 comes before block 2. Here blocks that differ only in their numbers
 * stand together, by number, where the first of them stood; within a block the file's order stays.
 */
class ReadingOrder {
  readonly #ranks = new Map<string, number>();
  readonly #groups = new Map<string, Group>();

  add(tensor: CatalogueTensor): void {
    const { block, name } = tensor;
    const key = block === "" ? `/${name}` : block;
    let group = this.#groups.get(key);
    if (group === undefined) {
      const pattern = key.replace(/\d+/g, "0");
      const rank = this.#ranks.get(pattern) ?? this.#ranks.size;
      this.#ranks.set(pattern, rank);
      group = { key, rank, members: [] };
      this.#groups.set(key, group);
    }
    group.members.push(tensor);
  }

  tensors(): CatalogueTensor[] {
    return [...this.#groups.values()]
      .sort((a, b) => a.rank - b.rank || naturalCompare(a.key, b.key))
      .flatMap(({ members }) => members);
  }
}
