// Four neighbouring entries of a row of X, for matrices of any length; quads-aligned.wgsl does the same where the length is
// a multiple of four. One of them comes before the shaders that read rows in quads, which declare x: Entries, and
// put-quads.wgsl or put-quads-aligned.wgsl before those that write them.

alias Entries = array<f32>;

// Those from `column` on of the row that begins at `row`, and zeros from column `last` on.
fn quad_at(row: u32, column: u32, last: u32) -> vec4<f32> {
  // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
  let inside = vec4(column, column + 1u, column + 2u, column + 3u) < vec4(last);
  let places = select(vec4<u32>(), vec4(row + column) + vec4(0u, 1u, 2u, 3u), inside);
  return select(vec4<f32>(), vec4(x[places.x], x[places.y], x[places.z], x[places.w]), inside);
}

// Likewise, with any entries of X in the place of zeros.
fn quad_near(row: u32, column: u32, last: u32) -> vec4<f32> {
  let places = row + min(vec4(column) + vec4(0u, 1u, 2u, 3u), vec4(last - 1u));
  return vec4(x[places.x], x[places.y], x[places.z], x[places.w]);
}
