// Panels of householder-panel.wgsl, which comes before, one a workgroup, with sums through workgroup memory: for adapters
// without subgroups, with ones of less than 8 invocations, or with ones larger than the smallest workgroup. 32 invocations'
// numbers are added up by one, and those sums by all, eight of the 36 at a time.

var<workgroup> single: array<vec4<f32>, 2u * THREADS>;
// Of 32 invocations each, ten vectors.
var<workgroup> several: array<vec4<f32>, 10u * (THREADS / 32u)>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  factor(group, thread);
}

fn share(own: Products, thread: u32) {
  add_up(own.a, own.b, 0u, thread);
  add_up(own.c, own.d, 2u, thread);
  add_up(own.e, own.f, 4u, thread);
  add_up(own.g, own.h, 6u, thread);
  add_up(own.i, vec4<f32>(), 8u, thread);
}

fn total(k: u32) -> f32 {
  var sum = 0.0;
  for (var s = 0u; s < THREADS / 32u; s++) {
    sum += several[10u * s + k / 4u][k % 4u];
  }
  return sum;
}

fn add_up(a: vec4<f32>, b: vec4<f32>, first: u32, thread: u32) {
  single[thread] = a;
  single[THREADS + thread] = b;
  workgroupBarrier();
  if thread < 2u * (THREADS / 32u) {
    var sum = vec4<f32>();
    for (var i = 32u * thread; i < 32u * thread + 32u; i += 4u) {
      sum += (single[i] + single[i + 1u]) + (single[i + 2u] + single[i + 3u]);
    }
    several[10u * (thread % (THREADS / 32u)) + first + thread / (THREADS / 32u)] = sum;
  }
  workgroupBarrier();
}
