/** Entries of any dtype as numbers, for showing a few of them. */
import { dtypeBits, type Dtype } from "./dtype.ts";

/** Reads the entry that begins at a bit of the bytes. */
export type EntryReader = (bytes: DataView, bit: number) => number;

interface SmallFloat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /**
   * `ieee`: the highest exponent means infinity or NaN; `last`: only its last code is NaN; `fnuz`: there is no −0, its code
   * is NaN, and the bias is one more; `none`: every code is a number.
   */
  readonly special: "ieee" | "last" | "fnuz" | "none";
}

/** IEEE 754; arXiv 2209.05433 for FP8; the FNUZ types of ONNX; OCP Microscaling Formats 1.0 for F6 and F4. */
const smallFloats: Partial<Record<Dtype, SmallFloat>> = {
  F16: { exponentBits: 5, fractionBits: 10, special: "ieee" },
  BF16: { exponentBits: 8, fractionBits: 7, special: "ieee" },
  F8_E4M3: { exponentBits: 4, fractionBits: 3, special: "last" },
  F8_E5M2: { exponentBits: 5, fractionBits: 2, special: "ieee" },
  F8_E4M3FNUZ: { exponentBits: 4, fractionBits: 3, special: "fnuz" },
  F8_E5M2FNUZ: { exponentBits: 5, fractionBits: 2, special: "fnuz" },
  F6_E2M3: { exponentBits: 2, fractionBits: 3, special: "none" },
  F6_E3M2: { exponentBits: 3, fractionBits: 2, special: "none" },
  F4: { exponentBits: 2, fractionBits: 1, special: "none" },
};

/** 64-bit integers are rounded to float64, of a complex number its modulus is read: see {@link exactEntry}. */
export function entryReader(dtype: Dtype): EntryReader {
  const format = smallFloats[dtype];
  if (format !== undefined) {
    const table = smallFloatTable(format);
    const width = dtypeBits[dtype];
    return (bytes, bit) => table[bitsAt(bytes, bit, width)]!;
  }
  switch (dtype) {
    case "F64":
      return (bytes, bit) => bytes.getFloat64(bit / 8, true);
    case "F32":
      return (bytes, bit) => bytes.getFloat32(bit / 8, true);
    case "C64":
      return (bytes, bit) => Math.hypot(bytes.getFloat32(bit / 8, true), bytes.getFloat32(bit / 8 + 4, true));
    case "F8_E8M0":
      return (bytes, bit) => {
        const code = bytes.getUint8(bit / 8);
        return code === 255 ? NaN : 2 ** (code - 127);
      };
    case "I64":
      return (bytes, bit) => Number(bytes.getBigInt64(bit / 8, true));
    case "U64":
      return (bytes, bit) => Number(bytes.getBigUint64(bit / 8, true));
    case "I32":
      return (bytes, bit) => bytes.getInt32(bit / 8, true);
    case "U32":
      return (bytes, bit) => bytes.getUint32(bit / 8, true);
    case "I16":
      return (bytes, bit) => bytes.getInt16(bit / 8, true);
    case "U16":
      return (bytes, bit) => bytes.getUint16(bit / 8, true);
    case "I8":
      return (bytes, bit) => bytes.getInt8(bit / 8);
    default:
      return (bytes, bit) => bytes.getUint8(bit / 8);
  }
}

/** An entry in full, where a float64 does not hold all of it: long integers, complex numbers; else null. */
export function exactEntry(dtype: Dtype): ((bytes: DataView, bit: number) => string) | null {
  switch (dtype) {
    case "I64":
      return (bytes, bit) => bytes.getBigInt64(bit / 8, true).toString();
    case "U64":
      return (bytes, bit) => bytes.getBigUint64(bit / 8, true).toString();
    case "C64":
      return (bytes, bit) => {
        const imaginary = bytes.getFloat32(bit / 8 + 4, true);
        return `${bytes.getFloat32(bit / 8, true)}${imaginary < 0 ? "−" : "+"}${Math.abs(imaginary)}i`;
      };
    default:
      return null;
  }
}

/** Up to 16 bits; those of a byte count from its lowest. */
function bitsAt(bytes: DataView, bit: number, width: number): number {
  const first = Math.floor(bit / 8);
  const shift = bit % 8;
  let word = bytes.getUint8(first);
  for (let next = 1; 8 * next < shift + width; next++) word |= bytes.getUint8(first + next) << (8 * next);
  return (word >> shift) & ((1 << width) - 1);
}

const tables = new Map<SmallFloat, Float64Array>();

/** The number behind each code. */
function smallFloatTable(format: SmallFloat): Float64Array {
  let table = tables.get(format);
  if (table === undefined) {
    table = Float64Array.from({ length: 2 ** (1 + format.exponentBits + format.fractionBits) }, (_, code) =>
      smallFloat(code, format),
    );
    tables.set(format, table);
  }
  return table;
}

function smallFloat(code: number, { exponentBits, fractionBits, special }: SmallFloat): number {
  const width = exponentBits + fractionBits;
  const magnitude = code % 2 ** width;
  const negative = code >= 2 ** width;
  const biased = Math.floor(magnitude / 2 ** fractionBits);
  const fraction = magnitude % 2 ** fractionBits;
  const bias = 2 ** (exponentBits - 1) - (special === "fnuz" ? 0 : 1);
  if (special === "fnuz" && negative && magnitude === 0) return NaN;
  if (special === "last" && magnitude === 2 ** width - 1) return NaN;
  if (special === "ieee" && biased === 2 ** exponentBits - 1) {
    return fraction !== 0 ? NaN : negative ? -Infinity : Infinity;
  }
  const value =
    biased === 0
      ? fraction * 2 ** (1 - bias - fractionBits)
      : (1 + fraction / 2 ** fractionBits) * 2 ** (biased - bias);
  return negative ? -value : value;
}
