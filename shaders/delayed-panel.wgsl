// What is factored for the reduction to a band (see delayed.wgsl) by householder-panel.wgsl, which comes before as does
// `delayed.wgsl`: one panel a matrix (workgroup_id.z). It becomes V and goes to the factors as well; its triangle goes to
// `corners`, T to `triangles`.

@group(0) @binding(1) var<storage, read_write> panels: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(5) var<storage, read_write> corners: array<f32>;

fn panel_of(group: vec3<u32>) -> Panel {
  return Panel(group.z, 0u, select(delayed.rows, delayed.columns, delayed.side == 1u) - delayed.first);
}

fn place_of(panel: Panel, row: u32) -> u32 {
  return (panel.matrix * delayed.pitch + delayed.first + row) * 2u;
}

fn read_row(panel: Panel, row: u32) -> Row {
  let place = place_of(panel, row);
  return Row(panels[place], panels[place + 1u]);
}

fn write_row(panel: Panel, row: u32, own: Row) {
  let place = place_of(panel, row);
  panels[place] = own.low;
  panels[place + 1u] = own.high;
}

fn finish(panel: Panel, thread: u32, own: Row, factor: Row) {
  if thread < BAND {
    let row = (panel.matrix * delayed.corners + delayed.corner) * BAND * BAND + thread * BAND;
    for (var c = 0u; c < BAND; c++) {
      corners[row + c] = select(0.0, entry(own, c), c >= thread);
      triangles[(panel.matrix * BAND + thread) * BAND + c] = entry(factor, c);
    }
  }
}

fn keep_row(panel: Panel, row: u32, own: Row) {
  write_row(panel, row, own);
  let to = factor_column(panel.matrix, select(V, U, delayed.side == 1u), delayed.fresh) + delayed.first + row;
  factors[to] = own.low.x;
  factors[to + delayed.pitch] = own.low.y;
  factors[to + 2u * delayed.pitch] = own.low.z;
  factors[to + 3u * delayed.pitch] = own.low.w;
  factors[to + 4u * delayed.pitch] = own.high.x;
  factors[to + 5u * delayed.pitch] = own.high.y;
  factors[to + 6u * delayed.pitch] = own.high.z;
  factors[to + 7u * delayed.pitch] = own.high.w;
}
