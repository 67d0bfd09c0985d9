/** Tensors that are no weights of their own: what decodes a quantised weight, and buffers such as causal masks. Tables. */

import { undecodedFormats } from "./undecoded.ts";

export interface AuxiliaryName {
  /** How the auxiliary's name ends. */
  readonly suffix: string;
  /** With these endings instead, it is the name of the weight, if there is a tensor of that name. */
  readonly weight: readonly string[];
}

const packedOrPlain = [".weight_packed", ".weight"] as const;

export const auxiliaryNames: readonly AuxiliaryName[] = [
  // GPTQ and AWQ
  { suffix: ".qzeros", weight: [".qweight"] },
  { suffix: ".scales", weight: [".qweight"] },
  { suffix: ".g_idx", weight: [".qweight"] },
  // MXFP4 as gpt-oss stores it
  { suffix: "_scales", weight: ["_blocks"] },
  // bitsandbytes
  { suffix: ".weight.absmax", weight: [".weight"] },
  { suffix: ".weight.quant_map", weight: [".weight"] },
  { suffix: ".weight.nested_absmax", weight: [".weight"] },
  { suffix: ".weight.nested_quant_map", weight: [".weight"] },
  { suffix: ".weight.quant_state.bitsandbytes__nf4", weight: [".weight"] },
  { suffix: ".weight.quant_state.bitsandbytes__fp4", weight: [".weight"] },
  { suffix: ".SCB", weight: [".weight"] },
  { suffix: ".weight_format", weight: [".weight"] },
  // FP8, and the compressed-tensors and ModelOpt formats
  { suffix: ".weight_scale_inv", weight: packedOrPlain },
  { suffix: ".weight_scale", weight: packedOrPlain },
  { suffix: ".weight_scales", weight: packedOrPlain },
  { suffix: ".weight_scale_2", weight: packedOrPlain },
  { suffix: ".weight_global_scale", weight: packedOrPlain },
  { suffix: ".weight_zero_point", weight: packedOrPlain },
  { suffix: ".weight_shape", weight: packedOrPlain },
  { suffix: ".weight_g_idx", weight: packedOrPlain },
  { suffix: ".scale_weight", weight: packedOrPlain },
  { suffix: ".input_scale", weight: packedOrPlain },
  { suffix: ".input_global_scale", weight: packedOrPlain },
  { suffix: ".input_zero_point", weight: packedOrPlain },
  { suffix: ".output_scale", weight: packedOrPlain },
  // Stacks of experts, whose parameters have no name of their own
  { suffix: "_scale_inv", weight: [""] },
  { suffix: "_weight_scale", weight: [""] },
  { suffix: "_weight_scale_2", weight: [""] },
  { suffix: "_scale", weight: [""] },
  { suffix: "_scale_2", weight: [""] },
  { suffix: "_input_scale", weight: [""] },
  ...undecodedFormats.flatMap(({ codes, helpers }) => helpers.map((suffix) => ({ suffix, weight: [codes] }))),
];

/** The second scale of NVFP4, one for a whole weight. */
export const secondScales: readonly string[] = [".weight_scale_2", "_weight_scale_2", "_scale_2"];

/** Auxiliaries that multiply the entries of the weight. */
export const weightScales: readonly string[] = [
  ".weight_scale_inv",
  ".weight_scale",
  ".weight_scales",
  ".scale_weight",
  "_scale_inv",
  "_weight_scale",
  "_scale",
];

/** Small tensors of bytes in which bitsandbytes keeps JSON about a weight. */
export const tableStates: readonly string[] = [
  ".weight.quant_state.bitsandbytes__nf4",
  ".weight.quant_state.bitsandbytes__fp4",
];

/** Buffers that models save with their weights, by the last part of the name. */
export const buffers: ReadonlySet<string> = new Set([
  "attn_mask",
  "causal_mask",
  "cos_cached",
  "freqs_cis",
  "inv_freq",
  "masked_bias",
  "num_batches_tracked",
  "position_ids",
  "relative_position_index",
  "running_mean",
  "running_var",
  "sin_cached",
  "token_type_ids",
  "tril",
]);
