// Power sums of each row about a pivot near the row's mean, for the mean, variance and kurtosis of all entries, the row
// norms and the extremes. Two passes over the row, so that a mean far from zero costs no digits (Chan, Golub, LeVeque,
// "Algorithms for computing the sample variance", 1983). The rows are combined in float64 by the caller.
//
// One workgroup a row (workgroup_id.x), the batch on workgroup_id.z. Sums go by blocks of 16 and then by a tree, so that
// the error grows with neither the row's length nor the order.
//
// A row's results, eight numbers: finite entries, pivot p, Σ(a−p), Σ(a−p)², Σ(a−p)³, Σ(a−p)⁴, smallest, largest.

struct Shape {
  rows: u32,
  columns: u32,
  // Where the first matrix begins.
  first: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> moments: array<f32>;

const MISSING = 0x1p100f;
const BLOCK = 16u;
override threads: u32 = 64;

var<workgroup> shared_sums: array<vec4<f32>, threads>;
var<workgroup> shared_extremes: array<vec2<f32>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  for (var row = group.x; row < shape.rows; row += groups.x) {
    let start = shape.first + (group.z * shape.rows + row) * shape.columns;

    var total = 0.0;
    var count = 0.0;
    var extremes = vec2(MISSING, -MISSING);
    for (var block = local; block < shape.columns; block += threads * BLOCK) {
      var part = 0.0;
      let last = min(shape.columns, block + threads * BLOCK);
      for (var column = block; column < last; column += threads) {
        let entry = matrices[start + column];
        if entry != MISSING {
          part += entry;
          count += 1.0;
          extremes = vec2(min(extremes.x, entry), max(extremes.y, entry));
        }
      }
      total += part;
    }
    workgroupBarrier();
    shared_sums[local] = vec4(total, count, 0.0, 0.0);
    shared_extremes[local] = extremes;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if local < half {
        shared_sums[local] += shared_sums[local + half];
        let other = shared_extremes[local + half];
        shared_extremes[local] = vec2(min(shared_extremes[local].x, other.x), max(shared_extremes[local].y, other.y));
      }
    }
    workgroupBarrier();
    count = shared_sums[0].y;
    extremes = shared_extremes[0];
    // Between the extremes, so that a constant row has no deviation at all.
    let pivot = clamp(shared_sums[0].x / max(count, 1.0), extremes.x, extremes.y);
    workgroupBarrier();

    var sums = vec4<f32>();
    for (var block = local; block < shape.columns; block += threads * BLOCK) {
      var part = vec4<f32>();
      let last = min(shape.columns, block + threads * BLOCK);
      for (var column = block; column < last; column += threads) {
        let entry = matrices[start + column];
        if entry != MISSING {
          let deviation = entry - pivot;
          let square = deviation * deviation;
          part += vec4(deviation, square, square * deviation, square * square);
        }
      }
      sums += part;
    }
    shared_sums[local] = sums;
    for (var half = threads / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if local < half {
        shared_sums[local] += shared_sums[local + half];
      }
    }
    workgroupBarrier();
    if local == 0u {
      let place = (group.z * shape.rows + row) * 8u;
      moments[place] = count;
      moments[place + 1u] = pivot;
      moments[place + 2u] = shared_sums[0].x;
      moments[place + 3u] = shared_sums[0].y;
      moments[place + 4u] = shared_sums[0].z;
      moments[place + 5u] = shared_sums[0].w;
      moments[place + 6u] = extremes.x;
      moments[place + 7u] = extremes.y;
    }
  }
}
