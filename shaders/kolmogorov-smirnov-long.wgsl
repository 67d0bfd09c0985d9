// kolmogorov-smirnov.wgsl for rows that do not fit workgroup memory: the same, but sorted where they lie. X is left with
// sorted rows.

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

// Where the workgroup's row begins.
var<private> start: u32;

fn value_at(place: u32) -> f32 {
  let inside = place < shape.length;
  return select(HUGE, x[start + select(0u, place, inside)], inside);
}

fn put_value(place: u32, value: f32) {
  if place < shape.length {
    x[start + place] = value;
  }
}

fn arrived() {
  storageBarrier();
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.length;
  let row = group.z * shape.rows + shape.first + group.x;
  start = row * n;
  var sum = 0.0;
  for (var block = local; block < n; block += threads * BLOCK) {
    var part = 0.0;
    for (var i = block; i < min(n, block + threads * BLOCK); i += threads) {
      part += x[start + i] * x[start + i];
    }
    sum += part;
  }
  let found = row_statistics(local, n, sum);
  if local == 0u {
    results[row] = found;
  }
}
