// Factors the nodes of level 0 of a panel of A (see panel.wgsl). One workgroup a node (workgroup_id.x), the batch on
// workgroup_id.z. `panel-factor.wgsl` comes before.

@group(0) @binding(0) var<storage, read> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(2) var<storage, read_write> new_vectors: array<f32>;
@group(0) @binding(3) var<storage, read_write> new_factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> corners: array<f32>;

var<workgroup> partial: array<vec4<f32>, NODE_MEMORY>;

@compute @workgroup_size(NODE_STRIPS * BAND)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let place = group.z * panel.nodes + panel.nodes_before + group.x;
  factor_node(Node(group.z, group.x, place, panel.above == 0u), thread);
}

fn load_entry(node: Node, c: u32, q: u32) -> f32 {
  let rows = panel.side == 1u;
  let long = long_index(node.number, q);
  let short = panel.short_first + c;
  let inside = q < ROWS && long < select(panel.rows, panel.columns, rows) && short < panel.short_end;
  let index = select(long * panel.columns + short, short * panel.columns + long, rows);
  // Not conditional, or each load would be waited for.
  let entry = matrices[select(0u, node.matrix * panel.matrix + index, inside)];
  return select(0.0, entry, inside);
}
