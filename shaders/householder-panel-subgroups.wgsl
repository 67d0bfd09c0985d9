// Panels of householder-panel.wgsl, which comes before, one a workgroup, with sums by subgroups of 8 invocations or more:
// each adds up its own eight numbers by halving in each exchange what an invocation is responsible for, and the subgroups'
// sums go through workgroup memory, with one barrier.

var<private> lane: u32;
var<private> lanes: u32;
var<private> subgroup: u32;
var<private> subgroups: u32;
// Room for a turn's numbers and what is read with them.
const TURN = THREADS + 192u;
// For each turn eight numbers of a subgroup.
var<workgroup> several: array<f32, 2u * TURN>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32,
        @builtin(subgroup_invocation_id) own: u32, @builtin(subgroup_size) size: u32,
        @builtin(subgroup_id) id: u32, @builtin(num_subgroups) count: u32) {
  lane = own;
  lanes = size;
  subgroup = id;
  subgroups = count;
  factor_panel(panel_of(group), thread);
}

fn sum_over_workgroup(low: vec4<f32>, high: vec4<f32>, turn: u32, thread: u32) -> Row {
  let second = (lane & 4u) != 0u;
  let four = select(low, high, second) + subgroupShuffleXor(select(high, low, second), 4u);
  let upper = (lane & 2u) != 0u;
  let two = select(four.xy, four.zw, upper) + subgroupShuffleXor(select(four.zw, four.xy, upper), 2u);
  let odd = (lane & 1u) != 0u;
  var one = select(two.x, two.y, odd) + subgroupShuffleXor(select(two.y, two.x, odd), 1u);
  for (var distance = 8u; distance < lanes; distance *= 2u) {
    one += subgroupShuffleXor(one, distance);
  }
  let start = turn * TURN;
  if lane < 8u {
    several[start + subgroup * 8u + lane] = one;
  }
  workgroupBarrier();
  one = 0.0;
  // Consecutive invocations read consecutive numbers, four on their way at a time; beyond the last there are zeros.
  for (var place = lane; place < subgroups * 8u; place += 4u * lanes) {
    one += (several[start + place] + several[start + place + lanes]) +
           (several[start + place + 2u * lanes] + several[start + place + 3u * lanes]);
  }
  for (var distance = 8u; distance < lanes; distance *= 2u) {
    one += subgroupShuffleXor(one, distance);
  }
  return Row(
    vec4(subgroupBroadcast(one, 0u), subgroupBroadcast(one, 1u), subgroupBroadcast(one, 2u), subgroupBroadcast(one, 3u)),
    vec4(subgroupBroadcast(one, 4u), subgroupBroadcast(one, 5u), subgroupBroadcast(one, 6u), subgroupBroadcast(one, 7u)),
  );
}
