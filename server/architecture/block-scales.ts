/**
 * Weights whose codes are numbers by themselves, with scales for the whole, a row, a column, a group or a block: FP8,
 * integers, MXFP4, NVFP4, and LLM.int8 of bitsandbytes.
 */
import type { Tensor } from "../checkpoint/checkpoint.ts";
import { dtypeBits, type Dtype } from "../checkpoint/dtype.ts";
import { codeBits, wholeWindow, type BlockScheme, type CodeFormat, type Piece } from "../checkpoint/quantisation.ts";
import { secondScales, weightScales } from "./auxiliaries.ts";
import type { MatrixShape } from "./matrices.ts";
import { t } from "../text/l10n.ts";
import {
  elements,
  Malformed,
  pieceOf,
  required,
  requireDtype,
  requireElements,
  sliceOf,
  words,
  type Auxiliaries,
  type Packing,
  type PackingContext,
} from "./packing.ts";

/** Codes to a scale in the OCP's formats and in NVIDIA's. */
const mxBlock = 32;
const nvBlock = 16;
/** DeepSeek's blocks, where no config tells other ones. */
const usualBlock = [128, 128] as const;

/** How codes lie in a weight, before its scales are looked at. */
interface Codes {
  readonly format: string;
  readonly shape: readonly number[];
  /** See PackedWeight; most of these formats leave a weight as it was. */
  readonly outputsFirst?: true;
  readonly code: CodeFormat;
  /** See BlockScheme. */
  readonly offset?: number;
  readonly constant?: number;
  readonly scales: Tensor | null;
  /** How the scales are to be read, where their dtype does not say it. */
  readonly scaleFormat?: Dtype;
  /** The block of a scale, where the format says it. */
  readonly block?: readonly [rows: number, columns: number];
  readonly factor?: { readonly tensor: Tensor; readonly use: BlockScheme["factorUse"] };
}

/**
 * The packing of a weight with block scales; null for one that has none.
 * @throws Malformed
 */
export function blockPacking(context: PackingContext): Packing | null {
  const codes = codesOf(context);
  return codes === null ? null : packingOf(context, codes);
}

/** What is narrower than a byte has to be unpacked, even without a scale. */
export function subBytePacking(weight: Tensor): Packing | null {
  if (dtypeBits[weight.dtype] >= 8) return null;
  const none = { weight, auxiliaries: new Map(), config: {}, inputsFirst: false, textOf: () => null };
  return packingOf(none, { format: weight.dtype, shape: weight.shape, code: weight.dtype, scales: null });
}

function codesOf(context: PackingContext): Codes | null {
  const { weight, auxiliaries } = context;
  const { name, shape, dtype } = weight;
  const has = (suffix: string): boolean => auxiliaries.has(suffix);
  if (name.endsWith("_blocks") && dtype === "U8" && shape.length >= 3) return mxfp4(context);
  if (name.endsWith(".weight_packed")) return packed(context);
  const second = firstOf(auxiliaries, secondScales);
  if (second !== undefined) {
    requireDtype(weight, "U8", "F4");
    const factor = { tensor: second, use: "multiply" } as const;
    return nvfp4(context, dtype === "F4" ? shape : unpacked(weight, 2), factor);
  }
  if (has(".SCB")) {
    requireDtype(weight, "I8");
    const scales = auxiliaries.get(".SCB")!;
    return { format: "LLM.int8", shape, outputsFirst: true, code: dtype, scales, constant: 1 / 127 };
  }
  const scales = firstOf(auxiliaries, weightScales);
  if (scales === undefined) {
    if (/^(?:F8|[UI])/.test(dtype) && Object.keys(context.config).length > 0) {
      throw new Malformed(
        t("The config says that weights are quantised, but {0} ({1}) has no scales beside it.", name, dtype),
      );
    }
    return null;
  }
  // Exponents are often kept as bytes.
  const powers = scales.dtype === "U8" && dtype.startsWith("F");
  const isMx = powers || scales.dtype === "F8_E8M0";
  const format = `${isMx ? "MX" : ""}${formatName(dtype)}`;
  return { format, shape, code: dtype, scales, ...(powers ? { scaleFormat: "F8_E8M0" } : {}) };
}

