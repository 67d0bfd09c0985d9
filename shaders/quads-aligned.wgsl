// quads.wgsl for matrices whose length is a multiple of four.

alias Entries = array<vec4<f32>>;

fn quad_at(row: u32, column: u32, last: u32) -> vec4<f32> {
  let inside = column < last;
  return select(vec4<f32>(), x[select(0u, (row + column) / 4u, inside)], inside);
}

fn quad_near(row: u32, column: u32, last: u32) -> vec4<f32> {
  return x[(row + column) / 4u];
}
