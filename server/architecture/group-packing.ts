/** GPTQ and AWQ, which keep a weight as [in, out] with zeros and scales for groups of inputs. */
import { wholeWindow } from "../checkpoint/quantisation.ts";
import { t } from "../text/l10n.ts";
import {
  Malformed,
  pieceOf,
  required,
  requireDtype,
  requireElements,
  words,
  type Packing,
  type PackingContext,
} from "./packing.ts";

/**
 * The packing of a `.qweight`; null for any other weight.
 * @throws Malformed
 */
export function groupPacking(context: PackingContext): Packing | null {
  const { weight, auxiliaries, config } = context;
  if (!weight.name.endsWith(".qweight")) return null;
  const { quant_method: method } = config;
  const guess = method === "awq" ? "AWQ" : "GPTQ";
  const scales = required(context, guess, ".scales");
  const zeros = required(context, guess, ".qzeros");
  const groups = auxiliaries.get(".g_idx");
  requireDtype(weight, "I32");
  requireDtype(zeros, "I32");
  requireDtype(scales, "F16", "BF16", "F32");
  const misfit = (): Malformed =>
    new Malformed(
      t(
        "The pieces of {0} do not fit each other: codes {1}, zeros {2}, scales {3}.",
        weight.name,
        words(weight),
        words(zeros),
        words(scales),
      ),
    );
  if ([weight, zeros, scales].some(({ shape }) => shape.length !== 2 || shape.includes(0))) throw misfit();
  const [groupCount, outputs] = scales.shape as readonly [number, number];
  const bits = (zeros.shape[1]! * 32) / outputs;
  // Only AWQ's scales are wider than its codes.
  const isAwq = outputs !== weight.shape[1];
  const inputs = isAwq ? weight.shape[0]! : (weight.shape[0]! * 32) / bits;
  if (isAwq && (bits !== 4 || weight.shape[1]! * 8 !== outputs)) throw misfit();
  if (![2, 3, 4, 8].includes(bits) || !Number.isSafeInteger(inputs) || zeros.shape[0] !== groupCount) throw misfit();
  const groupSize = sizeOf(config, inputs, groupCount);
  if (groups === undefined) {
    if (Math.ceil(inputs / groupSize) !== groupCount) throw misfit();
  } else {
    requireDtype(groups, "I32");
    requireElements(groups, inputs);
  }
  return {
    format: `${isAwq ? "AWQ" : "GPTQ"} ${bits}-bit`,
    shape: [outputs, inputs],
    outputsFirst: true,
    quantisation: () => ({
      scheme: {
        kind: "groups",
        bits,
        packing: isAwq ? "interleaved-outputs" : "inputs",
        outputs,
        groupSize,
        groupCount,
        zeroOffset: isAwq || config["checkpoint_format"] === "gptq_v2" ? 0 : 1,
      },
      pieces: {
        codes: pieceOf(weight),
        zeros: pieceOf(zeros),
        scales: pieceOf(scales),
        ...(groups === undefined || isAwq ? {} : { groups: pieceOf(groups) }),
      },
      window: wholeWindow,
    }),
  };
}

/** Inputs in a group: the config's, which is −1 for one group of all, or what the scales leave. */
function sizeOf({ group_size: size }: PackingContext["config"], inputs: number, groupCount: number): number {
  if (typeof size === "number" && Number.isSafeInteger(size) && Math.ceil(inputs / size) === groupCount) return size;
  return Math.ceil(inputs / groupCount);
}
