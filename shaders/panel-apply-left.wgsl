// A ← QᵀA = A − Y·Tᵀ·(YᵀA) for the nodes of one level of a column panel (see panel.wgsl). One workgroup a tile of VECTORS
// columns (workgroup_id.x − 1) of one node (workgroup_id.y), the batch on workgroup_id.z; the first one factors a node of the
// next level meanwhile (panel-inner.wgsl). Lanes go along the columns, strips share the node's rows. A is read twice, the second time from the cache, which is quicker than keeping it in registers.
//
// Loads are not conditional, or each would be waited for: an index beyond A is moved to its edge, where Y is zero.
// `panel-products.wgsl` and panel-inner.wgsl come before.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
// A node's Y, rows of two vec4.
@group(0) @binding(1) var<storage, read> vectors: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> factors: array<vec4<f32>>;

@compute @workgroup_size(LANES, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_id) local: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  if group.x == 0u {
    factor_above(group.z, group.y, groups.y, thread);
    return;
  }
  let place = group.z * panel.nodes + panel.nodes_before + group.y;
  let first = panel.rest + (group.x - 1u) * VECTORS + local.x;
  let last = panel.columns - 1u;
  let start = group.z * panel.matrix;
  let near = start + min(first, last);
  let far = start + min(first + LANES, last);
  // Strips take four rows in turn.
  let length = node_length(group.y);

  var near0 = vec4<f32>();
  var near1 = vec4<f32>();
  var far0 = vec4<f32>();
  var far1 = vec4<f32>();
  var rows = edge(group.y, 4u * local.y);
  var next_a = vec4(matrices[near + rows.x], matrices[near + rows.y], matrices[near + rows.z], matrices[near + rows.w]);
  var next_b = vec4(matrices[far + rows.x], matrices[far + rows.y], matrices[far + rows.z], matrices[far + rows.w]);
  for (var i = 4u * local.y; i < length; i += 4u * STRIPS) {
    // What comes next is on its way while this is computed.
    let a = next_a;
    let b = next_b;
    rows = edge(group.y, i + 4u * STRIPS);
    next_a = vec4(matrices[near + rows.x], matrices[near + rows.y], matrices[near + rows.z], matrices[near + rows.w]);
    next_b = vec4(matrices[far + rows.x], matrices[far + rows.y], matrices[far + rows.z], matrices[far + rows.w]);
    let q = 2u * (place * ROWS + i);
    let x0 = vectors[q];
    let x1 = vectors[q + 1u];
    let y0 = vectors[q + 2u];
    let y1 = vectors[q + 3u];
    let z0 = vectors[q + 4u];
    let z1 = vectors[q + 5u];
    let w0 = vectors[q + 6u];
    let w1 = vectors[q + 7u];
    near0 += (a.x * x0 + a.y * y0) + (a.z * z0 + a.w * w0);
    near1 += (a.x * x1 + a.y * y1) + (a.z * z1 + a.w * w1);
    far0 += (b.x * x0 + b.y * y0) + (b.z * z0 + b.w * w0);
    far1 += (b.x * x1 + b.y * y1) + (b.z * z1 + b.w * w1);
  }
  let slot = 2u * (local.y * VECTORS + local.x);
  partial[slot] = near0;
  partial[slot + 1u] = near1;
  partial[slot + 2u * LANES] = far0;
  partial[slot + 2u * LANES + 1u] = far1;
  combine(thread, place);
  let result = 2u * (VECTORS + local.x);
  near0 = partial[result];
  near1 = partial[result + 1u];
  far0 = partial[result + 2u * LANES];
  far1 = partial[result + 2u * LANES + 1u];

  for (var i = 4u * local.y; i < length; i += 4u * STRIPS) {
    let row = long_index(group.y, i);
    rows = edge(group.y, i);
    var a = vec4(matrices[near + rows.x], matrices[near + rows.y], matrices[near + rows.z], matrices[near + rows.w]);
    var b = vec4(matrices[far + rows.x], matrices[far + rows.y], matrices[far + rows.z], matrices[far + rows.w]);
    let q = 2u * (place * ROWS + i);
    let x0 = vectors[q];
    let x1 = vectors[q + 1u];
    let y0 = vectors[q + 2u];
    let y1 = vectors[q + 3u];
    let z0 = vectors[q + 4u];
    let z1 = vectors[q + 5u];
    let w0 = vectors[q + 6u];
    let w1 = vectors[q + 7u];
    a -= vec4(dot(near0, x0) + dot(near1, x1), dot(near0, y0) + dot(near1, y1), dot(near0, z0) + dot(near1, z1),
              dot(near0, w0) + dot(near1, w1));
    b -= vec4(dot(far0, x0) + dot(far1, x1), dot(far0, y0) + dot(far1, y1), dot(far0, z0) + dot(far1, z1),
              dot(far0, w0) + dot(far1, w1));
    if first <= last {
      if row < panel.rows { matrices[near + rows.x] = a.x; }
      if row + 1u < panel.rows { matrices[near + rows.y] = a.y; }
      if row + 2u < panel.rows { matrices[near + rows.z] = a.z; }
      if row + 3u < panel.rows { matrices[near + rows.w] = a.w; }
    }
    if first + LANES <= last {
      if row < panel.rows { matrices[far + rows.x] = b.x; }
      if row + 1u < panel.rows { matrices[far + rows.y] = b.y; }
      if row + 2u < panel.rows { matrices[far + rows.z] = b.z; }
      if row + 3u < panel.rows { matrices[far + rows.w] = b.w; }
    }
  }
}

// Where the four rows from entry `q` of a node on begin in A, or else its last.
fn edge(node: u32, q: u32) -> vec4<u32> {
  return min(long_index(node, q) + vec4(0u, 1u, 2u, 3u), vec4(panel.rows - 1u)) * panel.columns;
}
