import type { Architecture } from "../architecture/architecture.ts";
import type { Checkpoint } from "../checkpoint/checkpoint.ts";
import { naturalCompare } from "../checkpoint/natural-compare.ts";
import type { Catalogue, CatalogueTensor } from "../protocol.ts";

/** What the headers tell, in the form that travels to the views. */
export function catalogueOf(checkpoint: Checkpoint, architecture: Architecture): Catalogue {
  const matrixCounts = new Map<string, number>();
  for (const { tensor } of architecture.matrices) {
    matrixCounts.set(tensor.name, (matrixCounts.get(tensor.name) ?? 0) + 1);
  }
  let parameters = 0;
  let bytes = 0;
  const unsorted = checkpoint.tensors.map((tensor, index) => {
    const description = architecture.descriptions[index]!;
    const size = tensor.end - tensor.begin;
    bytes += size;
    if (description.auxiliaryOf === null) {
      parameters += tensor.shape.reduce((product, side) => product * side, 1);
    }
    return {
      name: tensor.name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      bytes: size,
      role: description.role,
      block: description.block,
      layer: description.layer,
      expert: description.expert,
      file: tensor.file,
      matrices: matrixCounts.get(tensor.name) ?? 0,
    };
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
    family: architecture.family,
    parameters,
    bytes,
    files: checkpoint.files.map(({ path, size }) => ({ path, size })),
    metadata,
    tensors: inReadingOrder(unsorted),
    problems: checkpoint.problems,
  };
}

/**
 * Files often sort names as text, so that block 10 comes before block 2. Here blocks that differ only in their numbers
 * stand together, by number, where the first of them stood; within a block the file's order stays.
 */
function inReadingOrder(tensors: readonly CatalogueTensor[]): CatalogueTensor[] {
  const ranks = new Map<string, number>();
  const groups = new Map<
    string,
    { readonly block: string; readonly rank: number; readonly members: CatalogueTensor[] }
  >();
  for (const tensor of tensors) {
    const { block } = tensor;
    const key = block === "" ? `/${tensor.name}` : block;
    const pattern = key.replace(/\d+/g, "0");
    const rank = ranks.get(pattern) ?? ranks.size;
    ranks.set(pattern, rank);
    const group = groups.get(key);
    if (group === undefined) {
      groups.set(key, { block: key, rank, members: [tensor] });
    } else {
      group.members.push(tensor);
    }
  }
  return [...groups.values()]
    .sort((a, b) => a.rank - b.rank || naturalCompare(a.block, b.block))
    .flatMap(({ members }) => members);
}
