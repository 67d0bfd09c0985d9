// Singular values of a bidiagonal matrix by Sturm counts (sturm-counts.wgsl, which comes before). `lanes` pairs of
// invocations narrow down one value: each pair counts at one of `lanes` points that divide the interval evenly, and the
// interval between two neighbours is the next.
//
// The first interval is that of two neighbouring points of count-values.wgsl. `first_rounds` such steps count in single
// precision, which finds the value to some 4e-7 of the largest; then, from an interval that is wider by far more than that
// on either side, `rounds` steps in pairs of floats, so that the values come out as those of a matrix next to B in far more
// than single precision. A workgroup takes SEATS / lanes values, the batch is on workgroup_id.z. The constants BOUND and
// MARGIN come first.

@group(0) @binding(1) var<storage, read> counts: array<u32>;
@group(0) @binding(2) var<storage, read> scales: array<f32>;
// Descending.
@group(0) @binding(3) var<storage, read_write> values: array<f32>;

var<workgroup> below_points: array<u32, SEATS>;

@compute @workgroup_size(2u * SEATS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
  let n = shape.columns;
  let lanes = shape.lanes;
  let seat = local % SEATS;
  let lane = seat % lanes;
  let value = group.x * (SEATS / lanes) + seat / lanes;
  // So many values are smaller, if all differ.
  let smaller = n - 1u - min(value, n - 1u);
  let width = BOUND / f32(shape.points);
  var low = width * f32(first_point_above(smaller, group.z * shape.points));
  var high = low + width;
  let start = (2u * group.z + local / SEATS) * shape.steps;
  for (var round = 0u; round < shape.first_rounds + shape.rounds; round++) {
    if round == shape.first_rounds {
      low = max(0.0, low - MARGIN);
      high = min(BOUND, high + MARGIN);
    }
    let step = (high - low) / f32(lanes + 1u);
    let x = low + step * f32(lane + 1u);
    var own: End;
    if round < shape.first_rounds {
      own = roughly_below(x, start);
    } else {
      own = below(x, start);
    }
    let count = count_of_both(x, own, local);
    if local < SEATS {
      below_points[seat] = count;
    }
    workgroupBarrier();
    var point = 0u;
    while point < lanes && below_points[seat - lane + point] <= smaller {
      point++;
    }
    let first = low;
    if point > 0u {
      low = first + step * f32(point);
    }
    if point < lanes {
      high = first + step * f32(point + 1u);
    }
  }
  if local < SEATS && lane == 0u && value < n {
    values[group.z * n + value] = select(0.5 * (low + high), 0.0, low == 0.0) * scales[group.z];
  }
}

// The number of the first point with more than `smaller` values below it, of those whose counts begin at `start`.
fn first_point_above(smaller: u32, start: u32) -> u32 {
  var least = 0u;
  var most = shape.points - 1u;
  while least < most {
    let middle = (least + most) / 2u;
    if counts[start + middle] > smaller {
      most = middle;
    } else {
      least = middle + 1u;
    }
  }
  return least;
}
