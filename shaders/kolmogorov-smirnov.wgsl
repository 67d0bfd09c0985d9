// How far the entries of a vector are from normal ones: D = sup |F(v) − Φ(√n·v/‖v‖)|, F the empirical distribution of the
// n entries, for each row of X: the larger of the two one-sided suprema, met at the sorted entries. And how concentrated
// it is, max |vᵢ|/‖v‖ and Σ vᵢ⁴/‖v‖⁴.
//
// One workgroup a row (workgroup_id.x), the batch on workgroup_id.z. The entries are sorted in workgroup memory. Results:
// four floats a row, the norm, D, and these two.
//
// Longer rows than `capacity`, a power of two, go through kolmogorov-smirnov-long.wgsl. normal-distribution.wgsl,
// bitonic-sort.wgsl and row-statistics.wgsl come first.

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

// Every 32 entries one place is left out, so that entries eight apart lie in different banks of the memory.
var<workgroup> values: array<f32, capacity / 32 * 33>;

fn value_at(place: u32) -> f32 {
  return values[place + place / 32u];
}

fn put_value(place: u32, value: f32) {
  values[place + place / 32u] = value;
}

fn arrived() {
  workgroupBarrier();
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.length;
  let row = group.z * shape.rows + shape.first + group.x;
  let start = row * n;
  var sum = 0.0;
  for (var i = local; i < capacity; i += threads) {
    let inside = i < n;
    let value = select(HUGE, x[start + select(0u, i, inside)], inside);
    put_value(i, value);
    sum += select(0.0, value * value, inside);
  }
  let found = row_statistics(local, n, sum);
  if local == 0u {
    results[row] = found;
  }
}
