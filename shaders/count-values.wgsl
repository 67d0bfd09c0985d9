// Counts, in single precision, the singular values of a bidiagonal matrix below each of `points` points that divide
// [0, BOUND] evenly, for all values together: see bisect-values.wgsl. A workgroup takes SEATS points, the batch is on
// workgroup_id.z. `sturm-counts.wgsl` comes before.

@group(0) @binding(1) var<storage, read_write> counts: array<u32>;

@compute @workgroup_size(2u * SEATS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let point = group.x * SEATS + local % SEATS;
  let x = BOUND / f32(shape.points) * f32(point + 1u);
  let count = count_of_both(x, roughly_below(x, (2u * group.z + local / SEATS) * shape.steps), local);
  if local < SEATS && point < shape.points {
    counts[group.z * shape.points + point] = count;
  }
}
