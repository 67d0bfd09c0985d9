// Sorts a row of entries, one workgroup a row. Whoever puts it in front brings value_at and put_value, which give and take
// entry `place` of the workgroup's row (beyond its end HUGE is read), arrived, the barrier after which all see what was
// put, and `threads`.
//
// The network is Batcher's bitonic one (1968) in the form whose comparisons all point up: the first step of a merge
// compares mirrored places, so that what lies beyond the last entry stays there. An invocation takes eight entries
// through up to three steps in registers between two barriers.

// Larger than any entry.
const HUGE = 0x1.fffffep+127f;

struct Eight {
  low: vec4<f32>,
  high: vec4<f32>,
}

// Comparisons of entries that are one place, two, or mirrored in four apart.
fn compare_next(v: vec4<f32>) -> vec4<f32> {
  let less = min(v.xz, v.yw);
  let more = max(v.xz, v.yw);
  return vec4(less.x, more.x, less.y, more.y);
}

fn compare_second(v: vec4<f32>) -> vec4<f32> {
  return vec4(min(v.xy, v.zw), max(v.xy, v.zw));
}

fn compare_mirrored(v: vec4<f32>) -> vec4<f32> {
  return vec4(min(v.xy, v.wz), max(v.xy, v.wz).yx);
}

fn mirror_eight(v: Eight) -> Eight {
  return Eight(min(v.low, v.high.wzyx), max(v.low, v.high.wzyx).wzyx);
}

fn sort_eight(v: Eight) -> Eight {
  let pairs = Eight(compare_next(v.low), compare_next(v.high));
  let fours = Eight(
    compare_next(compare_mirrored(pairs.low)), compare_next(compare_mirrored(pairs.high)));
  let mirrored = mirror_eight(fours);
  return Eight(compare_next(compare_second(mirrored.low)), compare_next(compare_second(mirrored.high)));
}

// Sorts n entries.
fn sort_row(local: u32, n: u32) {
  // The power of two that holds them, in eighths.
  let eighths = max(1u, (1u << (32u - countLeadingZeros(n - 1u))) / 8u);
  for (var item = local; item < eighths; item += threads) {
    var places: array<u32, 8>;
    for (var i = 0u; i < 8u; i++) {
      places[i] = 8u * item + i;
    }
    put_eight(places, sort_eight(eight_at(places)));
  }
  arrived();
  // Blocks of 8·2^merge are merged from halves in merge + 3 steps.
  for (var merge = 1u; (1u << merge) <= eighths; merge++) {
    let steps = merge + 3u;
    // So many that threes are left.
    let mirrored_steps = (steps - 1u) % 3u + 1u;
    let block = 8u << merge;
    let part = block / 8u;
    for (var item = local; item < eighths; item += threads) {
      let base = block * (item / part);
      var places: array<u32, 8>;
      for (var i = 0u; i < 4u; i++) {
        places[i] = base + item % part + i * part;
        places[7u - i] = base + block - 1u - (item % part + i * part);
      }
      var eight = mirror_eight(eight_at(places));
      if mirrored_steps > 1u {
        eight = Eight(compare_second(eight.low), compare_second(eight.high));
      }
      if mirrored_steps > 2u {
        eight = Eight(compare_next(eight.low), compare_next(eight.high));
      }
      put_eight(places, eight);
    }
    arrived();
    for (var stride = block >> (mirrored_steps + 1u); stride >= 4u; stride /= 8u) {
      let apart = stride / 4u;
      for (var item = local; item < eighths; item += threads) {
        let first = 8u * apart * (item / apart) + item % apart;
        var places: array<u32, 8>;
        for (var i = 0u; i < 8u; i++) {
          places[i] = first + i * apart;
        }
        let eight = eight_at(places);
        let halves = Eight(min(eight.low, eight.high), max(eight.low, eight.high));
        put_eight(places, Eight(
          compare_next(compare_second(halves.low)), compare_next(compare_second(halves.high))));
      }
      arrived();
    }
  }
}

fn eight_at(places: array<u32, 8>) -> Eight {
  return Eight(
    vec4(value_at(places[0]), value_at(places[1]), value_at(places[2]), value_at(places[3])),
    vec4(value_at(places[4]), value_at(places[5]), value_at(places[6]), value_at(places[7])));
}

fn put_eight(places: array<u32, 8>, eight: Eight) {
  for (var i = 0u; i < 4u; i++) {
    put_value(places[i], eight.low[i]);
    put_value(places[i + 4u], eight.high[i]);
  }
}
