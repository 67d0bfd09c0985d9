// G ← G − C₁·C₁ᵀ right and below a panel of 32 columns C₁ that cholesky-panel.wgsl has factored; only tiles that meet the
// lower triangle. `factor` holds Cᵀ.
//
// One workgroup a tile of 64 × 64 (workgroup_id.x, workgroup_id.y), one invocation 4 × 4 of it, the batch on
// workgroup_id.z.

struct Panel {
  size: u32,
  first: u32,
}

var<immediate> panel: Panel;
@group(0) @binding(0) var<storage, read_write> g: array<f32>;
@group(0) @binding(1) var<storage, read> factor: array<f32>;

const WIDTH = 32u;
const TILE = 64u;
const QUADS = 16u;

// Four entries of a row of Cᵀ to a vector.
var<workgroup> left: array<vec4<f32>, 512>;
var<workgroup> right: array<vec4<f32>, 512>;

fn entries(start: u32, row: u32, column: u32) -> vec4<f32> {
  var found = vec4<f32>();
  for (var i = 0u; i < 4u; i++) {
    if column + i < panel.size {
      found[i] = factor[start + row * panel.size + column + i];
    }
  }
  return found;
}

@compute @workgroup_size(16, 16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) index: u32) {
  if group.x > group.y {
    return;
  }
  let size = panel.size;
  let start = group.z * size * size;
  let begin = panel.first + WIDTH;
  let first_row = begin + group.y * TILE;
  let first_column = begin + group.x * TILE;
  for (var item = index; item < WIDTH * QUADS; item += 256u) {
    let row = panel.first + item / QUADS;
    left[item] = entries(start, row, first_row + 4u * (item % QUADS));
    right[item] = entries(start, row, first_column + 4u * (item % QUADS));
  }
  workgroupBarrier();
  var sums = mat4x4<f32>();
  for (var k = 0u; k < WIDTH; k++) {
    let a = left[k * QUADS + local.y];
    let b = right[k * QUADS + local.x];
    sums[0] += a[0] * b;
    sums[1] += a[1] * b;
    sums[2] += a[2] * b;
    sums[3] += a[3] * b;
  }
  for (var i = 0u; i < 4u; i++) {
    for (var j = 0u; j < 4u; j++) {
      let row = first_row + 4u * local.y + i;
      let column = first_column + 4u * local.x + j;
      if row < size && column < size {
        g[start + row * size + column] -= sums[i][j];
      }
    }
  }
}
