// What the kernels that turn quantised weights into numbers have in common: codes of any width out of the pieces of a
// weight, which lie in one buffer, and products of numbers, in integer arithmetic like all of `number.wgsl`, which comes
// first. An entry is written as fp32, rounded to nearest even, subnormals included.
//
// A kernel has the function `entry(row, column)` of the whole weight, [out, in]; `window.wgsl` comes last and calls it.

@group(0) @binding(0) var<storage, read> raw: array<u32>;

// A tensor, or a part of one, in `raw`.
struct Piece {
  first_word: u32,
  format: Format,
}

// The matrix that is wanted: rows `row`, `row` + `row_step`, … of the whole from `column` on.
struct Window {
  row: u32,
  row_step: u32,
  column: u32,
  columns: u32,
}

// Codes of up to 32 bits, one after the other from the lowest bit of `first_word` on.
fn code_at(first_word: u32, index: u32, bits: u32) -> u32 {
  return packed_code(first_word + (index / 32u) * bits, 1u, (index % 32u) * bits, bits);
}

// The code that begins at a bit of words that lie `stride` apart.
fn packed_code(first_word: u32, stride: u32, bit: u32, bits: u32) -> u32 {
  let word = first_word + (bit / 32u) * stride;
  let shift = bit % 32u;
  var code = raw[word] >> shift;
  if shift + bits > 32u {
    code |= raw[word + stride] << (32u - shift);
  }
  return extractBits(code, 0u, bits);
}

fn number_at(piece: Piece, index: u32) -> Number {
  if piece.format.bits == 64u {
    let word = piece.first_word + 2u * index;
    return number(raw[word], raw[word + 1u], piece.format);
  }
  return number(code_at(piece.first_word, index, piece.format.bits), 0u, piece.format);
}

fn integer(value: i32) -> Number {
  return normalised(value < 0, u32(abs(value)), 0);
}

fn times(a: Number, b: Number) -> Number {
  if !a.finite || !b.finite {
    return Number(false, false, 0u, 0);
  }
  let negative = a.negative != b.negative;
  if a.mantissa == 0u || b.mantissa == 0u {
    return Number(true, negative, 0u, 0);
  }
  // 32 × 32 bits by halves; the low word only matters as sticky.
  let a_low = a.mantissa & 0xffffu;
  let a_high = a.mantissa >> 16u;
  let b_low = b.mantissa & 0xffffu;
  let b_high = b.mantissa >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let middle_low = (middle & 0xffffu) + a_low * b_high;
  var high = a_high * b_high + (middle >> 16u) + (middle_low >> 16u);
  let low = (middle_low << 16u) | ((a_low * b_low) & 0xffffu);
  // Mantissas are in [2³¹, 2³²): the product's top bit is the highest or the one below.
  var exponent = a.exponent + b.exponent + 1;
  if (high >> 31u) == 0u {
    high = (high << 1u) | (low >> 31u);
    exponent -= 1;
    return Number(true, negative, high | u32((low << 1u) != 0u), exponent);
  }
  return Number(true, negative, high | u32(low != 0u), exponent);
}

// 1/a, to fp32's precision.
fn reciprocal(a: Number) -> Number {
  if !a.finite || a.mantissa == 0u {
    return Number(false, false, 0u, 0);
  }
  // a = ±f·2^exponent with f in [1, 2); the quotient is in (½, 1].
  let quotient = 1.0 / bitcast<f32>(0x3f800000u | ((a.mantissa >> 8u) & 0x7fffffu));
  let value = from_float(quotient);
  return Number(true, a.negative, value.mantissa, value.exponent - a.exponent);
}

// A float that is finite and no subnormal.
fn from_float(value: f32) -> Number {
  return number(bitcast<u32>(value), 0u, Format(FLOATING, 32u, 8u, 23u));
}

fn to_float(value: Number) -> f32 {
  return bitcast<f32>(float_bits(value));
}

// The bits of the nearest fp32; an infinity's where there is none.
fn float_bits(value: Number) -> u32 {
  let sign = u32(value.negative) << 31u;
  if !value.finite || value.exponent > 127 {
    return sign | 0x7f800000u;
  }
  // How many bits of the mantissa go: 8, and one more for each power of two below the smallest normal number.
  let dropped = 8 + max(0, -126 - value.exponent);
  if value.mantissa == 0u || dropped > 32 {
    return sign;
  }
  let kept = select(value.mantissa >> u32(dropped & 31), 0u, dropped == 32);
  let rest = value.mantissa << u32(32 - dropped);
  let up = u32(rest > 0x80000000u || (rest == 0x80000000u && (kept & 1u) == 1u));
  // The hidden bit of a normal number adds one to the exponent field, as a carry out of the fraction does.
  return sign | ((u32(max(value.exponent + 126, 0)) << 23u) + kept + up);
}
