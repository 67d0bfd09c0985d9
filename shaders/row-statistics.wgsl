// What kolmogorov-smirnov.wgsl and kolmogorov-smirnov-long.wgsl tell of a row v of n entries: its norm, the distance D of
// its entries from normal ones, max |vᵢ|/‖v‖ and Σ vᵢ⁴/‖v‖⁴. normal-distribution.wgsl and bitonic-sort.wgsl come first.

var<workgroup> partial: array<f32, threads>;

// What all invocations bring, added up.
fn total(local: u32, value: f32) -> f32 {
  // What was there before has been read.
  workgroupBarrier();
  partial[local] = value;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] += partial[local + half];
    }
  }
  workgroupBarrier();
  return partial[0];
}

fn largest(local: u32, value: f32) -> f32 {
  workgroupBarrier();
  partial[local] = value;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] = max(partial[local], partial[local + half]);
    }
  }
  workgroupBarrier();
  return partial[0];
}

// `square` is the sum of the squares of some entries, each of which one invocation has. The row is sorted.
fn row_statistics(local: u32, n: u32, square: f32) -> vec4<f32> {
  let norm = sqrt(total(local, square));
  sort_row(local, n);
  let root = sqrt(f32(n));
  let scale = select(0.0, root / norm, norm > 0.0);
  var distance = 0.0;
  var fourths = 0.0;
  for (var i = local; i < n; i += threads) {
    let value = scale * value_at(i);
    fourths += value * value * value * value;
    let expected = normal_distribution(value);
    distance = max(distance, max(expected - f32(i) / f32(n), f32(i + 1u) / f32(n) - expected));
  }
  let extreme = scale / root * max(abs(value_at(0u)), abs(value_at(n - 1u)));
  return vec4(norm, largest(local, distance), extreme, total(local, fourths) / root / root / root / root);
}
