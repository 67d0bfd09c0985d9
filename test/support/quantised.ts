/**
 * Small quantised weights with what they mean, in float64, by the definitions of the libraries that write them: codes are
 * drawn (or come from a quantiser: quantisers.ts), packed as the library packs them, and multiplied out one by one.
 * Nothing here is the product's code.
 */
import type { Dtype } from "../../server/checkpoint/dtype.ts";
import { uniform } from "./random.ts";
import { encode, type TensorData } from "./safetensors.ts";

export interface QuantisedWeight {
  /** Of the tensor that holds the codes. */
  readonly name: string;
  readonly format: string;
  /** Of the weight; a third dimension in front counts matrices. */
  readonly shape: readonly number[];
  /** Row-major. */
  readonly reference: Float64Array;
  readonly tensors: Readonly<Record<string, TensorData>>;
  /** `quantization_config` of config.json. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** What else config.json has. */
  readonly model?: Readonly<Record<string, unknown>>;
}

export function tensor(dtype: Dtype, shape: readonly number[], data: Uint8Array): TensorData {
  return { dtype, shape, data };
}

/** Numbers that `dtype` holds exactly, as a tensor. */
export function numbers(dtype: Dtype, shape: readonly number[], values: ArrayLike<number>): TensorData {
  return tensor(dtype, shape, encode(values, dtype));
}

/** 2⁻⁸ … 2⁻⁵ in steps that every float of ten bits of fraction holds. */
export function someScales(count: number, seed: number): Float64Array {
  const random = uniform(seed);
  return Float64Array.from(
    { length: count },
    () => (1024 + Math.floor(1024 * random())) * 2 ** -(15 + Math.floor(3 * random())),
  );
}

export function someCodes(count: number, below: number, seed: number): Uint8Array {
  const random = uniform(seed);
  return Uint8Array.from({ length: count }, () => Math.floor(below * random()));
}

/** The values of FP8's codes, by "FP8 Formats for Deep Learning"; NaN where there is none. */
export function e4m3(code: number): number {
  const sign = code >= 128 ? -1 : 1;
  const exponent = (code >> 3) & 15;
  const fraction = code & 7;
  if ((code & 127) === 127) return NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -9 : (8 + fraction) * 2 ** (exponent - 10));
}

/** The eight magnitudes of 4-bit floats in OCP Microscaling Formats 1.0; the fourth bit is the sign. */
export const e2m1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** Codes of four bits, the low ones of a byte first. */
export function lowNibbleFirst(codes: Uint8Array): Uint8Array {
  return Uint8Array.from(
    { length: Math.ceil(codes.length / 2) },
    (_, i) => codes[2 * i]! | ((codes[2 * i + 1] ?? 0) << 4),
  );
}

export function words(values: Uint32Array, shape: readonly number[]): TensorData {
  return tensor("I32", shape, new Uint8Array(values.buffer));
}

/** What a weight consists of; what is left out is drawn. Scales have to be numbers that the format holds. */
export interface Content {
  readonly codes?: Uint8Array;
  readonly scales?: Float64Array;
  readonly zeros?: Uint8Array;
}

/** Codes of FP8 but those of NaN. */
function finiteCodes(count: number, seed: number): Uint8Array {
  return someCodes(count, 256, seed).map((code) => ((code & 127) === 127 ? code - 1 : code));
}

/** DeepSeek: FP8 with scales of blocks, which multiply. */
export function fp8Blocks(
  rows: number,
  columns: number,
  block: number,
  seed: number,
  { codes = finiteCodes(rows * columns, seed), scales: given }: Content = {},
): QuantisedWeight {
  const [down, across] = [Math.ceil(rows / block), Math.ceil(columns / block)];
  const scales = given ?? someScales(down * across, seed + 1);
  const name = "model.layers.0.self_attn.o_proj.weight";
  return {
    name,
    format: "FP8",
    shape: [rows, columns],
    reference: Float64Array.from(codes, (code, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      return e4m3(code) * scales[Math.floor(row / block) * across + Math.floor(column / block)]!;
    }),
    tensors: {
      [name]: tensor("F8_E4M3", [rows, columns], codes),
      [`${name}_scale_inv`]: numbers("F32", [down, across], scales),
    },
    config: { quant_method: "fp8", weight_block_size: [block, block] },
  };
}

