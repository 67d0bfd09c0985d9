// The Euclidean lengths of the rows of a matrix: rows × length, row-major, the batch on workgroup_id.z, one workgroup a
// row. Each invocation adds up 32 squares by themselves, so that the error hardly grows with the length.

struct Shape {
  rows: u32,
  length: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> lengths: array<f32>;

override threads: u32 = 64;
const BLOCK = 32u;

var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let row = group.z * shape.rows + group.x;
  let start = row * shape.length;
  var sum = 0.0;
  for (var block = local; block < shape.length; block += threads * BLOCK) {
    var part = 0.0;
    for (var i = block; i < min(shape.length, block + threads * BLOCK); i += threads) {
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
  if local == 0u {
    lengths[row] = sqrt(partial[0]);
  }
}
