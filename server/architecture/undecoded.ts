/** Quantised formats that are recognised and not decoded: their codes are no numbers, and must not be taken for some. */
import type { Dtype } from "../checkpoint/dtype.ts";
import { t } from "../text/l10n.ts";
import { Malformed, type PackingContext } from "./packing.ts";

interface UndecodedFormat {
  /** As people call it. */
  readonly name: string;
  /** How the name of the tensor ends that holds the codes. */
  readonly codes: string;
  /** With this ending instead it is the name of a tensor that helps to decode; the first has to be there. */
  readonly helpers: readonly string[];
  /** Of the codes, where their name alone says too little. */
  readonly dtypes?: readonly Dtype[];
}

export const undecodedFormats: readonly UndecodedFormat[] = [
  { name: "AQLM", codes: ".codes", helpers: [".codebooks", ".scales"] },
  {
    name: "EXL2",
    codes: ".q_weight",
    helpers: [".q_scale", ".q_scale_max", ".q_groups", ".q_group_map", ".q_perm", ".q_invperm"],
  },
  { name: "EXL3", codes: ".trellis", helpers: [".suh", ".svh", ".su", ".sv", ".mcg", ".mul1"] },
  { name: "HQQ", codes: ".W_q", helpers: [".scale", ".zero", ".meta", ".shape"] },
  { name: "Marlin", codes: ".B", helpers: [".s"] },
  { name: "MLX", codes: ".weight", helpers: [".scales", ".biases"], dtypes: ["U32"] },
  { name: "Quanto", codes: ".weight._data", helpers: [".weight._scale", ".weight._shift"] },
  { name: "SqueezeLLM", codes: ".qweight", helpers: [".lookup_table"] },
  { name: "SVDQuant", codes: ".qweight", helpers: [".wscales", ".wzeros", ".smooth", ".smooth_orig"] },
  {
    name: "VPTQ",
    codes: ".indices",
    helpers: [".centroids.weight", ".res_centroids.weight", ".perm", ".weight_scale", ".weight_bias"],
  },
  { name: "2:4 sparse", codes: ".compressed", helpers: [".bitmask", ".shape"] },
  { name: "2:4 Marlin", codes: ".weight_packed", helpers: [".scale_packed", ".meta"] },
];

/** Methods of config.json under whose ordinary names lie packed codes, or codes in the order of some kernel. */
const undecodedMethods: readonly unknown[] = [
  ..."aqlm bitnet eetq exl2 exl3 fp_quant higgs hqq quanto spqr torchao vptq".split(" "),
];

/**
 * Refuses what is quantised in a way that is not decoded.
 * @throws Malformed
 */
export function refuseUndecoded({ weight, auxiliaries, config }: PackingContext): void {
  const format = undecodedFormats.find(
    ({ codes, helpers, dtypes }) =>
      weight.name.endsWith(codes) && auxiliaries.has(helpers[0]!) && (dtypes?.includes(weight.dtype) ?? true),
  );
  const { quant_method: method } = config;
  const isCode = /^[UI]/.test(weight.dtype) || auxiliaries.size > 0;
  const name = format?.name ?? (isCode && undecodedMethods.includes(method) ? String(method) : null);
  if (name === null) return;
  throw new Malformed(t("The weight {0} is quantised in the {1} format, which is not decoded.", weight.name, name));
}
