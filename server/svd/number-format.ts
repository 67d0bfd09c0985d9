import { codeBits, type CodeFormat } from "../checkpoint/quantisation.ts";

/** How numbers are written, as shaders/number.wgsl takes them apart. */
export interface NumberFormat {
  readonly bits: number;
  /** The shader's `Format`. */
  readonly code: readonly [kind: number, bits: number, exponentBits: number, fractionBits: number];
  /** The bits of 1: low word, high word. */
  readonly one: readonly [low: number, high: number];
}

const floating = 0;
const floatingWithoutInfinity = 1;
const signed = 2;
const unsigned = 3;
const floatingUnsignedZero = 4;
const floatingFinite = 5;
const powerOfTwo = 6;

const formats: Partial<Record<CodeFormat, NumberFormat>> = {
  F64: float("F64", floating, 11, 52),
  F32: float("F32", floating, 8, 23),
  F16: float("F16", floating, 5, 10),
  BF16: float("BF16", floating, 8, 7),
  F8_E4M3: float("F8_E4M3", floatingWithoutInfinity, 4, 3),
  F8_E5M2: float("F8_E5M2", floating, 5, 2),
  F8_E4M3FNUZ: float("F8_E4M3FNUZ", floatingUnsignedZero, 4, 3),
  F8_E5M2FNUZ: float("F8_E5M2FNUZ", floatingUnsignedZero, 5, 2),
  F8_E8M0: { bits: 8, code: [powerOfTwo, 8, 8, 0], one: [127, 0] },
  F6_E2M3: float("F6_E2M3", floatingFinite, 2, 3),
  F6_E3M2: float("F6_E3M2", floatingFinite, 3, 2),
  F4: float("F4", floatingFinite, 2, 1),
  I8: integer("I8", signed),
  U4: integer("U4", unsigned),
  U8: integer("U8", unsigned),
  I16: integer("I16", signed),
  U16: integer("U16", unsigned),
  I32: integer("I32", signed),
  U32: integer("U32", unsigned),
  I64: integer("I64", signed),
  U64: integer("U64", unsigned),
};

/** The format of a dtype or of codes, or null if its entries are no numbers. */
export function numberFormat(format: CodeFormat): NumberFormat | null {
  return formats[format] ?? null;
}

function float(format: CodeFormat, kind: number, exponentBits: number, fractionBits: number): NumberFormat {
  const bits = codeBits(format);
  const bias = 2 ** (exponentBits - 1) - (kind === floatingUnsignedZero ? 0 : 1);
  const one = fractionBits < 32 ? [bias * 2 ** fractionBits, 0] : [0, bias * 2 ** (fractionBits - 32)];
  return { bits, code: [kind, bits, exponentBits, fractionBits], one: [one[0]!, one[1]!] };
}

function integer(format: CodeFormat, kind: number): NumberFormat {
  const bits = codeBits(format);
  return { bits, code: [kind, bits, 0, 0], one: [1, 0] };
}