function firstOf(auxiliaries: Auxiliaries, suffixes: readonly string[]): Tensor | undefined {
  return suffixes.map((suffix) => auxiliaries.get(suffix)).find((each) => each !== undefined);
}

function formatName(dtype: Dtype): string {
  if (dtype.startsWith("F8")) return "FP8";
  if (dtype.startsWith("F6")) return "FP6";
  if (dtype === "F4") return "FP4";
  return dtype.replace(/^[IU]/, "INT");
}

/** gpt-oss: [experts, rows, blocks, 16] bytes of two codes, or the last two in one, and a power of two a block. */
function mxfp4(context: PackingContext): Codes {
  const { weight } = context;
  const scales = required(context, "MXFP4", "_scales");
  requireDtype(scales, "U8", "F8_E8M0");
  const isFlat = weight.shape.length === scales.shape.length;
  const rows = isFlat ? weight.shape.slice(0, -1) : weight.shape.slice(0, -2);
  const bytes = isFlat ? weight.shape.at(-1)! : weight.shape.at(-2)! * weight.shape.at(-1)!;
  const block = [1, mxBlock] as const;
  return { format: "MXFP4", shape: [...rows, 2 * bytes], code: "F4", scales, scaleFormat: "F8_E8M0", block };
}

function nvfp4(context: PackingContext, shape: readonly number[], factor: Codes["factor"]): Codes {
  const scales = required(context, "NVFP4", ".weight_scale", "_weight_scale", "_scale");
  requireDtype(scales, "F8_E4M3");
  return {
    format: "NVFP4",
    shape,
    code: "F4",
    scales,
    block: [1, nvBlock],
    ...(factor === undefined ? {} : { factor }),
  };
}

/** compressed-tensors: integers in words, or 4-bit floats in bytes. */
function packed(context: PackingContext): Codes {
  const { weight, auxiliaries } = context;
  const global = auxiliaries.get(".weight_global_scale");
  if (weight.dtype === "U8") {
    const shape = unpacked(weight, 2);
    // It was multiplied into the scales before these were rounded.
    if (global !== undefined) return nvfp4(context, shape, { tensor: global, use: "divide" });
    const scales = required(context, "MXFP4", ".weight_scale");
    requireDtype(scales, "U8", "F8_E8M0");
    return { format: "MXFP4", shape, code: "F4", scales, scaleFormat: "F8_E8M0", block: [1, mxBlock] };
  }
  requireDtype(weight, "I32");
  const format = "compressed-tensors";
  const scales = required(context, format, ".weight_scale");
  const bits = bitsOf(context, format, scales);
  const shape = unpacked(weight, 32 / bits);
  return { format: `INT${bits}`, shape, code: bits === 4 ? "U4" : "U8", offset: 2 ** (bits - 1), scales };
}

/**
 * How wide the codes are: as the one group of the config that has integers says, or of several the one whose groups of
 * inputs are as many as the scales.
 * @throws Malformed
 */
function bitsOf({ weight, config }: PackingContext, format: string, scales: Tensor): 4 | 8 {
  const { config_groups: groups } = config;
  const configured = typeof groups === "object" && groups !== null ? Object.values(groups) : [];
  const widths = new Set<number>();
  const fitting = new Set<number>();
  for (const group of configured as readonly unknown[]) {
    const weights = property(group, "weights");
    const [bits, size, type] = [
      property(weights, "num_bits"),
      property(weights, "group_size"),
      property(weights, "type"),
    ];
    if (typeof bits !== "number" || type === "float") continue;
    widths.add(bits);
    // Without a size a scale belongs to a whole row.
    const across = typeof size === "number" && size > 0 ? (weight.shape.at(-1)! * Math.floor(32 / bits)) / size : null;
    if (across === null || scales.shape.at(-1) === Math.ceil(across)) fitting.add(bits);
  }
  const [only] = fitting;
  if (fitting.size === 1 && (only === 4 || only === 8)) return only;
  if (widths.size === 0) {
    throw new Malformed(
      t("The weight {0} is packed in the {1} format, but no config tells into how many bits.", weight.name, format),
    );
  }
  const told = [...widths].join(", ");
  if (fitting.size === 1) {
    throw new Malformed(
      t("The weight {0} is packed in the {1} format with {2} bits, which is not decoded.", weight.name, format, told),
    );
  }
  throw new Malformed(
    t(
      "The weight {0} is packed in the {1} format, and its scales ({2}) do not tell which of the config's groups it is in ({3} bits).",
      weight.name,
      format,
      words(scales),
      told,
    ),
  );
}

