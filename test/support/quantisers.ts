/**
 * Quantisers: what the libraries make of a matrix of numbers, as weights that quantised.ts packs. They round to nearest
 * with scales from the extremes of each group, which is what every library does where no activations are looked at.
 */
import {
  awq,
  bitsandbytes4,
  e2m1,
  e4m3,
  fp8Blocks,
  gptq,
  llmInt8,
  mxfp4,
  mxfp8,
  nvfp4,
  packedIntegers,
  scaledRows,
  type QuantisedWeight,
} from "./quantised.ts";
import { uniform } from "./random.ts";

/** Makes a weight of a row-major `rows × columns` matrix. */
export type Quantiser = (matrix: Float64Array, rows: number, columns: number) => QuantisedWeight;

/** To eleven bits, which F16 holds. */
function toHalf(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) - 10);
  return Math.round(value / unit) * unit;
}

/** To eight bits, which BF16 holds. */
function toBf16(value: number): number {
  const unit = 2 ** (Math.floor(Math.log2(value)) - 7);
  return Math.ceil(value / unit) * unit;
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}

/** The code whose value in the table is nearest; NaN is no value. */
function nearest(table: readonly number[]): (value: number) => number {
  const sorted = table
    .map((value, code) => ({ value, code }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.value - b.value);
  return (value) => {
    let [low, high] = [0, sorted.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (sorted[middle]!.value <= value) low = middle;
      else high = middle;
    }
    const [below, above] = [sorted[low]!, sorted[high]!];
    return value - below.value <= above.value - value ? below.code : above.code;
  };
}

const fp8 = nearest(Array.from({ length: 256 }, (_, code) => e4m3(code)));
const fp4 = nearest(e2m1);
/** QLoRA's NormalFloat: quantiles of a normal distribution, the outermost of which are ±1 (arXiv 2305.14314, appendix E). */
const nf4Table = Float64Array.of(
  ...[-1, -0.6961928, -0.5250731, -0.3949175, -0.2844414, -0.1847734, -0.09105004, 0, 0.0795803, 0.1609302],
  ...[0.2461123, 0.3379152, 0.4407098, 0.562617, 0.7229568, 1],
).map(Math.fround);
const nf4 = nearest([...nf4Table]);

/** Extremes of the entries that `groupOf` puts together. */
function extremes(
  matrix: Float64Array,
  columns: number,
  count: number,
  groupOf: (row: number, column: number) => number,
): { readonly least: Float64Array; readonly most: Float64Array; readonly size: Float64Array } {
  const [least, most, size] = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  matrix.forEach((value, i) => {
    const group = groupOf(Math.floor(i / columns), i % columns);
    least[group] = Math.min(least[group]!, value);
    most[group] = Math.max(most[group]!, value);
    size[group] = Math.max(size[group]!, Math.abs(value));
  });
  return { least, most, size };
}

/** Codes from 0 to 2^bits − 1 and a zero point for each group: (code − zero) · scale. */
function asymmetric(
  matrix: Float64Array,
  columns: number,
  bits: number,
  count: number,
  groupOf: (row: number, column: number) => number,
): { readonly codes: Uint8Array; readonly scales: Float64Array; readonly zeros: Uint8Array } {
  const { least, most } = extremes(matrix, columns, count, groupOf);
  const top = 2 ** bits - 1;
  const scales = most.map((value, group) => toHalf((value - least[group]!) / top));
  const zeros = Uint8Array.from(least, (value, group) => clamp(Math.round(-value / scales[group]!), 0, top));
  const codes = Uint8Array.from(matrix, (value, i) => {
    const group = groupOf(Math.floor(i / columns), i % columns);
    return clamp(Math.round(value / scales[group]!) + zeros[group]!, 0, top);
  });
  return { codes, scales, zeros };
}

/** As [columns, rows]. */
function turned<Values extends Uint8Array | Float64Array>(values: Values, rows: number, columns: number): Values {
  return values.map((_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!) as Values;
}

/** Powers of two for 32 of a row, of which the largest has the format's largest exponent (OCP Microscaling Formats 1.0). */
function microscaled(
  matrix: Float64Array,
  columns: number,
  largestExponent: number,
  code: (value: number) => number,
  most: number,
): { readonly codes: Uint8Array; readonly exponents: Uint8Array } {
  const { size } = extremes(matrix, columns, matrix.length / 32, (row, column) =>
    Math.floor((row * columns + column) / 32),
  );
  const exponents = Uint8Array.from(size, (value) => Math.floor(Math.log2(value)) - largestExponent + 127);
  const codes = Uint8Array.from(matrix, (value, i) =>
    code(clamp(value / 2 ** (exponents[Math.floor(i / 32)]! - 127), -most, most)),
  );
  return { codes, exponents };
}

const asGptq =
  (bits: number, groupSize: number, shuffled: boolean, version: "gptq" | "gptq_v2" = "gptq"): Quantiser =>
  (matrix, rows, columns) => {
    const groupCount = Math.ceil(columns / groupSize);
    const random = uniform(rows * columns + bits);
    // `desc_act`: groups of inputs of like importance, wherever they stand.
    const order = Array.from({ length: columns }, (_, input) => ({ input, key: random() })).sort(
      (a, b) => a.key - b.key,
    );
    const groups = Array.from({ length: columns }, (_, input) => Math.floor(input / groupSize));
    if (shuffled) order.forEach(({ input }, place) => (groups[input] = Math.floor(place / groupSize)));
    const { codes, scales, zeros } = asymmetric(
      matrix,
      columns,
      bits,
      groupCount * rows,
      (output, input) => groups[input]! * rows + output,
    );
    return gptq({ bits, inputs: columns, outputs: rows, groupSize, shuffled, version }, 0, {
      codes: turned(codes, rows, columns),
      // The first version stores zeros less one, within their bits.
      zeros,
      scales,
      groups,
    });
  };

const asBitsandbytes =
  (kind: "nf4" | "fp4"): Quantiser =>
  (matrix, rows, columns) => {
    const { size } = extremes(matrix, columns, matrix.length / 64, (row, column) =>
      Math.floor((row * columns + column) / 64),
    );
    const scales = size.map(Math.fround);
    const table = kind === "nf4" ? nf4Table : Float64Array.from(e2m1, (value) => Math.fround(value / 6));
    const code = kind === "nf4" ? nf4 : nearest([...table]);
    const codes = Uint8Array.from(matrix, (value, i) => code(value / scales[Math.floor(i / 64)]!));
    return bitsandbytes4(rows, columns, { kind, nested: false }, 0, { codes, scales, table });
  };

const asScaledRows =
  (dtype: "F8_E4M3" | "I8", perRow: boolean): Quantiser =>
  (matrix, rows, columns) => {
    const { size } = extremes(matrix, columns, perRow ? rows : 1, (row) => (perRow ? row : 0));
    const scales = size.map((value) => toBf16(value / (dtype === "I8" ? 127 : 448)));
    const codes = Uint8Array.from(matrix, (value, i) => {
      const scaled = value / scales[perRow ? Math.floor(i / columns) : 0]!;
      return dtype === "I8" ? Math.round(scaled) & 255 : fp8(scaled);
    });
    return scaledRows(dtype, [rows, columns], perRow ? [rows, 1] : [1], 0, { codes, scales });
  };

const asPackedIntegers =
  (bits: 4 | 8, symmetric: boolean): Quantiser =>
  (matrix, rows, columns) => {
    const [groupSize, across] = [32, columns / 32];
    const groupOf = (row: number, column: number): number => row * across + Math.floor(column / groupSize);
    const shape = { bits, rows, columns, groupSize, symmetric };
    if (!symmetric) {
      return packedIntegers(shape, 0, asymmetric(matrix, columns, bits, rows * across, groupOf));
    }
    const half = 2 ** (bits - 1);
    const { size } = extremes(matrix, columns, rows * across, groupOf);
    const scales = size.map((value) => toHalf(value / (half - 0.5)));
    const codes = Uint8Array.from(matrix, (value, i) => {
      const scale = scales[groupOf(Math.floor(i / columns), i % columns)]!;
      return clamp(Math.round(value / scale) + half, 0, 2 * half - 1);
    });
    return packedIntegers(shape, 0, { codes, scales });
  };

const asNvfp4: Quantiser = (matrix, rows, columns) => {
  const { size } = extremes(matrix, columns, matrix.length / 16, (row, column) =>
    Math.floor((row * columns + column) / 16),
  );
  const whole = size.reduce((most, value) => Math.max(most, value), 0);
  const global = Math.fround((448 * 6) / whole);
  const exponents = Uint8Array.from(size, (value) => fp8((value / 6) * global));
  const codes = Uint8Array.from(matrix, (value, i) =>
    fp4(clamp((value * global) / e4m3(exponents[Math.floor(i / 16)]!), -6, 6)),
  );
  return nvfp4(rows, columns, "compressed-tensors", 0, { codes, exponents, global });
};

/** Every scheme. Columns have to be a multiple of 32. */
export const quantisers: Readonly<Record<string, Quantiser>> = {
  "FP8 in blocks of 32 × 32": (matrix, rows, columns) => {
    const across = Math.ceil(columns / 32);
    const groupOf = (row: number, column: number): number => Math.floor(row / 32) * across + Math.floor(column / 32);
    const { size } = extremes(matrix, columns, Math.ceil(rows / 32) * across, groupOf);
    const scales = size.map((value) => Math.fround(value / 448));
    const codes = Uint8Array.from(matrix, (value, i) =>
      fp8(value / scales[groupOf(Math.floor(i / columns), i % columns)]!),
    );
    return fp8Blocks(rows, columns, 32, 0, { codes, scales });
  },
  "FP8 by rows": asScaledRows("F8_E4M3", true),
  "FP8 of the whole": asScaledRows("F8_E4M3", false),
  "INT8 by rows": asScaledRows("I8", true),
  "INT8 of the whole": asScaledRows("I8", false),
  "LLM.int8": (matrix, rows, columns) => {
    const { size } = extremes(matrix, columns, rows, (row) => row);
    const scales = size.map(Math.fround);
    const codes = Uint8Array.from(
      matrix,
      (value, i) => Math.round((127 * value) / scales[Math.floor(i / columns)]!) & 255,
    );
    return llmInt8(rows, columns, 0, { codes, scales });
  },
  MXFP4: (matrix, rows, columns) => mxfp4(1, rows, columns / 32, 0, microscaled(matrix, columns, 2, fp4, 6)),
  MXFP8: (matrix, rows, columns) => mxfp8(rows, columns, "F8_E8M0", 0, microscaled(matrix, columns, 8, fp8, 448)),
  NVFP4: asNvfp4,
  "GPTQ 4-bit": asGptq(4, 32, false),
  "GPTQ 4-bit with act-order": asGptq(4, 32, true),
  "GPTQ 4-bit, second version": asGptq(4, 32, false, "gptq_v2"),
  "GPTQ 3-bit": asGptq(3, 32, false),
  "GPTQ 8-bit": asGptq(8, 32, false),
  "GPTQ 8-bit with act-order": asGptq(8, 32, true),
  "AWQ 4-bit": (matrix, rows, columns) => {
    const { codes, scales, zeros } = asymmetric(
      matrix,
      columns,
      4,
      (columns / 32) * rows,
      (output, input) => Math.floor(input / 32) * rows + output,
    );
    return awq(columns, rows, 32, 0, { codes: turned(codes, rows, columns), scales, zeros });
  },
  NF4: asBitsandbytes("nf4"),
  "FP4 of bitsandbytes": asBitsandbytes("fp4"),
  "compressed-tensors 4-bit, symmetric": asPackedIntegers(4, true),
  "compressed-tensors 4-bit, asymmetric": asPackedIntegers(4, false),
  "compressed-tensors 8-bit, symmetric": asPackedIntegers(8, true),
};
