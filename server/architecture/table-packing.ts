/** The 4-bit formats of bitsandbytes, NF4 and FP4: codes into a table, with a largest magnitude a block. */
import type { Tensor } from "../checkpoint/checkpoint.ts";
import { wholeWindow } from "../checkpoint/quantisation.ts";
import { tableStates } from "./auxiliaries.ts";
import { t } from "../text/l10n.ts";
import {
  elements,
  Malformed,
  pieceOf,
  required,
  requireDtype,
  requireElements,
  type Packing,
  type PackingContext,
} from "./packing.ts";

/** What bitsandbytes keeps as JSON in a tensor of its own. */
interface TableState {
  readonly shape: readonly number[];
  readonly blockSize: number;
  readonly nestedBlockSize: number;
  readonly nestedOffset: number;
}

/**
 * The packing of a weight in bitsandbytes' 4-bit format; null for any other.
 * @throws Malformed
 */
export function tablePacking(context: PackingContext): Packing | null {
  const { weight, auxiliaries } = context;
  const state = tableStates.map((suffix) => auxiliaries.get(suffix)).find((each) => each !== undefined);
  const isPacked = state !== undefined || [".weight.quant_map", ".weight.absmax"].some((name) => auxiliaries.has(name));
  if (!isPacked) return null;
  const table = required(context, "bitsandbytes", ".weight.quant_map");
  const scales = required(context, "bitsandbytes", ".weight.absmax");
  const described = state ?? required(context, "bitsandbytes", ...tableStates);
  const { shape, blockSize, nestedBlockSize, nestedOffset } = stateOf(described, context.textOf(described));
  const count = elements({ shape });
  if (weight.end - weight.begin !== Math.ceil(count / 2)) {
    throw new Malformed(
      t(
        "{0} has {1} bytes, but {2} codes of 4 bits take {3}.",
        weight.name,
        weight.end - weight.begin,
        shape.join(" × "),
        Math.ceil(count / 2),
      ),
    );
  }
  requireDtype(table, "F32", "F16", "BF16");
  requireElements(table, 16);
  const blocks = Math.ceil(count / blockSize);
  requireElements(scales, blocks);
  const isNested = scales.dtype === "U8";
  const nestedTable = isNested ? required(context, "bitsandbytes", ".weight.nested_quant_map") : null;
  const nestedScales = isNested ? required(context, "bitsandbytes", ".weight.nested_absmax") : null;
  if (nestedTable !== null && nestedScales !== null) {
    for (const each of [nestedTable, nestedScales]) requireDtype(each, "F32", "F16", "BF16");
    requireElements(nestedTable, 256);
    requireElements(nestedScales, Math.ceil(blocks / nestedBlockSize));
  } else {
    requireDtype(scales, "F32", "F16", "BF16");
  }
  return {
    format: described.name.endsWith("nf4") ? "NF4" : "FP4 (bitsandbytes)",
    shape,
    outputsFirst: true,
    quantisation: ({ columns }) => ({
      scheme: {
        kind: "table",
        columns,
        blockSize,
        nested: isNested ? { blockSize: nestedBlockSize, offset: nestedOffset } : null,
      },
      pieces: {
        codes: pieceOf(weight, "U4"),
        table: pieceOf(table),
        scales: pieceOf(scales),
        ...(nestedTable === null ? {} : { nestedTable: pieceOf(nestedTable) }),
        ...(nestedScales === null ? {} : { nestedScales: pieceOf(nestedScales) }),
      },
      window: wholeWindow,
    }),
  };
}

function stateOf({ name }: Tensor, text: string | null): TableState {
  if (text === null) throw new Malformed(t("{0}, the state of a bitsandbytes weight, could not be read.", name));
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Malformed(t("{0}, the state of a bitsandbytes weight, is no JSON.", name));
  }
  const state = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  const isCount = (each: unknown): each is number => typeof each === "number" && Number.isSafeInteger(each) && each > 0;
  const { shape, blocksize, nested_blocksize: nestedBlockSize = 256, nested_offset: nestedOffset = 0 } = state;
  if (!Array.isArray(shape) || shape.length < 2 || !shape.every(isCount)) {
    throw new Malformed(t("{0}, the state of a bitsandbytes weight, tells no shape.", name));
  }
  if (!isCount(blocksize) || !isCount(nestedBlockSize)) {
    throw new Malformed(t("{0}, the state of a bitsandbytes weight, tells no size of blocks.", name));
  }
  if (typeof nestedOffset !== "number" || !Number.isFinite(nestedOffset)) {
    throw new Malformed(t("{0}, the state of a bitsandbytes weight, has an offset that is no number.", name));
  }
  return { shape, blockSize: blocksize, nestedBlockSize, nestedOffset };
}