/** compressed-tensors and others: FP8 or int8 with one scale for all, or one a row. */
export function scaledRows(
  dtype: "F8_E4M3" | "I8",
  shape: readonly number[],
  scaleShape: readonly number[],
  seed: number,
  { codes = finiteCodes(shape[0]! * shape[1]!, seed), scales: given }: Content = {},
): QuantisedWeight {
  const columns = shape[1]!;
  const count = scaleShape.reduce((product, size) => product * size, 1);
  const scales = roundedToBf16(given ?? someScales(count, seed + 1));
  const name = "model.layers.0.mlp.up_proj.weight";
  const value = dtype === "I8" ? (code: number): number => (code < 128 ? code : code - 256) : e4m3;
  return {
    name,
    format: dtype === "I8" ? "INT8" : "FP8",
    shape,
    reference: Float64Array.from(codes, (code, i) => value(code) * scales[count === 1 ? 0 : Math.floor(i / columns)]!),
    tensors: { [name]: tensor(dtype, shape, codes), [`${name}_scale`]: numbers("BF16", scaleShape, scales) },
  };
}

/** {@link someScales} has eleven bits, of which BF16 holds eight. */
function roundedToBf16(scales: Float64Array): Float64Array {
  return scales.map((scale) => {
    const unit = 2 ** (Math.floor(Math.log2(scale)) - 7);
    return Math.round(scale / unit) * unit;
  });
}

interface Exponents {
  /** Codes of scales that are no plain numbers: powers of two, FP8. */
  readonly exponents?: Uint8Array;
}

/** gpt-oss: for each expert rows of blocks of 32 codes, with a power of two each. */
export function mxfp4(
  experts: number,
  rows: number,
  blocks: number,
  seed: number,
  { codes = someCodes(experts * rows * 32 * blocks, 16, seed), exponents }: Content & Exponents = {},
): QuantisedWeight {
  const columns = 32 * blocks;
  const scales = exponents ?? someCodes(experts * rows * blocks, 8, seed + 1).map((code) => 116 + code);
  const name = "model.layers.0.mlp.experts.gate_up_proj";
  return {
    name: `${name}_blocks`,
    format: "MXFP4",
    shape: [experts, rows, columns],
    reference: Float64Array.from(codes, (code, i) => e2m1[code]! * 2 ** (scales[Math.floor(i / 32)]! - 127)),
    tensors: {
      [`${name}_blocks`]: tensor("U8", [experts, rows, blocks, 16], lowNibbleFirst(codes)),
      [`${name}_scales`]: tensor("U8", [experts, rows, blocks], scales),
    },
    config: { quant_method: "mxfp4" },
  };
}

export interface GptqOptions {
  readonly bits: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly groupSize: number;
  /** Whether the inputs are in no order, as `desc_act` leaves them. */
  readonly shuffled: boolean;
  readonly version: "gptq" | "gptq_v2";
}

