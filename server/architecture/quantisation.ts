import { t } from "../text/l10n.ts";
import type { Tensor } from "../checkpoint/checkpoint.ts";
import type { Dtype } from "../checkpoint/dtype.ts";
import { auxiliaryNames, weightScales } from "./auxiliaries.ts";

/** Auxiliaries of one weight, by the suffix of their name. */
export type Auxiliaries = ReadonlyMap<string, Tensor>;

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

/**
 * Why the stored entries of a weight are not its values up to one common factor, in one sentence; null when they are.
 * The singular values of packed or scaled codes would say nothing about the weight.
 */
export function whyUnsupported(weight: Tensor, auxiliaries: Auxiliaries): string | null {
  const has = (suffix: string): boolean => auxiliaries.has(suffix);
  const scale = weightScales.map((suffix) => auxiliaries.get(suffix)).find((tensor) => tensor !== undefined);
  if (weight.name.endsWith(".qweight")) return packed(isAwq(weight, auxiliaries) ? "AWQ" : "GPTQ");
  if (weight.name.endsWith("_blocks") && has("_scales")) return packed("MXFP4");
  if (has(".weight.quant_map") || has(".weight.absmax")) return packed("bitsandbytes");
  if (has(".SCB")) return t("The weight is in the bitsandbytes 8-bit format, one scale a row, which is not decoded.");
  if (weight.name.endsWith(".weight_packed")) return packed("compressed-tensors");
  if (has(".weight_scale_2") || has(".weight_global_scale")) return packed("NVFP4");
  if (isInteger(weight.dtype) && has(".weight_zero_point")) {
    return t("The weight is {0} with zero points, which is not decoded.", weight.dtype);
  }
  if (scale !== undefined && !isCommonFactor(scale, weight)) {
    const kind = weight.dtype.startsWith("F8") ? "FP8" : weight.dtype;
    return t(
      "The weight is {0} with {1} scales ({2}), one a block or row, which is not decoded.",
      kind,
      elements(scale),
      scale.shape.join(" × "),
    );
  }
  return unsupportedDtypes[weight.dtype]?.() ?? null;
}

const unsupportedDtypes: Partial<Record<Dtype, () => string>> = {
  BOOL: () => t("The entries are BOOL, flags instead of numbers."),
  U64: () => t("The entries are 64-bit integers (U64), which are not decoded."),
  I64: () => t("The entries are 64-bit integers (I64), which are not decoded."),
  C64: () => t("The entries are complex numbers (C64), which are not analysed."),
  F8_E8M0: () => t("The entries are F8_E8M0, exponents that scale other tensors."),
  F8_E4M3FNUZ: () => t("The entries are F8_E4M3FNUZ, which is not decoded."),
  F8_E5M2FNUZ: () => t("The entries are F8_E5M2FNUZ, which is not decoded."),
  F6_E2M3: () => t("The entries are 6-bit floats (F6_E2M3), which are not decoded."),
  F6_E3M2: () => t("The entries are 6-bit floats (F6_E3M2), which are not decoded."),
  F4: () => t("The entries are 4-bit floats (F4), which are not decoded."),
};

function packed(format: string): string {
  return t("The weight is packed in the {0} format, which is not decoded.", format);
}

/** AWQ packs eight outputs into one entry, GPTQ eight inputs: only AWQ's scales are wider than the weight. */
function isAwq(weight: Tensor, auxiliaries: Auxiliaries): boolean {
  const outputs = auxiliaries.get(".scales")?.shape[1];
  return outputs !== undefined && !auxiliaries.has(".g_idx") && outputs !== weight.shape[1];
}

/** One scale for the whole weight, or one for each slice of a stack: singular values only change by that factor. */
function isCommonFactor(scale: Tensor, weight: Tensor): boolean {
  const slices = weight.shape.length === 3 ? weight.shape[0] : 1;
  return elements(scale) === 1 || elements(scale) === slices;
}

function isInteger(dtype: Dtype): boolean {
  return /^[UI]\d/.test(dtype);
}

function elements({ shape }: Tensor): number {
  return shape.reduce((product, size) => product * size, 1);
}
