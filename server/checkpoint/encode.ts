/** Single numbers as the floating-point dtypes of a checkpoint write them. */
import type { Dtype } from "./dtype.ts";

export type FloatDtype = Extract<Dtype, "F64" | "F32" | "F16" | "BF16" | "F8_E4M3" | "F8_E5M2">;

interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /** E4M3 has no infinity: its highest exponent is used for numbers, and only its last code is NaN. */
  readonly infinity: boolean;
}

const shortFormats: Readonly<Record<Exclude<FloatDtype, "F64" | "F32">, FloatFormat>> = {
  F16: { exponentBits: 5, fractionBits: 10, infinity: true },
  BF16: { exponentBits: 8, fractionBits: 7, infinity: true },
  F8_E4M3: { exponentBits: 4, fractionBits: 3, infinity: false },
  F8_E5M2: { exponentBits: 5, fractionBits: 2, infinity: true },
};

export function isFloatDtype(dtype: Dtype): dtype is FloatDtype {
  return dtype === "F64" || dtype === "F32" || Object.hasOwn(shortFormats, dtype);
}

/**
 * Writes a number at a byte offset, little-endian, rounded to nearest, ties to even; what is too large becomes an infinity
 * (NaN in E4M3).
 */
export function floatWriter(view: DataView, dtype: FloatDtype): (offset: number, value: number) => void {
  switch (dtype) {
    case "F64":
      return (offset, value) => {
        view.setFloat64(offset, value, true);
      };
    case "F32":
      return (offset, value) => {
        view.setFloat32(offset, value, true);
      };
    case "F16":
    case "BF16": {
      const format = shortFormats[dtype];
      return (offset, value) => {
        view.setUint16(offset, floatCode(value, format), true);
      };
    }
    case "F8_E4M3":
    case "F8_E5M2": {
      const format = shortFormats[dtype];
      return (offset, value) => {
        view.setUint8(offset, floatCode(value, format));
      };
    }
  }
}

/** The number at the start of a view. */
export function readFloat(view: DataView, dtype: FloatDtype): number {
  switch (dtype) {
    case "F64":
      return view.getFloat64(0, true);
    case "F32":
      return view.getFloat32(0, true);
    case "F16":
    case "BF16":
      return floatValue(view.getUint16(0, true), shortFormats[dtype]);
    case "F8_E4M3":
    case "F8_E5M2":
      return floatValue(view.getUint8(0), shortFormats[dtype]);
  }
}

const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);

function floatCode(value: number, { exponentBits, fractionBits, infinity }: FloatFormat): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const allOnes = 2 ** (exponentBits + fractionBits) - 1;
  const infinityCode = infinity ? allOnes - (2 ** fractionBits - 1) : allOnes;
  const sign = value < 0 || Object.is(value, -0) ? 2 ** (exponentBits + fractionBits) : 0;
  if (Number.isNaN(value)) return allOnes;
  const magnitude = Math.abs(value);
  if (magnitude === Infinity) return sign + infinityCode;
  double[0] = magnitude;
  const exponent = Math.max((doubleWords[1]! >>> 20) - 1023, 1 - bias);
  const scaled = magnitude / 2 ** (exponent - fractionBits);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // A carry out of the fraction runs into the exponent, as it should.
  return sign + Math.min((exponent + bias - 1) * 2 ** fractionBits + rounded, infinityCode);
}

function floatValue(code: number, { exponentBits, fractionBits, infinity }: FloatFormat): number {
  const bias = 2 ** (exponentBits - 1) - 1;
  const signBit = 2 ** (exponentBits + fractionBits);
  const sign = code >= signBit ? -1 : 1;
  const magnitude = code % signBit;
  const exponent = Math.floor(magnitude / 2 ** fractionBits);
  const fraction = magnitude % 2 ** fractionBits;
  if (infinity && exponent === 2 ** exponentBits - 1) return fraction === 0 ? sign * Infinity : NaN;
  if (!infinity && magnitude === signBit - 1) return NaN;
  return exponent === 0
    ? sign * fraction * 2 ** (1 - bias - fractionBits)
    : sign * (2 ** fractionBits + fraction) * 2 ** (exponent - bias - fractionBits);
}
