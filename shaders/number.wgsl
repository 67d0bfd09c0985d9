// Taking a number apart: the bits of an entry of any dtype → sign, 32-bit mantissa, exponent, in integer arithmetic only,
// so that subnormals, fp32's whole range and float64 survive on hardware that flushes subnormals or assumes that NaN
// does not exist. Put in front of the shaders that read a tensor's raw bytes.
//
// Formats: IEEE 754 binary16/32/64, bfloat16, "FP8 Formats for Deep Learning" (arXiv 2209.05433) for E4M3, which has no
// infinity and a single NaN, and E5M2, which is IEEE-like, the FNUZ types of ONNX, and OCP Microscaling Formats 1.0 for
// E2M1, E2M3, E3M2 and E8M0.

// How an entry is written.
const FLOATING = 0u; // the all-ones exponent is infinity or NaN
const FLOATING_WITHOUT_INFINITY = 1u; // only all ones is NaN
const SIGNED = 2u; // two's complement
const UNSIGNED = 3u;
const FLOATING_UNSIGNED_ZERO = 4u; // what would be −0 is NaN, and the bias is one more
const FLOATING_FINITE = 5u; // every code is a number
const EXPONENT = 6u; // a power of two, 2^(code − 127); all ones is NaN

struct Format {
  kind: u32,
  // Up to 32, or 64.
  bits: u32,
  exponent_bits: u32,
  // Bits of the fraction that is written, without the hidden one.
  fraction_bits: u32,
}

// (−1)^negative · mantissa · 2^(exponent − 31). The top bit of the mantissa is set, unless the number is zero; its lowest
// bit also stands for all bits below it ("sticky"), so that rounding to fewer bits is right.
struct Number {
  finite: bool,
  negative: bool,
  mantissa: u32,
  exponent: i32,
}

// `scale` is the weight of the mantissa's lowest bit.
fn normalised(negative: bool, mantissa: u32, scale: i32) -> Number {
  if mantissa == 0u {
    return Number(true, negative, 0u, 0);
  }
  let shift = countLeadingZeros(mantissa);
  return Number(true, negative, mantissa << shift, scale + 31 - i32(shift));
}

fn float64(low: u32, high: u32) -> Number {
  let negative = (high >> 31u) != 0u;
  let biased = (high >> 20u) & 0x7ffu;
  if biased == 0x7ffu {
    return Number(false, negative, 0u, 0);
  }
  // 53 bits in two words, shifted left until the top bit is set.
  var top = high & 0xfffffu;
  if biased != 0u {
    top |= 0x100000u;
  }
  var bottom = low;
  var scale = i32(max(biased, 1u)) - 1075 + 32;
  if top == 0u {
    top = bottom;
    bottom = 0u;
    scale -= 32;
  }
  if top == 0u {
    return Number(true, negative, 0u, 0);
  }
  let shift = countLeadingZeros(top);
  if shift != 0u {
    top = (top << shift) | (bottom >> (32u - shift));
    bottom = bottom << shift;
  }
  return Number(true, negative, top | u32(bottom != 0u), scale + 31 - i32(shift));
}

// 64 bits, two's complement or unsigned.
fn integer64(low: u32, high: u32, kind: u32) -> Number {
  let negative = kind == SIGNED && (high >> 31u) != 0u;
  var top = high;
  var bottom = low;
  if negative {
    bottom = ~low + 1u;
    top = ~high + u32(bottom == 0u);
  }
  if top == 0u {
    return normalised(negative, bottom, 0);
  }
  let shift = countLeadingZeros(top);
  if shift != 0u {
    top = (top << shift) | (bottom >> (32u - shift));
    bottom = bottom << shift;
  }
  return Number(true, negative, top | u32(bottom != 0u), 63 - i32(shift));
}

// `low` holds the entry's bits, right-aligned, `high` those above 32.
fn number(low: u32, high: u32, format: Format) -> Number {
  if format.bits == 64u {
    if format.kind == FLOATING {
      return float64(low, high);
    }
    return integer64(low, high, format.kind);
  }
  let width = format.bits;
  let negative = ((low >> (width - 1u)) & 1u) != 0u;
  switch format.kind {
    case UNSIGNED: {
      return normalised(false, low, 0);
    }
    case SIGNED: {
      let shift = 32u - width;
      let magnitude = u32(abs(i32(low << shift) >> shift));
      return normalised(negative, magnitude, 0);
    }
    case EXPONENT: {
      return Number(low != 0xffu, false, 0x80000000u, i32(low) - 127);
    }
    default: {}
  }
  let fraction = low & ((1u << format.fraction_bits) - 1u);
  let largest = (1u << format.exponent_bits) - 1u;
  let biased = (low >> format.fraction_bits) & largest;
  let all_ones = biased == largest && fraction == (1u << format.fraction_bits) - 1u;
  let special = (format.kind == FLOATING && biased == largest)
    || (format.kind == FLOATING_WITHOUT_INFINITY && all_ones)
    || (format.kind == FLOATING_UNSIGNED_ZERO && negative && biased == 0u && fraction == 0u);
  if special {
    return Number(false, negative, 0u, 0);
  }
  let hidden = select(0u, 1u << format.fraction_bits, biased != 0u);
  let bias = i32(largest >> 1u) + i32(format.kind == FLOATING_UNSIGNED_ZERO);
  return normalised(negative, fraction | hidden, i32(max(biased, 1u)) - bias - i32(format.fraction_bits));
}

// The entry at `index` of a chunk of little-endian words, of whole bytes.
fn entry_bits(index: u32, format: Format) -> vec2<u32> {
  switch format.bits {
    case 8u: { return vec2(extractBits(raw[index / 4u], (index % 4u) * 8u, 8u), 0u); }
    case 16u: { return vec2(extractBits(raw[index / 2u], (index % 2u) * 16u, 16u), 0u); }
    case 32u: { return vec2(raw[index], 0u); }
    default: { return vec2(raw[2u * index], raw[2u * index + 1u]); }
  }
}