/** GPTQ: W[out, in] = scale[group, out] · (code[in, out] − zero[group, out]), the first version storing zeros less one. */
export function gptq(
  { bits, inputs, outputs, groupSize, shuffled, version }: GptqOptions,
  seed: number,
  { groups: given, ...content }: Content & { readonly groups?: readonly number[] } = {},
): QuantisedWeight {
  const groupCount = Math.ceil(inputs / groupSize);
  const codes = content.codes ?? someCodes(inputs * outputs, 2 ** bits, seed);
  const zeros = content.zeros ?? someCodes(groupCount * outputs, 2 ** bits, seed + 1);
  const scales = content.scales ?? someScales(groupCount * outputs, seed + 2);
  const random = uniform(seed + 3);
  const groups =
    given ??
    Array.from({ length: inputs }, (_, input) =>
      shuffled ? Math.floor(groupCount * random()) : Math.floor(input / groupSize),
    );
  // Bit k of the code of input i is bit i·bits + k of its column, counted through the words.
  const packed = new Uint32Array(((inputs * bits) / 32) * outputs);
  const setBit = (array: Uint32Array, word: number, bit: number): void => {
    array[word] = (array[word]! | (1 << bit)) >>> 0;
  };
  for (let input = 0; input < inputs; input++) {
    for (let output = 0; output < outputs; output++) {
      for (let k = 0; k < bits; k++) {
        if (((codes[input * outputs + output]! >> k) & 1) === 0) continue;
        const bit = input * bits + k;
        setBit(packed, Math.floor(bit / 32) * outputs + output, bit % 32);
      }
    }
  }
  const zeroWords = (outputs * bits) / 32;
  const packedZeros = new Uint32Array(groupCount * zeroWords);
  for (let group = 0; group < groupCount; group++) {
    for (let output = 0; output < outputs; output++) {
      const stored = (zeros[group * outputs + output]! - (version === "gptq" ? 1 : 0)) & (2 ** bits - 1);
      for (let k = 0; k < bits; k++) {
        if (((stored >> k) & 1) === 0) continue;
        const bit = output * bits + k;
        setBit(packedZeros, group * zeroWords + Math.floor(bit / 32), bit % 32);
      }
    }
  }
  const name = "model.layers.0.self_attn.q_proj";
  return {
    name: `${name}.qweight`,
    format: `GPTQ ${bits}-bit`,
    shape: [outputs, inputs],
    reference: Float64Array.from({ length: outputs * inputs }, (_, i) => {
      const [output, input] = [Math.floor(i / inputs), i % inputs];
      const place = groups[input]! * outputs + output;
      return scales[place]! * (codes[input * outputs + output]! - zeros[place]!);
    }),
    tensors: {
      [`${name}.g_idx`]: numbers("I32", [inputs], groups),
      [`${name}.qweight`]: words(packed, [(inputs * bits) / 32, outputs]),
      [`${name}.qzeros`]: words(packedZeros, [groupCount, zeroWords]),
      [`${name}.scales`]: numbers("F16", [groupCount, outputs], scales),
    },
    config: { quant_method: "gptq", bits, group_size: groupSize, desc_act: shuffled, checkpoint_format: version },
  };
}

/** AWQ: the nibble i of a word has the output order[i] of its eight. */
export function awq(
  inputs: number,
  outputs: number,
  groupSize: number,
  seed: number,
  content: Content = {},
): QuantisedWeight {
  const order = [0, 2, 4, 6, 1, 3, 5, 7];
  const groupCount = inputs / groupSize;
  const codes = content.codes ?? someCodes(inputs * outputs, 16, seed);
  const zeros = content.zeros ?? someCodes(groupCount * outputs, 16, seed + 1);
  const scales = content.scales ?? someScales(groupCount * outputs, seed + 2);
  const packed = (values: Uint8Array, rows: number): Uint32Array => {
    const result = new Uint32Array((rows * outputs) / 8);
    for (const i of result.keys()) {
      const [row, word] = [Math.floor(i / (outputs / 8)), i % (outputs / 8)];
      order.forEach((output, nibble) => {
        result[i] = (result[i]! | (values[row * outputs + 8 * word + output]! << (4 * nibble))) >>> 0;
      });
    }
    return result;
  };
  const name = "model.layers.0.self_attn.k_proj";
  return {
    name: `${name}.qweight`,
    format: "AWQ 4-bit",
    shape: [outputs, inputs],
    reference: Float64Array.from({ length: outputs * inputs }, (_, i) => {
      const [output, input] = [Math.floor(i / inputs), i % inputs];
      const place = Math.floor(input / groupSize) * outputs + output;
      return scales[place]! * (codes[input * outputs + output]! - zeros[place]!);
    }),
    tensors: {
      [`${name}.qweight`]: words(packed(codes, inputs), [inputs, outputs / 8]),
      [`${name}.qzeros`]: words(packed(zeros, groupCount), [groupCount, outputs / 8]),
      [`${name}.scales`]: numbers("F16", [groupCount, outputs], scales),
    },
    config: { quant_method: "awq", bits: 4, group_size: groupSize, version: "gemm", zero_point: true },
  };
}

