// The first BAND columns of Q = I − V·T·Vᵀ are E − V·F with F = T·V₁ᵀ, where E and V₁ are the first BAND rows of the identity
// and of V. `householder-panel.wgsl` comes before tall-leaf.wgsl and tall-root.wgsl, this between.

var<workgroup> first_rows: array<vec4<f32>, 2u * BAND>;

// Invocation r < BAND gets row r of F for its rows `own` of V₁ (with R above the diagonal) and `factor` of T.
fn thin_factor(thread: u32, own: Row, factor: Row) -> Row {
  if thread < BAND {
    let v = row_of_v(own, thread);
    first_rows[2u * thread] = v.low;
    first_rows[2u * thread + 1u] = v.high;
  }
  workgroupBarrier();
  return Row(vec4(along(factor, 0u), along(factor, 1u), along(factor, 2u), along(factor, 3u)),
             vec4(along(factor, 4u), along(factor, 5u), along(factor, 6u), along(factor, 7u)));
}

fn along(factor: Row, r: u32) -> f32 {
  return dot(factor.low, first_rows[2u * r]) + dot(factor.high, first_rows[2u * r + 1u]);
}
