// Codes in rows, with one scale for each block of `block_rows × block_columns` (of which the last ones may be partial):
// (code − offset − zero) · scale · factor. FP8 and integers with scales for the whole, a row, a column, a group or a
// block, MXFP4 and NVFP4, and with no scale at all what is narrower than a byte. `dequantise.wgsl` comes first.

struct Scheme {
  window: Window,
  codes: Piece,
  // Codes from the start of a row to that of the next.
  pitch: u32,
  offset: i32,
  scales: Piece,
  // From a row of blocks to the next; 0: no scales.
  scale_pitch: u32,
  block_rows: u32,
  block_columns: u32,
  // Zero points of the blocks; `zero_rows` rows of blocks lie together, 0: none.
  zeros: Piece,
  zero_rows: u32,
  // The column of blocks of each column, where not in order; one that is negative is.
  groups: Piece,
  has_groups: u32,
  // One number for the whole.
  factor: Piece,
  factor_use: u32,
  // As fp32.
  constant: u32,
}

@group(0) @binding(1) var<storage, read> scheme: Scheme;

const MULTIPLY = 1u;
const DIVIDE = 2u;

fn group_of(column: u32) -> u32 {
  if scheme.has_groups == 1u {
    let group = raw[scheme.groups.first_word + column];
    if (group >> 31u) == 0u {
      return group;
    }
  }
  return column / scheme.block_columns;
}

fn entry(row: u32, column: u32) -> Number {
  let index = row * scheme.pitch + column;
  var result: Number;
  let kind = scheme.codes.format.kind;
  let is_integer = kind == SIGNED || kind == UNSIGNED;
  var down = 0u;
  var group = 0u;
  if scheme.scale_pitch != 0u {
    group = group_of(column);
    if group >= scheme.scale_pitch {
      return Number(false, false, 0u, 0);
    }
    down = row / scheme.block_rows;
  }
  if is_integer && scheme.codes.format.bits <= 8u {
    let bits = scheme.codes.format.bits;
    let code = code_at(scheme.codes.first_word, index, bits);
    var value = select(i32(code), extractBits(i32(code), 0u, bits), kind == SIGNED) - scheme.offset;
    if scheme.zero_rows != 0u {
      let together = (down / scheme.zero_rows) * scheme.scale_pitch + group;
      let zero = number_at(scheme.zeros, together * scheme.zero_rows + down % scheme.zero_rows);
      // Whole numbers of a few bits.
      value -= i32(to_float(zero));
    }
    result = integer(value);
  } else {
    result = number_at(scheme.codes, index);
  }
  if scheme.scale_pitch != 0u {
    result = times(result, number_at(scheme.scales, down * scheme.scale_pitch + group));
  }
  if scheme.factor_use != 0u {
    let factor = number_at(scheme.factor, 0u);
    if scheme.factor_use == DIVIDE {
      result = times(result, reciprocal(factor));
    } else {
      result = times(result, factor);
    }
  }
  if scheme.constant != 0x3f800000u {
    result = times(result, from_float(bitcast<f32>(scheme.constant)));
  }
  return result;
}