/** bitsandbytes' 4 bits: table[code] · absmax of blocks of successive entries, which may be quantised once more. */
export function bitsandbytes4(
  rows: number,
  columns: number,
  {
    kind,
    nested,
    blockSize = 64,
  }: { readonly kind: "nf4" | "fp4"; readonly nested: boolean; readonly blockSize?: number },
  seed: number,
  content: Content & { readonly table?: Float64Array } = {},
): QuantisedWeight {
  const random = uniform(seed + 3);
  const count = rows * columns;
  const codes = content.codes ?? someCodes(count, 16, seed);
  const table = content.table ?? Float64Array.from({ length: 16 }, () => Math.fround(2 * random() - 1)).sort();
  const blocks = Math.ceil(count / blockSize);
  const nestedBlockSize = 256;
  const nestedCodes = someCodes(blocks, 256, seed + 1);
  const nestedTable = Float64Array.from({ length: 256 }, () => Math.fround(2 * random() - 1)).sort();
  const nestedScales = someScales(Math.ceil(blocks / nestedBlockSize), seed + 2);
  const nestedOffset = 0.03;
  const plain = content.scales ?? someScales(blocks, seed + 2);
  const scale = (block: number): number =>
    nested
      ? nestedTable[nestedCodes[block]!]! * nestedScales[Math.floor(block / nestedBlockSize)]! + nestedOffset
      : plain[block]!;
  const state = JSON.stringify({
    quant_type: kind,
    blocksize: blockSize,
    dtype: "bfloat16",
    shape: [rows, columns],
    ...(nested ? { nested_blocksize: nestedBlockSize, nested_dtype: "float32", nested_offset: nestedOffset } : {}),
  });
  const text = Buffer.from(state, "utf8");
  const name = "model.layers.0.mlp.down_proj.weight";
  return {
    name,
    format: kind === "nf4" ? "NF4" : "FP4 (bitsandbytes)",
    shape: [rows, columns],
    reference: Float64Array.from(codes, (code, i) => table[code]! * scale(Math.floor(i / blockSize))),
    tensors: {
      // The high nibble first.
      [name]: tensor(
        "U8",
        [Math.ceil(count / 2), 1],
        Uint8Array.from({ length: Math.ceil(count / 2) }, (_, i) => (codes[2 * i]! << 4) | (codes[2 * i + 1] ?? 0)),
      ),
      [`${name}.absmax`]: nested ? tensor("U8", [blocks], nestedCodes) : numbers("F32", [blocks], plain),
      ...(nested
        ? {
            [`${name}.nested_absmax`]: numbers("F32", [nestedScales.length], nestedScales),
            [`${name}.nested_quant_map`]: numbers("F32", [256], nestedTable),
          }
        : {}),
      [`${name}.quant_map`]: numbers("F32", [16], table),
      [`${name}.quant_state.bitsandbytes__${kind}`]: tensor("U8", [text.length], text),
    },
    config: { quant_method: "bitsandbytes", load_in_4bit: true },
  };
}

/** LLM.int8: code · SCB of the row / 127. */
export function llmInt8(rows: number, columns: number, seed: number, content: Content = {}): QuantisedWeight {
  const codes = content.codes ?? someCodes(rows * columns, 255, seed).map((code) => (code - 127) & 255);
  const scales = content.scales ?? someScales(rows, seed + 1);
  const name = "model.layers.0.self_attn.v_proj.weight";
  return {
    name,
    format: "LLM.int8",
    shape: [rows, columns],
    reference: Float64Array.from(
      codes,
      (code, i) => ((code < 128 ? code : code - 256) * scales[Math.floor(i / columns)]!) / 127,
    ),
    tensors: {
      [name]: tensor("I8", [rows, columns], codes),
      "model.layers.0.self_attn.v_proj.SCB": numbers("F32", [rows], scales),
      "model.layers.0.self_attn.v_proj.weight_format": tensor("U8", [], Uint8Array.of(0)),
    },
  };
}

/**
 * compressed-tensors' packed integers: code − zero, times the scale of a row's group. Where the scheme is symmetric the
 * zero is 2^(bits − 1), and is not stored; else zeros are packed too, a word having those of successive rows.
 */
