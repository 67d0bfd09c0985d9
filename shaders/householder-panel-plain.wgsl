// Panels of householder-panel.wgsl, which comes before, one a workgroup, with sums through workgroup memory: for adapters
// without subgroups, with ones of less than 8 invocations, or with ones larger than the smallest workgroup. 32 invocations'
// numbers are added up by one, and those sums by all.

var<workgroup> single: array<vec4<f32>, 2u * THREADS>;
// Of 32 invocations each.
var<workgroup> several: array<vec4<f32>, 4u * (THREADS / 32u)>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  factor_panel(panel_of(group), thread);
}

fn sum_over_workgroup(low: vec4<f32>, high: vec4<f32>, turn: u32, thread: u32) -> Row {
  single[thread] = low;
  single[THREADS + thread] = high;
  workgroupBarrier();
  let half = THREADS / 32u;
  let start = turn * 2u * half;
  if thread < 2u * half {
    let begin = (thread / half) * THREADS + (thread % half) * 32u;
    var sum = vec4<f32>();
    for (var i = begin; i < begin + 32u; i += 4u) {
      sum += (single[i] + single[i + 1u]) + (single[i + 2u] + single[i + 3u]);
    }
    several[start + thread] = sum;
  }
  workgroupBarrier();
  var sums = Row(vec4<f32>(), vec4<f32>());
  for (var i = start; i < start + half; i++) {
    sums.low += several[i];
    sums.high += several[i + half];
  }
  return sums;
}
