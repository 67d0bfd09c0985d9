/**
 * A catalogue as it travels to the client and on to each view: the tensors by columns, with tables of what many of them
 * have in common. A hundred thousand tensors are one megabyte, not eighteen, and no process on the way looks into them.
 */
import { atOnce, forEachSliced, type Sliced } from "../collections/sliced.ts";
import type { Role } from "../architecture/role.ts";
import type { Catalogue, CatalogueTensor, PackedCatalogue, PackedTensors, TensorKind } from "../protocol.ts";
import { NamePacker, unpackNames } from "./names.ts";
import { packNumbers, unpackNumbers } from "./numbers.ts";
import { Table } from "./table.ts";

export function packCatalogue(catalogue: Catalogue): PackedCatalogue {
  return atOnce(packing(catalogue));
}

/** As {@link packCatalogue}, in slices. */
export function* packing({ tensors, ...rest }: Catalogue): Sliced<PackedCatalogue> {
  return { ...rest, tensors: yield* packingTensors(tensors) };
}

export function unpackCatalogue({ tensors, ...rest }: PackedCatalogue): Catalogue {
  return { ...rest, tensors: unpackTensors(tensors) };
}

function* packingTensors(tensors: readonly CatalogueTensor[]): Sliced<PackedTensors> {
  const count = tensors.length;
  const names = new NamePacker(count);
  const kinds = new Kinds();
  const blocks = new Table<string>();
  const kindColumn = new Uint32Array(count);
  const blockColumn = new Uint32Array(count);
  const layerColumn = new Uint32Array(count);
  const expertColumn = new Uint32Array(count);
  const fileColumn = new Uint32Array(count);
  yield* forEachSliced(tensors, (tensor, i) => {
    const { name, block, layer, expert, file } = tensor;
    names.add(name);
    kindColumn[i] = kinds.place(tensor);
    blockColumn[i] = blocks.place(block, () => block);
    layerColumn[i] = orNull(layer);
    expertColumn[i] = orNull(expert);
    fileColumn[i] = file;
  });
  return {
    count,
    names: names.packed(),
    kind: packNumbers(kindColumn),
    block: packNumbers(blockColumn),
    layer: packNumbers(layerColumn),
    expert: packNumbers(expertColumn),
    file: packNumbers(fileColumn),
    kinds: kinds.values,
    blocks: blocks.values,
  };
}

/** What many tensors have in common, each once. */
class Kinds {
  readonly #table = new Table<string, TensorKind>();
  /** The last tensor of each role and its place: mostly the next one is of its kind. */
  readonly #latest = new Map<Role, { readonly tensor: CatalogueTensor; readonly place: number }>();

  get values(): readonly TensorKind[] {
    return this.#table.values;
  }

  place(tensor: CatalogueTensor): number {
    const latest = this.#latest.get(tensor.role);
    if (latest !== undefined && isPlainTwin(latest.tensor, tensor)) return latest.place;
    const place = this.#table.place(kindKey(tensor), () => kindOf(tensor));
    this.#latest.set(tensor.role, { tensor, place });
    return place;
  }
}

/** Whether two tensors of a role, neither packed, are seen to be of one kind: equal shapes mostly are one object. */
function isPlainTwin(left: CatalogueTensor, right: CatalogueTensor): boolean {
  return (
    left.shape === right.shape &&
    left.dtype === right.dtype &&
    left.bytes === right.bytes &&
    left.matrices === right.matrices &&
    left.packed === undefined &&
    right.packed === undefined &&
    left.auxiliary === right.auxiliary
  );
}

/** The same for tensors of one kind. */
function kindKey({ dtype, shape, packed, auxiliary, bytes, role, matrices }: CatalogueTensor): string {
  const common = `${dtype} ${role} ${bytes} ${matrices} ${shape.join()}`;
  if (packed === undefined && auxiliary === undefined) return common;
  return `${common} ${packed?.shape.join() ?? ""} ${packed?.format ?? ""} ${auxiliary === undefined ? "" : "auxiliary"}`;
}

function kindOf({ dtype, shape, packed, auxiliary, bytes, role, matrices }: CatalogueTensor): TensorKind {
  return {
    ...{ dtype, shape, bytes, role, matrices },
    ...(packed === undefined ? {} : { packed }),
    ...(auxiliary === undefined ? {} : { auxiliary }),
  };
}

function unpackTensors(packed: PackedTensors): CatalogueTensor[] {
  const { count, kinds, blocks } = packed;
  const names = unpackNames(packed.names, count);
  const kind = unpackNumbers(packed.kind, count);
  const block = unpackNumbers(packed.block, count);
  const layer = unpackNumbers(packed.layer, count);
  const expert = unpackNumbers(packed.expert, count);
  const file = unpackNumbers(packed.file, count);
  return names.map((name, i) => {
    // Field by field: copying a kind's fields into each object takes several times as long.
    const { dtype, shape, bytes, role, matrices, packed: meant, auxiliary } = kinds[kind[i]!]!;
    const tensor = {
      name,
      dtype,
      shape,
      bytes,
      role,
      matrices,
      block: blocks[block[i]!]!,
      layer: fromNull(layer[i]!),
      expert: fromNull(expert[i]!),
      file: file[i]!,
    };
    if (meant === undefined && auxiliary === undefined) return tensor;
    return {
      ...tensor,
      ...(meant === undefined ? {} : { packed: meant }),
      ...(auxiliary === undefined ? {} : { auxiliary }),
    };
  });
}

/** A number of a name, which has nine digits at most, or none. */
function orNull(number: number | null): number {
  return number === null ? 0 : number + 1;
}

function fromNull(number: number): number | null {
  return number === 0 ? null : number - 1;
}