export function packedIntegers(
  {
    bits,
    rows,
    columns,
    groupSize,
    symmetric = true,
  }: Readonly<Record<"bits" | "rows" | "columns" | "groupSize", number>> & { readonly symmetric?: boolean },
  seed: number,
  content: Content = {},
): QuantisedWeight {
  const codes = content.codes ?? someCodes(rows * columns, 2 ** bits, seed);
  const across = columns / groupSize;
  const scales = content.scales ?? someScales(rows * across, seed + 1);
  const zeros = symmetric
    ? new Uint8Array(rows * across).fill(2 ** (bits - 1))
    : (content.zeros ?? someCodes(rows * across, 2 ** bits, seed + 2));
  const perWord = 32 / bits;
  const packed = new Uint32Array(codes.length / perWord);
  codes.forEach((code, i) => {
    const word = Math.floor(i / perWord);
    packed[word] = (packed[word]! | (code << (bits * (i % perWord)))) >>> 0;
  });
  const zeroWords = Math.ceil(rows / perWord);
  const packedZeros = new Uint32Array(zeroWords * across);
  zeros.forEach((zero, i) => {
    const [row, group] = [Math.floor(i / across), i % across];
    const word = Math.floor(row / perWord) * across + group;
    packedZeros[word] = (packedZeros[word]! | (zero << (bits * (row % perWord)))) >>> 0;
  });
  const name = "model.layers.0.mlp.gate_proj.weight";
  return {
    name: `${name}_packed`,
    format: `INT${bits}`,
    shape: [rows, columns],
    reference: Float64Array.from(codes, (code, i) => {
      const [row, column] = [Math.floor(i / columns), i % columns];
      const place = row * across + Math.floor(column / groupSize);
      return (code - zeros[place]!) * scales[place]!;
    }),
    tensors: {
      [`${name}_packed`]: words(packed, [rows, columns / perWord]),
      [`${name}_scale`]: numbers("F16", [rows, across], scales),
      [`${name}_shape`]: numbers("I64", [2], [rows, columns]),
      ...(symmetric ? {} : { [`${name}_zero_point`]: words(packedZeros, [zeroWords, across]) }),
    },
    config: {
      quant_method: "compressed-tensors",
      config_groups: { group_0: { weights: { num_bits: bits, group_size: groupSize, symmetric } } },
    },
  };
}

/** NVFP4: a 4-bit float times the FP8 scale of 16 codes, divided (compressed-tensors) or multiplied (ModelOpt) by one number. */
export function nvfp4(
  rows: number,
  columns: number,
  writer: "compressed-tensors" | "modelopt",
  seed: number,
  { global: given, ...content }: Content & Exponents & { readonly global?: number } = {},
): QuantisedWeight {
  const codes = content.codes ?? someCodes(rows * columns, 16, seed);
  const across = columns / 16;
  const scales = content.exponents ?? someCodes(rows * across, 64, seed + 1).map((code) => 40 + code);
  const global = given ?? (writer === "modelopt" ? 0.0123 : 87.5);
  const factor = Math.fround(global);
  const name = "model.layers.0.self_attn.o_proj.weight";
  return {
    name: writer === "modelopt" ? name : `${name}_packed`,
    format: "NVFP4",
    shape: [rows, columns],
    reference: Float64Array.from(codes, (code, i) => {
      const scale = e4m3(scales[Math.floor(i / columns) * across + Math.floor((i % columns) / 16)]!);
      return writer === "modelopt" ? e2m1[code]! * scale * factor : (e2m1[code]! * scale) / factor;
    }),
    tensors: {
      [writer === "modelopt" ? name : `${name}_packed`]: tensor("U8", [rows, columns / 2], lowNibbleFirst(codes)),
      [`${name}_scale`]: tensor("F8_E4M3", [rows, across], scales),
      [writer === "modelopt" ? `${name}_scale_2` : `${name}_global_scale`]: numbers(
        "F32",
        writer === "modelopt" ? [] : [1],
        [factor],
      ),
    },
  };
}

