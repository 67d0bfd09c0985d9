// Writes four neighbouring entries of a row of X, see quads.wgsl, which comes before; none from column `last` on.

fn put_quad(row: u32, column: u32, last: u32, quad: vec4<f32>) {
  for (var i = 0u; i < 4u; i++) {
    if column + i < last {
      x[row + column + i] = quad[i];
    }
  }
}
