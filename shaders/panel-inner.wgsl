// The entries of a node above level 0, for panel-factor.wgsl: the triangles of the nodes below it, stacked.

fn load_entry(group: vec3<u32>, c: u32, q: u32) -> f32 {
  let below = group.x * (ROWS / BAND) + q / BAND;
  let inside = below < panel.children;
  let node = group.z * panel.nodes + panel.nodes_before - panel.children + below;
  let entry = triangles[select(0u, (node * BAND + q % BAND) * BAND + c, inside)];
  return select(0.0, entry, inside);
}
