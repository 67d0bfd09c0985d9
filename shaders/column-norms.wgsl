// Σa² over the finite entries, and max |a|, of each column over a band of rows. The bands are combined in float64 by the caller.
//
// One workgroup a tile of columns (workgroup_id.x) and a band (workgroup_id.y), the batch on workgroup_id.z; the lanes of
// a workgroup lie along the columns, its strips share the band's rows. Results: bands × columns × (Σa², max |a|).

struct Shape {
  rows: u32,
  columns: u32,
  band: u32,
  // Where the first matrix begins.
  first: u32,
}

var<immediate> shape: Shape;
@group(0) @binding(0) var<storage, read> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> norms: array<vec2<f32>>;

const MISSING = 0x1p100f;
override lanes: u32 = 16;
override strips: u32 = 4;

var<workgroup> partial: array<vec2<f32>, lanes * strips>;

@compute @workgroup_size(lanes, strips)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>) {
  let column = group.x * lanes + local.x;
  let start = shape.first + group.z * shape.rows * shape.columns;
  var norm = vec2<f32>();
  if column < shape.columns {
    let last = min(shape.rows, (group.y + 1u) * shape.band);
    for (var row = group.y * shape.band + local.y; row < last; row += strips) {
      let entry = matrices[start + row * shape.columns + column];
      norm.y = max(norm.y, abs(entry));
      if entry != MISSING {
        norm.x += entry * entry;
      }
    }
  }
  partial[local.y * lanes + local.x] = norm;
  workgroupBarrier();
  if local.y == 0u && column < shape.columns {
    for (var strip = 1u; strip < strips; strip++) {
      let other = partial[strip * lanes + local.x];
      norm = vec2(norm.x + other.x, max(norm.y, other.y));
    }
    norms[(group.z * groups.y + group.y) * shape.columns + column] = norm;
  }
}
