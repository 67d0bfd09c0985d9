// kolmogorov-smirnov.wgsl for rows that do not fit workgroup memory: the same, but sorted where they lie. X is left with
// sorted rows. `normal-distribution.wgsl` comes first.

struct Shape {
  rows: u32,
  length: u32,
  // Row of the first workgroup.
  first: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read_write> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> results: array<vec4<f32>>;

override threads: u32 = 128;
// Squares that a thread adds up by themselves.
const BLOCK = 32u;

var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.length;
  let row = group.z * shape.rows + shape.first + group.x;
  let start = row * n;
  var sum = 0.0;
  for (var block = local; block < n; block += threads * BLOCK) {
    var part = 0.0;
    for (var i = block; i < min(n, block + threads * BLOCK); i += threads) {
      part += x[start + i] * x[start + i];
    }
    sum += part;
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
        if high < n && x[start + low] > x[start + high] {
          let larger = x[start + low];
          x[start + low] = x[start + high];
          x[start + high] = larger;
        }
      }
      storageBarrier();
    }
  }

  let scale = select(0.0, sqrt(f32(n)) / norm, norm > 0.0);
  var distance = 0.0;
  var fourths = 0.0;
  for (var i = local; i < n; i += threads) {
    let value = scale * x[start + i];
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
    let largest = scale / root * max(abs(x[start]), abs(x[start + n - 1u]));
    results[row] = vec4(norm, largest_distance, largest, partial[0] / root / root / root / root);
  }
}
