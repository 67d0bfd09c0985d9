// The rows of a matrix divided by their lengths: rows × length, row-major, the batch on workgroup_id.z, one workgroup a
// row. A row of zeros stays.

struct Shape {
  rows: u32,
  length: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> normalised: array<f32>;

override threads: u32 = 64;
var<workgroup> partial: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let start = (group.z * shape.rows + group.x) * shape.length;
  var sum = 0.0;
  for (var i = local; i < shape.length; i += threads) {
    sum += x[start + i] * x[start + i];
  }
  partial[local] = sum;
  for (var half = threads / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      partial[local] += partial[local + half];
    }
  }
  workgroupBarrier();
  let scale = select(0.0, inverseSqrt(partial[0]), partial[0] > 0.0);
  for (var i = local; i < shape.length; i += threads) {
    normalised[start + i] = scale * x[start + i];
  }
}
