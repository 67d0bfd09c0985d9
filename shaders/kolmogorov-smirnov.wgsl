// How far the entries of a vector are from normal ones: D = sup |F(v) − Φ(√n·v/‖v‖)|, F the empirical distribution of the
// n entries, for each row of X: the larger of the two one-sided suprema, met at the sorted entries. And how concentrated
// it is, max |vᵢ|/‖v‖ and Σ vᵢ⁴/‖v‖⁴.
//
// One workgroup a row (workgroup_id.x), the batch on workgroup_id.z. The entries are sorted in workgroup memory by a
// bitonic network whose comparisons all point up (Batcher 1968), so that what lies beyond the last entry, +∞ in thought,
// is never moved. Results: four floats a row, the norm, D, and these two.
//
// Longer rows than `capacity` go through kolmogorov-smirnov-long.wgsl. `normal-distribution.wgsl` comes first.

struct Shape {
  rows: u32,
  length: u32,
  // Row of the first workgroup.
  first: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4<f32>>;

override capacity: u32 = 2048;
override threads: u32 = 128;

var<workgroup> values: array<f32, capacity>;
var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.length;
  let row = group.z * shape.rows + shape.first + group.x;
  let start = row * n;
  var sum = 0.0;
  for (var i = local; i < n; i += threads) {
    let value = x[start + i];
    values[i] = value;
    sum += value * value;
  }
  partial[local] = sum;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] += partial[local + half];
    }
  }
  workgroupBarrier();
  let norm = sqrt(partial[0]);

  // Half the next power of two.
  let comparisons = (1u << (32u - countLeadingZeros(n - 1u))) / 2u;
  for (var block = 2u; block < 2u * n; block *= 2u) {
    for (var stride = block / 2u; stride > 0u; stride /= 2u) {
      for (var item = local; item < comparisons; item += threads) {
        let low = 2u * stride * (item / stride) + item % stride;
        let high = select(low + stride, 2u * stride * (item / stride) + 2u * stride - 1u - item % stride, 2u * stride == block);
        if high < n && values[low] > values[high] {
          let larger = values[low];
          values[low] = values[high];
          values[high] = larger;
        }
      }
      workgroupBarrier();
    }
  }

  let scale = select(0.0, sqrt(f32(n)) / norm, norm > 0.0);
  var distance = 0.0;
  var fourths = 0.0;
  for (var i = local; i < n; i += threads) {
    let value = scale * values[i];
    fourths += value * value * value * value;
    let expected = normal_distribution(value);
    distance = max(distance, max(expected - f32(i) / f32(n), f32(i + 1u) / f32(n) - expected));
  }
  // All have read the norm from it.
  workgroupBarrier();
  partial[local] = distance;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] = max(partial[local], partial[local + half]);
    }
  }
  var largest_distance = 0.0;
  if local == 0u {
    largest_distance = partial[0];
  }
  workgroupBarrier();
  partial[local] = fourths;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] += partial[local + half];
    }
  }
  if local == 0u {
    let root = sqrt(f32(n));
    let largest = scale / root * max(abs(values[0]), abs(values[n - 1u]));
    results[row] = vec4(norm, largest_distance, largest, partial[0] / root / root / root / root);
  }
}