function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[key] : undefined;
}

function unpacked({ shape, name }: Tensor, factor: number): number[] {
  if (shape.length === 0) throw new Malformed(t("{0} is a single number, where packed codes belong.", name));
  return [...shape.slice(0, -1), shape.at(-1)! * factor];
}

function packingOf(context: PackingContext, codes: Codes): Packing {
  const { weight, auxiliaries } = context;
  const { format, shape, code, scales, factor } = codes;
  const groups = auxiliaries.get(".weight_g_idx");
  const zeros = auxiliaries.get(".weight_zero_point");
  return {
    format,
    shape,
    outputsFirst: codes.outputsFirst === true,
    quantisation: (matrix, slice) => {
      const { slices, rows, columns } = matrix;
      const scaled = scales === null ? null : scalesOf(scales, codes, matrix, slice, context);
      const zeroPoints = zeros === undefined || scaled === null ? null : zerosOf(zeros, scaled, codes, matrix, slice);
      if (groups !== undefined) {
        requireDtype(groups, "I32");
        requireElements(groups, columns);
      }
      if (factor !== undefined && elements(factor.tensor) !== 1) requireElements(factor.tensor, slices);
      return {
        scheme: {
          kind: "blocks",
          pitch: columns,
          // Packed zero points are as far from zero as packed codes are.
          offset: zeroPoints !== null && zeroPoints.zeroRows > 1 ? 0 : (codes.offset ?? 0),
          blockRows: scaled?.blockRows ?? rows,
          blockColumns: scaled?.blockColumns ?? columns,
          scalePitch: scaled?.scalePitch ?? 1,
          zeroRows: zeroPoints?.zeroRows ?? 1,
          factorUse: factor?.use ?? "multiply",
          constant: codes.constant ?? 1,
        },
        pieces: {
          codes: sliceOf(weight, code, slices, slice),
          ...(scaled === null ? {} : { scales: scaled.piece }),
          ...(zeroPoints === null ? {} : { zeros: zeroPoints.piece }),
          ...(groups === undefined ? {} : { groups: pieceOf(groups) }),
          ...(factor === undefined ? {} : { factor: ofSlice(factor.tensor, factor.tensor.dtype, slices, slice) }),
        },
        window: wholeWindow,
      };
    },
  };
}

/** What there is one of for each matrix of a stack, or one for all of them. */
function ofSlice(tensor: Tensor, format: Dtype, slices: number, slice: number): Piece {
  return elements(tensor) === 1 ? pieceOf(tensor, format) : sliceOf(tensor, format, slices, slice);
}

/**
 * Zero points lie as the scales do, a number each; beside packed codes they may be packed too, along the rows of blocks.
 * @throws Malformed
 */
function zerosOf(
  zeros: Tensor,
  { blockRows, scalePitch }: Grid,
  { code, offset }: Codes,
  { slices, rows }: MatrixShape,
  slice: number,
): Pick<BlockScheme, "zeroRows"> & { readonly piece: Piece } {
  const down = Math.ceil(rows / blockRows);
  const zeroRows = 32 / codeBits(code);
  const isPacked = offset !== undefined && zeros.dtype === "I32" && elements(zeros) < slices * down * scalePitch;
  if (!isPacked) {
    requireElements(zeros, slices * down * scalePitch);
    requireDtype(zeros, "I8", "U8", "I32", "F32", "F16", "BF16");
    return { zeroRows: 1, piece: sliceOf(zeros, zeros.dtype, slices, slice) };
  }
  requireElements(zeros, slices * Math.ceil(down / zeroRows) * scalePitch);
  return { zeroRows, piece: sliceOf(zeros, code, slices, slice) };
}

