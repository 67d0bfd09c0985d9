/**
 * A catalogue as it travels to the client and on to each view: the tensors by columns, with tables of what many of them
 * have in common. A hundred thousand tensors are one megabyte, not eighteen, and no process on the way looks into them.
 */
import type { Catalogue, CatalogueTensor, PackedCatalogue, PackedTensors, TensorKind } from "../protocol.ts";
import { packNames, unpackNames } from "./names.ts";
import { packNumbers, unpackNumbers } from "./numbers.ts";
import { Table } from "./table.ts";

export function packCatalogue({ tensors, ...rest }: Catalogue): PackedCatalogue {
  return { ...rest, tensors: packTensors(tensors) };
}

export function unpackCatalogue({ tensors, ...rest }: PackedCatalogue): Catalogue {
  return { ...rest, tensors: unpackTensors(tensors) };
}

function packTensors(tensors: readonly CatalogueTensor[]): PackedTensors {
  const kinds = new Table<string, TensorKind>();
  const blocks = new Table<string>();
  const column = (numberOf: (tensor: CatalogueTensor) => number): string =>
    packNumbers(Uint32Array.from(tensors, numberOf));
  return {
    count: tensors.length,
    names: packNames(tensors.map(({ name }) => name)),
    kind: column(({ dtype, shape, bytes, role, matrices }) =>
      kinds.place(`${dtype} ${role} ${bytes} ${matrices} ${shape.join()}`, () => ({
        dtype,
        shape,
        bytes,
        role,
        matrices,
      })),
    ),
    block: column(({ block }) => blocks.place(block, () => block)),
    layer: column(({ layer }) => orNull(layer)),
    expert: column(({ expert }) => orNull(expert)),
    file: column(({ file }) => file),
    kinds: kinds.values,
    blocks: blocks.values,
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
    const { dtype, shape, bytes, role, matrices } = kinds[kind[i]!]!;
    return {
      name,
      dtype,
      shape,
      bytes,
      role,
      block: blocks[block[i]!]!,
      layer: fromNull(layer[i]!),
      expert: fromNull(expert[i]!),
      file: file[i]!,
      matrices,
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