/** MXFP8: FP8 with a power of two for 32 of a row, as a dtype of its own or as bytes. */
export function mxfp8(
  rows: number,
  columns: number,
  dtype: "U8" | "F8_E8M0",
  seed: number,
  { codes = finiteCodes(rows * columns, seed), exponents }: Content & Exponents = {},
): QuantisedWeight {
  const across = columns / 32;
  const scales = exponents ?? someCodes(rows * across, 16, seed + 1).map((code) => 110 + code);
  const name = "model.layers.0.mlp.up_proj.weight";
  return {
    name,
    format: "MXFP8",
    shape: [rows, columns],
    reference: Float64Array.from(codes, (code, i) => {
      const scale = scales[Math.floor(i / columns) * across + Math.floor((i % columns) / 32)]!;
      return e4m3(code) * 2 ** (scale - 127);
    }),
    tensors: {
      [name]: tensor("F8_E4M3", [rows, columns], codes),
      [`${name}_scale`]: tensor(dtype, [rows, across], scales),
    },
  };
}

/**
 * Llama 4: stacks of [in, out] in FP8, with a scale for each output, which those of `down_proj` list downwards
 * (transformers' FbgemmFp8Llama4TextExperts).
 */
export function fp8Experts(
  role: "gate_up_proj" | "down_proj",
  experts: number,
  [inputs, outputs]: readonly [number, number],
  seed: number,
): QuantisedWeight {
  const codes = finiteCodes(experts * inputs * outputs, seed);
  const scales = someScales(experts * outputs, seed + 1);
  const name = `language_model.model.layers.1.feed_forward.experts.${role}`;
  return {
    name,
    format: "FP8",
    shape: [experts, inputs, outputs],
    reference: Float64Array.from(codes, (code, i) => {
      const [expert, output] = [Math.floor(i / (inputs * outputs)), i % outputs];
      return e4m3(code) * scales[expert * outputs + output]!;
    }),
    tensors: {
      [name]: tensor("F8_E4M3", [experts, inputs, outputs], codes),
      [`${name}_scale`]: numbers("F32", role === "down_proj" ? [experts, outputs, 1] : [experts, 1, outputs], scales),
    },
    model: { model_type: "llama4" },
    config: { quant_method: "fbgemm_fp8" },
  };
}

/** One of each kind, of shapes with partial blocks and odd sides. */
export function everyKind(): QuantisedWeight[] {
  const group = { bits: 4, inputs: 128, outputs: 48, groupSize: 32, shuffled: false, version: "gptq" } as const;
  return [
    fp8Blocks(200, 170, 128, 1),
    fp8Blocks(33, 47, 16, 2),
    scaledRows("F8_E4M3", [40, 30], [], 3),
    scaledRows("F8_E4M3", [41, 33], [41, 1], 4),
    scaledRows("I8", [35, 43], [35, 1], 5),
    scaledRows("I8", [34, 44], [1], 6),
    mxfp4(3, 34, 2, 7),
    gptq(group, 8),
    gptq({ ...group, version: "gptq_v2" }, 9),
    gptq({ ...group, shuffled: true }, 10),
    gptq({ ...group, bits: 8, groupSize: 128 }, 11),
    gptq({ ...group, bits: 3, outputs: 64 }, 12),
    gptq({ ...group, bits: 2, inputs: 96, outputs: 32 }, 13),
    awq(64, 48, 32, 14),
    bitsandbytes4(40, 34, { kind: "nf4", nested: false }, 15),
    bitsandbytes4(96, 200, { kind: "nf4", nested: true }, 16),
    bitsandbytes4(33, 35, { kind: "fp4", nested: true, blockSize: 128 }, 17),
    llmInt8(37, 51, 18),
    packedIntegers({ bits: 4, rows: 35, columns: 64, groupSize: 32 }, 19),
    packedIntegers({ bits: 8, rows: 35, columns: 64, groupSize: 64 }, 20),
    packedIntegers({ bits: 4, rows: 35, columns: 64, groupSize: 32, symmetric: false }, 25),
    packedIntegers({ bits: 8, rows: 34, columns: 64, groupSize: 64, symmetric: false }, 26),
    fp8Experts("gate_up_proj", 3, [34, 44], 27),
    fp8Experts("down_proj", 3, [36, 40], 28),
    fp8Experts("down_proj", 2, [36, 36], 29),
    nvfp4(36, 64, "compressed-tensors", 21),
    nvfp4(36, 48, "modelopt", 22),
    mxfp8(38, 64, "U8", 23),
    mxfp8(38, 96, "F8_E8M0", 24),
  ];
}
