/** Which matrices a comparison is about, and what tells them apart. Pure. */
import type { Role } from "../../server/architecture/role.ts";
import type { MatrixSpectrum } from "../../server/protocol.ts";
import type { Selection } from "../state.ts";
import { decodeFloats, stackOf } from "./across.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { matrixIds } from "./matrix-ids.ts";

/** Beyond so many lines nobody sees one. */
export const mostCompared = 128;

export type Comparison = Extract<Selection, { readonly kind: "tensors" | "matrices" | "role" }>;

/** A matrix or a head with its whole spectrum. */
export interface Compared {
  readonly spectrum: MatrixSpectrum;
  /** Descending; those that exist. */
  readonly values: Float64Array;
}

export function isComparison(selection: Selection): selection is Comparison {
  return selection.kind === "tensors" || selection.kind === "matrices" || selection.kind === "role";
}

/** Ids of the matrices that are compared, in order; of a role by layer. */
export function comparedIds(checkpoint: Checkpoint, comparison: Comparison): string[] {
  switch (comparison.kind) {
    case "matrices":
      return [...comparison.ids];
    case "tensors":
      return comparison.names.flatMap((name) => {
        const node = checkpoint.tensor(name);
        return node === undefined ? [] : matrixIds(node.tensor);
      });
    case "role": {
      const { role, stack, ends } = comparison;
      const byLayer = layersOf(checkpoint, role, stack);
      const layers = [...byLayer.keys()].sort((left, right) => left - right);
      const chosen =
        ends === null || 2 * ends >= layers.length ? layers : [...layers.slice(0, ends), ...layers.slice(-ends)];
      return chosen.flatMap((layer) => byLayer.get(layer) ?? []);
    }
  }
}

function layersOf(checkpoint: Checkpoint, role: Role, stack: string): Map<number, string[]> {
  const byLayer = new Map<number, string[]>();
  for (const { tensor } of checkpoint.tensors) {
    if (tensor.role !== role || tensor.layer === null || tensor.matrices === 0) continue;
    if (stack !== "" && stackOf(tensor.block) !== stack) continue;
    byLayer.set(tensor.layer, [...(byLayer.get(tensor.layer) ?? []), ...matrixIds(tensor)]);
  }
  return byLayer;
}

export function comparedOf(spectrum: MatrixSpectrum): Compared {
  return { spectrum, values: Float64Array.from(decodeFloats(spectrum.values)).filter((value) => !Number.isNaN(value)) };
}

/** What colours the lines of a comparison. */
export type Colouring = "role" | "scale" | "palette";

/** Roles have their colours where each occurs once; many lines, or one role over layers, go through a scale. */
export function colouringOf(compared: readonly Compared[]): Colouring {
  const roles = new Set(compared.map(({ spectrum }) => spectrum.role));
  if (roles.size === compared.length && compared.length > 1) return "role";
  const layers = new Set(compared.map(({ spectrum }) => spectrum.layer));
  const inDepth = roles.size === 1 && layers.size === compared.length && compared.length > 3;
  return inDepth || compared.length > 8 ? "scale" : "palette";
}

/** What each is called beside the others: ids without what all of them begin and end with. */
export function shortNames(ids: readonly string[]): string[] {
  const parts = ids.map((id) => id.split("."));
  const shortest = Math.min(...parts.map(({ length }) => length));
  const same = (at: (part: readonly string[]) => string | undefined): boolean =>
    new Set(parts.map((part) => at(part))).size === 1;
  let head = 0;
  while (head < shortest - 1 && same((part) => part[head])) head++;
  // A number alone says nothing.
  const numbers = (at: number): boolean => parts.every((part) => /^\d+$/u.test(part[at] ?? ""));
  if (head > 0 && numbers(head)) head--;
  let tail = 0;
  while (tail < shortest - head - 1 && same((part) => part.at(-1 - tail))) tail++;
  return ids.length < 2 ? [...ids] : parts.map((part) => part.slice(head, part.length - tail).join("."));
}
