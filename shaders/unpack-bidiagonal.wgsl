// Takes the bidiagonal matrix out of the packed band (see pack-band.wgsl): its diagonal and superdiagonal, and for
// sturm-counts.wgsl their squares as pairs of floats, divided by the power of two that brings the largest entry into
// [1, 2). One workgroup a matrix (workgroup_id.z). `pairs.wgsl` comes first.
//
// The upper half of the rows is put in order, (dᵢ², eᵢ²), the lower one from the last row up, (eᵢ², dᵢ²). Zeros come before
// each, up to `steps` in all: they leave s and p of sturm-counts.wgsl at −x², with a negative pivot each.

struct Shape {
  columns: u32,
  steps: u32,
  // 1, which the compiler must not know.
  one: f32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> band: array<f32>;
// The diagonal, then the superdiagonal, whose last entry is 0.
@group(0) @binding(1) var<storage, read_write> bidiagonal: array<f32>;
// `steps` of the upper half, then of the lower one.
@group(0) @binding(2) var<storage, read_write> squares: array<vec4<f32>>;
// What they were divided by.
@group(0) @binding(3) var<storage, read_write> scales: array<f32>;

const WIDTH = 3u * BAND;
const THREADS = 256u;

var<workgroup> largest: array<f32, THREADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.columns;
  let start = group.z * n;
  var most = 0.0;
  for (var row = local; row < n; row += THREADS) {
    let place = (start + row) * WIDTH + BAND - 1u;
    let diagonal = band[place];
    let beside = select(0.0, band[place + 1u], row + 1u < n);
    bidiagonal[2u * start + row] = diagonal;
    bidiagonal[2u * start + n + row] = beside;
    most = max(most, max(abs(diagonal), abs(beside)));
  }
  largest[local] = most;
  for (var half = THREADS / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if local < half {
      largest[local] = max(largest[local], largest[local + half]);
    }
  }
  workgroupBarrier();
  let exponent = clamp(bitcast<u32>(largest[0]) >> 23u, 1u, 253u);
  let inverse = bitcast<f32>((254u - exponent) << 23u);
  if local == 0u {
    scales[group.z] = bitcast<f32>(exponent << 23u);
  }
  let upper = n / 2u;
  let top = 2u * group.z * shape.steps;
  let last = top + 2u * shape.steps - 1u;
  for (var row = local; row < n; row += THREADS) {
    let diagonal = bidiagonal[2u * start + row] * inverse;
    let beside = bidiagonal[2u * start + n + row] * inverse;
    let d = product(diagonal, diagonal, shape.one);
    let e = product(beside, beside, shape.one);
    if row < upper {
      squares[top + shape.steps - upper + row] = vec4(d, e);
    } else {
      squares[last - (row - upper)] = vec4(e, d);
    }
  }
  if local < shape.steps - upper {
    squares[top + local] = vec4<f32>();
  }
  if local < shape.steps - (n - upper) {
    squares[top + shape.steps + local] = vec4<f32>();
  }
}
