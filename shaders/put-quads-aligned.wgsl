// put-quads.wgsl for matrices whose length is a multiple of four; quads-aligned.wgsl comes before.

fn put_quad(row: u32, column: u32, last: u32, quad: vec4<f32>) {
  if column < last {
    x[(row + column) / 4u] = quad;
  }
}
