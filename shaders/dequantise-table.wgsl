// bitsandbytes' 4-bit weights: table[code] · absmax of the block of consecutive entries, the high nibble of a byte first.
// The absmax of a block may be quantised itself: nested table[code] · nested absmax + nested offset. `dequantise.wgsl`
// comes first.

struct Scheme {
  window: Window,
  codes: Piece,
  columns: u32,
  table: Piece,
  scales: Piece,
  block_size: u32,
  // 0: the scales are numbers.
  nested_block_size: u32,
  nested_table: Piece,
  nested_scales: Piece,
  // As fp32.
  nested_offset: u32,
}

@group(0) @binding(1) var<storage, read> scheme: Scheme;

fn scale_of(block: u32) -> Number {
  if scheme.nested_block_size == 0u {
    return number_at(scheme.scales, block);
  }
  let code = code_at(scheme.scales.first_word, block, 8u);
  let product = times(number_at(scheme.nested_table, code), number_at(scheme.nested_scales, block / scheme.nested_block_size));
  if !product.finite || product.exponent > 126 {
    return Number(false, false, 0u, 0);
  }
  return from_float(to_float(product) + bitcast<f32>(scheme.nested_offset));
}

fn entry(row: u32, column: u32) -> Number {
  let index = row * scheme.columns + column;
  let code = code_at(scheme.codes.first_word, index ^ 1u, 4u);
  return times(number_at(scheme.table, code), scale_of(index / scheme.block_size));
}