type Grid = Pick<BlockScheme, "blockRows" | "blockColumns" | "scalePitch">;

function scalesOf(
  scales: Tensor,
  { block, scaleFormat = scales.dtype }: Codes,
  matrix: MatrixShape,
  slice: number,
  { config, inputsFirst }: PackingContext,
): Grid & { readonly piece: Piece } {
  requireDtype(
    scales,
    "F32",
    "F16",
    "BF16",
    "F64",
    "F8_E4M3",
    "F8_E5M2",
    "F8_E8M0",
    ...(scaleFormat === scales.dtype ? [] : [scales.dtype]),
  );
  const { slices, stack, rows, columns } = matrix;
  if (elements(scales) === 1) return { ...wholeGrid(matrix), piece: pieceOf(scales, scaleFormat) };
  // One a slice, as a vector or as [slices, 1, 1].
  const isSliced = stack && scales.shape[0] === slices;
  const shape = isSliced ? scales.shape.slice(1) : scales.shape;
  if (stack && !isSliced) {
    throw new Malformed(t("The scales {0} ({1}) do not divide into {2} matrices.", scales.name, words(scales), slices));
  }
  const blocks = block === undefined ? [configuredBlock(config), usualBlock] : [block];
  // A scale an output, listed downwards whichever side the outputs are.
  const isList = shape.slice(1).every((size) => size === 1);
  const grid =
    stack && inputsFirst && isList && shape[0] === columns
      ? { blockRows: rows, blockColumns: 1, scalePitch: columns }
      : gridOf(shape, matrix, blocks);
  if (grid === null) {
    throw new Malformed(
      t("The scales {0} ({1}) do not fit a matrix of {2} × {3}.", scales.name, words(scales), rows, columns),
    );
  }
  return { ...grid, piece: sliceOf(scales, scaleFormat, slices, slice) };
}

function wholeGrid({ rows, columns }: MatrixShape): Grid {
  return { blockRows: rows, blockColumns: columns, scalePitch: 1 };
}

/** @param blocks those of which the first that fits is taken, if the scales are for blocks */
function gridOf(
  shape: readonly number[],
  matrix: MatrixShape,
  blocks: readonly (readonly [number, number] | null)[],
): Grid | null {
  const { rows, columns } = matrix;
  const [down = 1, ...others] = shape;
  const across = others.reduce((product, size) => product * size, 1);
  if (down === 1 && across === 1) return wholeGrid(matrix);
  for (const block of blocks) {
    if (block === null) continue;
    const [blockRows, blockColumns] = block;
    if (down === Math.ceil(rows / blockRows) && across === Math.ceil(columns / blockColumns)) {
      return { blockRows, blockColumns, scalePitch: across };
    }
  }
  // A format that has blocks of its own has no others.
  if (blocks.length === 1) return null;
  // A scale a row, a column, or a group of columns; or blocks that divide the matrix.
  const [blockRows, blockColumns] = [rows / down, columns / across];
  return Number.isSafeInteger(blockRows) && Number.isSafeInteger(blockColumns)
    ? { blockRows, blockColumns, scalePitch: across }
    : null;
}

function configuredBlock({ weight_block_size: size }: PackingContext["config"]): readonly [number, number] | null {
  if (!Array.isArray(size) || size.length !== 2) return null;
  const [rows, columns] = size as readonly unknown[];
  const isSize = (value: unknown): value is number =>
    typeof value === "number" && Number.isSafeInteger(value) && value > 0;
  return isSize(rows) && isSize(columns) ? [rows, columns] : null;
}
