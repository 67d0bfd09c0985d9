// Panels of householder-panel.wgsl, which comes before, one a workgroup, with sums by subgroups of 8 invocations or more: in
// each exchange an invocation hands over half of the numbers that it is responsible for, and the subgroups' sums go
// through workgroup memory.

var<private> lane: u32;
var<private> lanes: u32;
var<private> subgroup: u32;
var<private> subgroups: u32;
// Of each subgroup 36 numbers.
var<workgroup> several: array<f32, 36u * (THREADS / 8u)>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32,
        @builtin(subgroup_invocation_id) own: u32, @builtin(subgroup_size) size: u32,
        @builtin(subgroup_id) id: u32, @builtin(num_subgroups) count: u32) {
  lane = own;
  lanes = size;
  subgroup = id;
  subgroups = count;
  factor(group, thread);
}

// The sum with the invocation `distance` away, where one keeps `low` and the other `high`.
fn halved(low: vec4<f32>, high: vec4<f32>, distance: u32) -> vec4<f32> {
  let upper = (lane & distance) != 0u;
  return select(low, high, upper) + subgroupShuffleXor(select(high, low, upper), distance);
}

fn share(own: Products, thread: u32) {
  // Of eight vectors each of eight invocations gets one, and of the ninth every other one a number.
  let a = halved(own.a, own.e, 4u);
  let b = halved(own.b, own.f, 4u);
  let c = halved(own.c, own.g, 4u);
  let d = halved(own.d, own.h, 4u);
  let e = halved(a, c, 2u);
  let f = halved(b, d, 2u);
  var vector = halved(e, f, 1u);
  let upper = (lane & 4u) != 0u;
  let two = select(own.i.xy, own.i.zw, upper) + subgroupShuffleXor(select(own.i.zw, own.i.xy, upper), 4u);
  let odd = (lane & 2u) != 0u;
  var one = select(two.x, two.y, odd) + subgroupShuffleXor(select(two.y, two.x, odd), 2u);
  one += subgroupShuffleXor(one, 1u);
  for (var distance = 8u; distance < lanes; distance *= 2u) {
    vector += subgroupShuffleXor(vector, distance);
    one += subgroupShuffleXor(one, distance);
  }
  if lane < 8u {
    let place = 36u * subgroup + 4u * lane;
    several[place] = vector.x;
    several[place + 1u] = vector.y;
    several[place + 2u] = vector.z;
    several[place + 3u] = vector.w;
    several[36u * subgroup + 32u + lane / 2u] = one;
  }
  workgroupBarrier();
}

fn total(k: u32) -> f32 {
  var sum = 0.0;
  for (var s = 0u; s < subgroups; s++) {
    sum += several[36u * s + k];
  }
  return sum;
}
