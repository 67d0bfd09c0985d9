import { dtypeBits, type Dtype } from "../checkpoint/dtype.ts";

/** How the entries of a dtype are written, as shaders/number.wgsl takes them apart. */
export interface NumberFormat {
  readonly bytes: number;
  /** The shader's `Format`. */
  readonly code: readonly [kind: number, bytes: number, exponentBits: number, fractionBits: number];
  /** The bits of 1: low word, high word. */
  readonly one: readonly [low: number, high: number];
}

const floating = 0;
const floatingWithoutInfinity = 1;
const signed = 2;
const unsigned = 3;

const formats: Partial<Record<Dtype, NumberFormat>> = {
  F64: float("F64", floating, 11, 52),
  F32: float("F32", floating, 8, 23),
  F16: float("F16", floating, 5, 10),
  BF16: float("BF16", floating, 8, 7),
  F8_E4M3: float("F8_E4M3", floatingWithoutInfinity, 4, 3),
  F8_E5M2: float("F8_E5M2", floating, 5, 2),
  I8: integer("I8", signed),
  U8: integer("U8", unsigned),
  I16: integer("I16", signed),
  U16: integer("U16", unsigned),
  I32: integer("I32", signed),
  U32: integer("U32", unsigned),
};

/** The format of a dtype, or null if its entries are not decoded. */
export function numberFormat(dtype: Dtype): NumberFormat | null {
  return formats[dtype] ?? null;
}

function float(dtype: Dtype, kind: number, exponentBits: number, fractionBits: number): NumberFormat {
  const bytes = dtypeBits[dtype] / 8;
  const bias = 2 ** (exponentBits - 1) - 1;
  const one = fractionBits < 32 ? [bias * 2 ** fractionBits, 0] : [0, bias * 2 ** (fractionBits - 32)];
  return { bytes, code: [kind, bytes, exponentBits, fractionBits], one: [one[0]!, one[1]!] };
}

function integer(dtype: Dtype, kind: number): NumberFormat {
  const bytes = dtypeBits[dtype] / 8;
  return { bytes, code: [kind, bytes, 0, 0], one: [1, 0] };
}
