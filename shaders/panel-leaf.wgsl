// The entries of a node of level 0, for panel-factor.wgsl: those of A.

@group(0) @binding(0) var<storage, read> matrices: array<f32>;

fn load_entry(group: vec3<u32>, c: u32, q: u32) -> f32 {
  let rows = panel.side == 1u;
  let long = long_index(group.x, q);
  let short = panel.short_first + c;
  let inside = long < select(panel.rows, panel.columns, rows) && short < panel.short_end;
  let index = select(long * panel.columns + short, short * panel.columns + long, rows);
  // Not conditional, or each load would be waited for.
  let entry = matrices[select(0u, group.z * panel.matrix + index, inside)];
  return select(0.0, entry, inside);
}
