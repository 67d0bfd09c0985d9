// GPTQ and AWQ: (code − zero) · scale, the weight stored as [in, out], zeros and scales for groups of inputs. GPTQ packs
// the codes of successive inputs into words, lowest bits first, across words where 32 is no multiple of their width; AWQ
// packs those of eight outputs, in the order 0 2 4 6 1 3 5 7. Zeros are packed by outputs in both. `dequantise.wgsl`
// comes first.

struct Scheme {
  window: Window,
  codes: Piece,
  zeros: Piece,
  scales: Piece,
  bits: u32,
  outputs: u32,
  // 1: AWQ's order of outputs.
  interleaved: u32,
  group_size: u32,
  group_count: u32,
  // What is added to a zero point, within its bits.
  zero_offset: u32,
  // The group of each input, where not in order.
  groups: Piece,
  has_groups: u32,
}

@group(0) @binding(1) var<storage, read> scheme: Scheme;

// The code of output `output` in a row of words that pack outputs.
fn along_outputs(first_word: u32, row: u32, output: u32) -> u32 {
  let bits = scheme.bits;
  let words = (scheme.outputs * bits + 31u) / 32u;
  let start = first_word + row * words;
  if scheme.interleaved == 1u {
    let place = output % 8u;
    let nibble = select(4u + place / 2u, place / 2u, place % 2u == 0u);
    return extractBits(raw[start + output / 8u], 4u * nibble, 4u);
  }
  return code_at(start, output, bits);
}

fn entry(output: u32, input: u32) -> Number {
  var group = input / scheme.group_size;
  if scheme.has_groups == 1u {
    group = raw[scheme.groups.first_word + input];
  }
  if group >= scheme.group_count {
    return Number(false, false, 0u, 0);
  }
  let bits = scheme.bits;
  var code: u32;
  if scheme.interleaved == 1u {
    code = along_outputs(scheme.codes.first_word, input, output);
  } else {
    let first_word = scheme.codes.first_word + (input / 32u) * bits * scheme.outputs + output;
    code = packed_code(first_word, scheme.outputs, (input % 32u) * bits, bits);
  }
  let zero = extractBits(along_outputs(scheme.zeros.first_word, group, output) + scheme.zero_offset, 0u, bits);
  let scale = number_at(scheme.scales, group * scheme.outputs + output);
  return times(integer(i32(code) - i32(zero)), scale);
}
