// A ← A·Q = A − (A·Y)·T·Yᵀ for the nodes of one level of a row panel (see panel.wgsl). One workgroup a tile of VECTORS rows
// (workgroup_id.x) of one node (workgroup_id.y), the batch on workgroup_id.z.
//
// For A·Y, lanes go along the rows, so that sums over columns stay within an invocation; to be read along the rows all
// the same, A passes through workgroup memory, 32 columns at a time, of which a strip takes four. The update has no sums:
// there an invocation has two of the columns, and their rows of Y in registers.
//
// As in panel-apply-left.wgsl, A is read twice and loads are not conditional. `panel-products.wgsl` and panel-inner.wgsl come before.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
// A node's Y, rows of two vec4.
@group(0) @binding(1) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> factors: array<vec4<f32>>;

const TURN = 32u;
// A row of the columns that pass, in vec4, one more than needed so that banks of memory differ.
const PITCH = TURN / 4u + 1u;
// Columns' distance in the update.
const APART = ROWS / 2u;

@compute @workgroup_size(LANES, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if group.x == 0u {
    factor_above(group.z, group.y, groups.y, thread);
    return;
  }
  let place = group.z * panel.nodes + panel.nodes_before + group.y;
  let first = panel.rest + (group.x - 1u) * VECTORS;
  let start = group.z * panel.matrix;
  let last_row = panel.rows - 1u;
  let last = panel.columns - 1u;

  var near0 = vec4<f32>();
  var near1 = vec4<f32>();
  var far0 = vec4<f32>();
  var far1 = vec4<f32>();
  let own = start + min(first + local.y + vec4(0u, STRIPS, 2u * STRIPS, 3u * STRIPS), vec4(last_row)) * panel.columns;
  let more = start + min(first + local.y + vec4(4u, 5u, 6u, 7u) * STRIPS, vec4(last_row)) * panel.columns;
  let length = node_length(group.y);
  var column = min(long_index(group.y, local.x), last);
  var next_a = vec4(matrices[own.x + column], matrices[own.y + column], matrices[own.z + column], matrices[own.w + column]);
  var next_b = vec4(matrices[more.x + column], matrices[more.y + column], matrices[more.z + column],
                    matrices[more.w + column]);
  for (var turn = 0u; turn < length; turn += TURN) {
    // What comes next is on its way while this is computed.
    let a = next_a;
    let b = next_b;
    column = min(long_index(group.y, turn + TURN + local.x), last);
    next_a = vec4(matrices[own.x + column], matrices[own.y + column], matrices[own.z + column], matrices[own.w + column]);
    next_b = vec4(matrices[more.x + column], matrices[more.y + column], matrices[more.z + column],
                  matrices[more.w + column]);
    workgroupBarrier();
    let to = local.y * PITCH + local.x / 4u;
    let part = local.x % 4u;
    partial[to][part] = a.x;
    partial[to + STRIPS * PITCH][part] = a.y;
    partial[to + 2u * STRIPS * PITCH][part] = a.z;
    partial[to + 3u * STRIPS * PITCH][part] = a.w;
    partial[to + 4u * STRIPS * PITCH][part] = b.x;
    partial[to + 5u * STRIPS * PITCH][part] = b.y;
    partial[to + 6u * STRIPS * PITCH][part] = b.z;
    partial[to + 7u * STRIPS * PITCH][part] = b.w;
    workgroupBarrier();
    let c = partial[local.x * PITCH + local.y];
    let d = partial[(local.x + LANES) * PITCH + local.y];
    let q = (place * ROWS + turn + 4u * local.y) * 2u;
    let x0 = vectors[q];
    let x1 = vectors[q + 1u];
    let y0 = vectors[q + 2u];
    let y1 = vectors[q + 3u];
    let z0 = vectors[q + 4u];
    let z1 = vectors[q + 5u];
    let w0 = vectors[q + 6u];
    let w1 = vectors[q + 7u];
    near0 += (c.x * x0 + c.y * y0) + (c.z * z0 + c.w * w0);
    near1 += (c.x * x1 + c.y * y1) + (c.z * z1 + c.w * w1);
    far0 += (d.x * x0 + d.y * y0) + (d.z * z0 + d.w * w0);
    far1 += (d.x * x1 + d.y * y1) + (d.z * z1 + d.w * w1);
  }
  workgroupBarrier();
  let slot = 2u * (local.y * VECTORS + local.x);
  partial[slot] = near0;
  partial[slot + 1u] = near1;
  partial[slot + 2u * LANES] = far0;
  partial[slot + 2u * LANES + 1u] = far1;
  combine(thread, place);

  let q = thread % APART;
  let near = long_index(group.y, q);
  let far = long_index(group.y, q + APART);
  let y = (place * ROWS + q) * 2u;
  near0 = vectors[y];
  near1 = vectors[y + 1u];
  far0 = vectors[y + 2u * APART];
  far1 = vectors[y + 2u * APART + 1u];
  let half = thread / APART;
  for (var i = 0u; i < VECTORS / 2u; i += 4u) {
    let along = half * (VECTORS / 2u) + i;
    let row = first + along;
    let rows = start + min(row + vec4(0u, 1u, 2u, 3u), vec4(last_row)) * panel.columns;
    let c = rows + min(near, last);
    let d = rows + min(far, last);
    var a = vec4(matrices[c.x], matrices[c.y], matrices[c.z], matrices[c.w]);
    var b = vec4(matrices[d.x], matrices[d.y], matrices[d.z], matrices[d.w]);
    let p = 2u * (VECTORS + along);
    let x0 = partial[p];
    let x1 = partial[p + 1u];
    let y0 = partial[p + 2u];
    let y1 = partial[p + 3u];
    let z0 = partial[p + 4u];
    let z1 = partial[p + 5u];
    let w0 = partial[p + 6u];
    let w1 = partial[p + 7u];
    a -= vec4(dot(near0, x0) + dot(near1, x1), dot(near0, y0) + dot(near1, y1), dot(near0, z0) + dot(near1, z1),
              dot(near0, w0) + dot(near1, w1));
    b -= vec4(dot(far0, x0) + dot(far1, x1), dot(far0, y0) + dot(far1, y1), dot(far0, z0) + dot(far1, z1),
              dot(far0, w0) + dot(far1, w1));
    if near <= last {
      if row <= last_row { matrices[c.x] = a.x; }
      if row + 1u <= last_row { matrices[c.y] = a.y; }
      if row + 2u <= last_row { matrices[c.z] = a.z; }
      if row + 3u <= last_row { matrices[c.w] = a.w; }
    }
    if far <= last {
      if row <= last_row { matrices[d.x] = b.x; }
      if row + 1u <= last_row { matrices[d.y] = b.y; }
      if row + 2u <= last_row { matrices[d.z] = b.z; }
      if row + 3u <= last_row { matrices[d.w] = b.w; }
    }
  }
}
