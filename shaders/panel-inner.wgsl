// Factors a node of the level above the one that is being applied, which needs its triangles only: panel-apply-left.wgsl
// leaves it to the workgroups with workgroup_id.x = 0, while the others apply. `panel-factor.wgsl` comes before.

@group(0) @binding(3) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(4) var<storage, read_write> new_vectors: array<f32>;
@group(0) @binding(5) var<storage, read_write> new_factors: array<f32>;
@group(0) @binding(6) var<storage, read_write> corners: array<f32>;

// `children`: nodes of the level that is being applied.
fn factor_above(matrix: u32, number: u32, children: u32, thread: u32) {
  // Nothing stands above the last level; the level above has a node for ROWS / BAND of this one.
  if panel.above == 0u || number * (ROWS / BAND) >= children {
    return;
  }
  let place = matrix * panel.nodes + panel.nodes_before + children + number;
  factor_node(Node(matrix, number, place, panel.above == 1u), thread);
}

fn load_entry(node: Node, c: u32, q: u32) -> f32 {
  let below = node.number * (ROWS / BAND) + q / BAND;
  let first = node.place - node.number;
  let children = first - panel.nodes_before - node.matrix * panel.nodes;
  let inside = q < ROWS && below < children;
  let entry = triangles[select(0u, ((first - children + below) * BAND + q % BAND) * BAND + c, inside)];
  return select(0.0, entry, inside);
}
