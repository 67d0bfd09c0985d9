import { t } from "../text/l10n.ts";
import type { Dtype } from "../checkpoint/dtype.ts";
import { auxiliaryNames } from "./auxiliaries.ts";
import { blockPacking, subBytePacking } from "./block-scales.ts";
import { groupPacking } from "./group-packing.ts";
import { Malformed, type Packing, type PackingContext } from "./packing.ts";
import { tablePacking } from "./table-packing.ts";
import { refuseUndecoded } from "./undecoded.ts";

/** An auxiliary tensor and the weight that it helps to decode. */
export interface AuxiliaryLink {
  readonly suffix: string;
  readonly weight: string;
}

/** Whether a name, or a pattern of names, ends as those of auxiliaries do. */
export function endsAsAuxiliary(name: string): boolean {
  return auxiliaryNames.some(({ suffix }) => name.endsWith(suffix));
}

/** What `name` decodes, where `exists` says which tensors there are; null for a weight of its own. */
export function auxiliaryLink(name: string, exists: (weight: string) => boolean): AuxiliaryLink | null {
  for (const { suffix, weight } of auxiliaryNames) {
    if (!name.endsWith(suffix)) continue;
    const stem = name.slice(0, -suffix.length);
    const found = weight.find((ending) => exists(stem + ending));
    if (found !== undefined) return { suffix, weight: stem + found };
  }
  return null;
}

/** How the entries of a weight are found: null where the file has them as they are. */
export type Reading = { readonly packing: Packing | null } | { readonly unsupported: string };

/**
 * How a weight is read, by its name, its auxiliaries and its dtype. Where its pieces do not fit each other the answer is
 * one sentence: the singular values of packed or scaled codes would say nothing about the weight.
 */
export function readingOf(context: PackingContext): Reading {
  const { weight } = context;
  const reason = unsupportedDtypes[weight.dtype];
  if (reason !== undefined) return { unsupported: reason() };
  return whereSound(() => {
    refuseUndecoded(context);
    return { packing: packingOf(context) };
  });
}

function packingOf(context: PackingContext): Packing | null {
  return groupPacking(context) ?? tablePacking(context) ?? blockPacking(context) ?? subBytePacking(context.weight);
}

/** What `read` finds, or why it finds the pieces unsound. */
export function whereSound<Result>(read: () => Result): Result | { readonly unsupported: string } {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    return { unsupported: error.message };
  }
}

const unsupportedDtypes: Partial<Record<Dtype, () => string>> = {
  BOOL: () => t("The entries are BOOL, flags instead of numbers."),
  C64: () => t("The entries are complex numbers (C64), which are not analysed."),
};
