// A ← A − V·Yᵀ − X·Uᵀ with all DEPTH columns of the factors (see delayed.wgsl), from row and column `rest` on. One workgroup
// a tile of 64 × 64, an invocation four blocks of 4 × 4 of it. The batch is on workgroup_id.z.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<vec4<f32>>;

const TILE = 64u;
const QUADS = TILE / 4u;
// Columns of the factors at a time.
const STEP = 16u;

// Columns of V and X, and of Y and U, one after another.
var<workgroup> left: array<vec4<f32>, STEP * QUADS>;
var<workgroup> right: array<vec4<f32>, STEP * QUADS>;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let first_row = delayed.rest + group.y * TILE;
  let first_column = delayed.rest + group.x * TILE;
  // In vec4.
  let lefts = (factor_column(group.z, V, 0u) + first_row) / 4u;
  let rights = (factor_column(group.z, Y, 0u) + first_column) / 4u;
  let pitch = delayed.pitch / 4u;
  // Rows 4·local.y … and 32 further down; columns 4·local.x … and 32 further right.
  var a = mat4x4<f32>();
  var b = mat4x4<f32>();
  var c = mat4x4<f32>();
  var d = mat4x4<f32>();
  for (var depth = 0u; depth < 2u * DEPTH; depth += STEP) {
    workgroupBarrier();
    for (var slot = thread; slot < STEP * QUADS; slot += 64u) {
      let begin = (depth + slot / QUADS) * pitch + slot % QUADS;
      left[slot] = factors[lefts + begin];
      right[slot] = factors[rights + begin];
    }
    workgroupBarrier();
    for (var k = 0u; k < STEP; k++) {
      let x0 = left[k * QUADS + local.y];
      let x1 = left[k * QUADS + 8u + local.y];
      let y0 = right[k * QUADS + local.x];
      let y1 = right[k * QUADS + 8u + local.x];
      a[0] += x0.x * y0;
      a[1] += x0.y * y0;
      a[2] += x0.z * y0;
      a[3] += x0.w * y0;
      b[0] += x0.x * y1;
      b[1] += x0.y * y1;
      b[2] += x0.z * y1;
      b[3] += x0.w * y1;
      c[0] += x1.x * y0;
      c[1] += x1.y * y0;
      c[2] += x1.z * y0;
      c[3] += x1.w * y0;
      d[0] += x1.x * y1;
      d[1] += x1.y * y1;
      d[2] += x1.z * y1;
      d[3] += x1.w * y1;
    }
  }
  let start = group.z * delayed.matrix;
  let row = first_row + 4u * local.y;
  let column = first_column + 4u * local.x;
  subtract(start, row, column, a);
  subtract(start, row, column + 32u, b);
  subtract(start, row + 32u, column, c);
  subtract(start, row + 32u, column + 32u, d);
}

// All loads come before the first store, or each would be waited for; what lies beyond A is read from its edge.
fn subtract(start: u32, row: u32, column: u32, change: mat4x4<f32>) {
  let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(delayed.rows - 1u)) * delayed.columns;
  let columns = min(column + vec4(0u, 1u, 2u, 3u), vec4(delayed.columns - 1u));
  let a = load(rows.x, columns) - change[0];
  let b = load(rows.y, columns) - change[1];
  let c = load(rows.z, columns) - change[2];
  let d = load(rows.w, columns) - change[3];
  if row < delayed.rows { store(rows.x, column, a); }
  if row + 1u < delayed.rows { store(rows.y, column, b); }
  if row + 2u < delayed.rows { store(rows.z, column, c); }
  if row + 3u < delayed.rows { store(rows.w, column, d); }
}

fn load(row: u32, columns: vec4<u32>) -> vec4<f32> {
  return vec4(matrices[row + columns.x], matrices[row + columns.y], matrices[row + columns.z], matrices[row + columns.w]);
}

fn store(row: u32, column: u32, entries: vec4<f32>) {
  if column < delayed.columns { matrices[row + column] = entries.x; }
  if column + 1u < delayed.columns { matrices[row + column + 1u] = entries.y; }
  if column + 2u < delayed.columns { matrices[row + column + 2u] = entries.z; }
  if column + 3u < delayed.columns { matrices[row + column + 3u] = entries.w; }
}
