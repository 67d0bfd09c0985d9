/** Writes and reads small `.safetensors` files for tests, in plain float64: simple enough to be taken for right. */
import { readFile } from "node:fs/promises";
import { dtypeBits, type Dtype } from "../../server/checkpoint/dtype.ts";
import { floatWriter, isFloatDtype } from "../../server/checkpoint/encode.ts";

export interface TensorData {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

export interface TensorValues {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

interface FloatFormat {
  readonly exponentBits: number;
  readonly fractionBits: number;
  /** E4M3 has no infinity: its highest exponent is used for numbers, and only its last code is NaN. */
  readonly infinity: boolean;
}

const floatFormats: Partial<Record<Dtype, FloatFormat>> = {
  F16: { exponentBits: 5, fractionBits: 10, infinity: true },
  BF16: { exponentBits: 8, fractionBits: 7, infinity: true },
  F8_E4M3: { exponentBits: 4, fractionBits: 3, infinity: false },
  F8_E5M2: { exponentBits: 5, fractionBits: 2, infinity: true },
};

/**
 * The bytes of `values` in `dtype`, little-endian. Floats are rounded to nearest, ties to even; what is too large becomes
 * an infinity (NaN in E4M3). Integers must be in range.
 */
export function encode(values: ArrayLike<number>, dtype: Dtype): Uint8Array {
  const width = dtypeBits[dtype] / 8;
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  const write = elementWriter(view, dtype);
  for (let i = 0; i < values.length; i++) write(i * width, values[i]!);
  return bytes;
}

/** The values of `bytes` in `dtype`, exactly (64-bit integers are rounded to float64). */
export function decode(bytes: Uint8Array, dtype: Dtype): Float64Array {
  const width = dtypeBits[dtype] / 8;
  const read = elementReader(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), dtype);
  return Float64Array.from({ length: bytes.byteLength / width }, (_, i) => read(i * width));
}

/** A whole `.safetensors` file: the tensors in the order given, without holes, the header padded to 8 bytes. */
export function safetensors(
  tensors: Readonly<Record<string, TensorData>>,
  metadata?: Readonly<Record<string, string>>,
): Uint8Array {
  const entries: [string, unknown][] = metadata === undefined ? [] : [["__metadata__", metadata]];
  const parts: Uint8Array[] = [];
  let offset = 0;
  for (const [name, { dtype, shape, data }] of Object.entries(tensors)) {
    entries.push([name, { dtype, shape, data_offsets: [offset, offset + data.byteLength] }]);
    parts.push(data);
    offset += data.byteLength;
  }
  return withHeader(JSON.stringify(Object.fromEntries(entries)), Buffer.concat(parts));
}

/** A file of a header's text, padded to 8 bytes, and the bytes after it, whether they fit or not. */
export function withHeader(json: string, data: Uint8Array = new Uint8Array()): Uint8Array {
  const text = Buffer.from(json, "utf8");
  const padded = Buffer.alloc(Math.ceil(text.byteLength / 8) * 8, " ");
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.byteLength));
  return Buffer.concat([length, padded, data]);
}

/** Every tensor of a file with its values. */
export async function readSafetensors(path: string): Promise<Map<string, TensorValues>> {
  const bytes = await readFile(path);
  const start = 8 + Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, start)) as Record<
    string,
    { dtype: Dtype; shape: number[]; data_offsets: [number, number] }
  >;
  const tensors = new Map<string, TensorValues>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    const [begin, end] = entry.data_offsets;
    const values = decode(bytes.subarray(start + begin, start + end), entry.dtype);
    tensors.set(name, { dtype: entry.dtype, shape: entry.shape, values });
  }
  return tensors;
}

function elementWriter(view: DataView, dtype: Dtype): (offset: number, value: number) => void {
  if (isFloatDtype(dtype)) return floatWriter(view, dtype);
  switch (dtype) {
    case "BOOL":
    case "U8":
    case "F8_E8M0":
      return (offset, value) => {
        view.setUint8(offset, value);
      };
    case "I8":
      return (offset, value) => {
        view.setInt8(offset, value);
      };
    case "U16":
      return (offset, value) => {
        view.setUint16(offset, value, true);
      };
    case "I16":
      return (offset, value) => {
        view.setInt16(offset, value, true);
      };
    case "U32":
      return (offset, value) => {
        view.setUint32(offset, value, true);
      };
    case "I32":
      return (offset, value) => {
        view.setInt32(offset, value, true);
      };
    case "U64":
      return (offset, value) => {
        view.setBigUint64(offset, BigInt(value), true);
      };
    case "I64":
      return (offset, value) => {
        view.setBigInt64(offset, BigInt(value), true);
      };
    default:
      throw new Error(`the test writer does not write ${dtype}`);
  }
}

function elementReader(view: DataView, dtype: Dtype): (offset: number) => number {
  const format = floatFormats[dtype];
  if (format !== undefined) {
    return dtypeBits[dtype] === 8
      ? (offset) => floatValue(view.getUint8(offset), format)
      : (offset) => floatValue(view.getUint16(offset, true), format);
  }
  switch (dtype) {
    case "F8_E4M3FNUZ":
      return (offset) => unsignedZeroValue(view.getUint8(offset), 4);
    case "F8_E5M2FNUZ":
      return (offset) => unsignedZeroValue(view.getUint8(offset), 5);
    case "F64":
      return (offset) => view.getFloat64(offset, true);
    case "F32":
      return (offset) => view.getFloat32(offset, true);
    case "BOOL":
    case "U8":
    case "F8_E8M0":
      return (offset) => view.getUint8(offset);
    case "I8":
      return (offset) => view.getInt8(offset);
    case "U16":
      return (offset) => view.getUint16(offset, true);
    case "I16":
      return (offset) => view.getInt16(offset, true);
    case "U32":
      return (offset) => view.getUint32(offset, true);
    case "I32":
      return (offset) => view.getInt32(offset, true);
    case "U64":
      return (offset) => Number(view.getBigUint64(offset, true));
    case "I64":
      return (offset) => Number(view.getBigInt64(offset, true));
    default:
      throw new Error(`the test reader does not read ${dtype}`);
  }
}

/** Eight bits of the FNUZ types: no infinity, no −0, whose code is the only NaN, and a bias of 2^(exponent bits − 1). */
function unsignedZeroValue(code: number, exponentBits: number): number {
  if (code === 128) return NaN;
  const fractionBits = 7 - exponentBits;
  const bias = 2 ** (exponentBits - 1);
  const exponent = (code & 127) >> fractionBits;
  const fraction = (code & (2 ** fractionBits - 1)) / 2 ** fractionBits;
  const magnitude = exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  return code > 128 ? -magnitude : magnitude;
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
