/** What the readers of quantised formats have in common: see quantisation.ts. */
import type { Tensor } from "../checkpoint/checkpoint.ts";
import type { CodeFormat, Piece, Quantisation } from "../checkpoint/quantisation.ts";
import { t } from "../text/l10n.ts";
import type { MatrixShape } from "./matrices.ts";

/** How the codes of a weight are packed, and what it is unpacked. */
export interface Packing {
  /** As people call it: `GPTQ 4-bit`. */
  readonly format: string;
  /** Of the weight. */
  readonly shape: readonly number[];
  /** See PackedWeight. */
  readonly outputsFirst: boolean;
  /**
   * How one matrix of the weight comes from its pieces.
   * @throws Malformed
   */
  readonly quantisation: (matrix: MatrixShape, slice: number) => Quantisation;
}

/** Auxiliaries of one weight, by the suffix of their name. */
export type Auxiliaries = ReadonlyMap<string, Tensor>;

export interface PackingContext {
  readonly weight: Tensor;
  readonly auxiliaries: Auxiliaries;
  /** `quantization_config` of config.json. Untrusted. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Whether the matrices of a stack are [in, out]. */
  readonly inputsFirst: boolean;
  /** The text in a small tensor of bytes; null where it could not be read. Untrusted. */
  readonly textOf: (tensor: Tensor) => string | null;
}

/** The pieces of a weight do not fit each other: one sentence, with the place. */
export class Malformed extends Error {}

/** The tensor that a format cannot do without. @throws Malformed */
export function required({ weight, auxiliaries }: PackingContext, format: string, ...suffixes: string[]): Tensor {
  for (const suffix of suffixes) {
    const found = auxiliaries.get(suffix);
    if (found !== undefined) return found;
  }
  throw new Malformed(
    t("The weight {0} is packed in the {1} format, but its {2} is missing.", weight.name, format, suffixes[0]!),
  );
}

export function words({ shape }: Pick<Tensor, "shape">): string {
  return shape.length === 0 ? t("a single number") : shape.join(" × ");
}

export function elements({ shape }: Pick<Tensor, "shape">): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** A tensor as a piece. */
export function pieceOf({ file, begin, end, dtype }: Tensor, format: CodeFormat = dtype): Piece {
  return { file, begin, end, format };
}

/** One slice of a stack. @throws Malformed where its bytes do not divide */
export function sliceOf(tensor: Tensor, format: CodeFormat, slices: number, slice: number): Piece {
  const { file, begin, end } = tensor;
  const bytes = (end - begin) / slices;
  if (!Number.isSafeInteger(bytes)) {
    throw new Malformed(t("The {0} bytes of {1} do not divide into {2} matrices.", end - begin, tensor.name, slices));
  }
  return { file, begin: begin + slice * bytes, end: begin + (slice + 1) * bytes, format };
}

/** @throws Malformed unless the tensor has one of these dtypes */
export function requireDtype(tensor: Tensor, ...dtypes: Tensor["dtype"][]): void {
  if (!dtypes.includes(tensor.dtype)) {
    throw new Malformed(t("{0} is {1}, which is none of {2}.", tensor.name, tensor.dtype, dtypes.join(", ")));
  }
}

/** @throws Malformed unless the tensor has so many elements */
export function requireElements(tensor: Tensor, count: number): void {
  if (elements(tensor) !== count) {
    throw new Malformed(
      t("{0} has {1} numbers ({2}) instead of {3}.", tensor.name, elements(tensor), words(tensor), count),
    );
  }
}
