// The leaves of a panel (see tall.wgsl): what householder-panel.wgsl, which comes before, factors, LEAF rows a workgroup
// (workgroup_id.x), the batch on workgroup_id.z. V takes the panel's place, R goes to `stack`, F = T·V₁ᵀ (tall-thin.wgsl) to
// `factors`.

@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> stack: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<vec4<f32>>;

fn factor(group: vec3<u32>, thread: u32) {
  factor_panel(Panel(group.z, group.x, min(LEAF, tall.rows - (tall.first + tall.offset + group.x * LEAF))), thread);
}

fn place_of(panel: Panel, row: u32) -> u32 {
  return panel_row(panel.matrix, tall.first + tall.offset + panel.number * LEAF + row);
}

fn read_row(panel: Panel, row: u32, round: u32) -> Row {
  let place = place_of(panel, row);
  return Row(block[place], block[place + 1u]);
}

fn write_row(panel: Panel, row: u32, own: Row) {
  let place = place_of(panel, row);
  block[place] = own.low;
  block[place + 1u] = own.high;
}

fn finish(panel: Panel, thread: u32, own: Row, factor: Row) {
  let thin = thin_factor(thread, own, factor);
  if thread < BAND {
    let place = leaf_row(panel.matrix, panel.number, thread);
    stack[place] = select(vec4<f32>(), own.low, INDEX >= vec4(thread));
    stack[place + 1u] = select(vec4<f32>(), own.high, INDEX + 4u >= vec4(thread));
    factors[place] = thin.low;
    factors[place + 1u] = thin.high;
  }
}

fn keep_row(panel: Panel, row: u32, own: Row) {
  write_row(panel, row, own);
}
