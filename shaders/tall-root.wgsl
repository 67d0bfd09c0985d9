// The root of a panel's tree (see tall.wgsl): what householder-panel.wgsl, which comes before, factors, the triangles that
// the leaves left in `stack`, one workgroup a matrix (workgroup_id.z). With Z the first BAND columns of the root's Q, Zᵢ its
// rows for leaf i, the first BAND columns of the whole are Qᵢ·Zᵢ, and their first rows Q₁. From Q₁ − S = L·U, where sⱼ is the
// opposite of the sign that the pivot has when its turn comes, so that no pivot is below 1, there follow the first rows L of
// V, which go to `triangles`, and R = S·(the root's R), which goes to A. `stack` gets Zᵢ·U⁻¹, of which tall-vectors.wgsl makes
// the other rows of V.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> stack: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> triangles: array<vec4<f32>>;

// F of the root, and Z's first rows.
var<workgroup> thin_rows: array<vec4<f32>, 2u * BAND>;
var<workgroup> z_rows: array<vec4<f32>, 2u * BAND>;
// Row j of U in column j's turn.
var<workgroup> pivots: array<vec4<f32>, 4>;

fn factor(group: vec3<u32>, thread: u32) {
  factor_panel(Panel(group.z, 0u, tall.leaves * BAND), thread);
}

fn read_row(panel: Panel, row: u32, round: u32) -> Row {
  let place = leaf_row(panel.matrix, 0u, row);
  return Row(stack[place], stack[place + 1u]);
}

fn write_row(panel: Panel, row: u32, own: Row) {
  let place = leaf_row(panel.matrix, 0u, row);
  stack[place] = own.low;
  stack[place + 1u] = own.high;
}

// Row `r` of Z, for row `v` of the root's V.
fn row_of_z(r: u32, v: Row) -> Row {
  let one = vec4(1.0);
  let none = vec4<f32>();
  let low = (v.low.x * thin_rows[0] + v.low.y * thin_rows[2]) + (v.low.z * thin_rows[4] + v.low.w * thin_rows[6]) +
    (v.high.x * thin_rows[8] + v.high.y * thin_rows[10]) + (v.high.z * thin_rows[12] + v.high.w * thin_rows[14]);
  let high = (v.low.x * thin_rows[1] + v.low.y * thin_rows[3]) + (v.low.z * thin_rows[5] + v.low.w * thin_rows[7]) +
    (v.high.x * thin_rows[9] + v.high.y * thin_rows[11]) + (v.high.z * thin_rows[13] + v.high.w * thin_rows[15]);
  return Row(select(none, one, INDEX == vec4(r)) - low, select(none, one, INDEX + 4u == vec4(r)) - high);
}

fn finish(panel: Panel, thread: u32, own: Row, factor: Row) {
  let thin = thin_factor(thread, own, factor);
  if thread < BAND {
    thin_rows[2u * thread] = thin.low;
    thin_rows[2u * thread + 1u] = thin.high;
  }
  workgroupBarrier();
  var q = Row();
  if thread < BAND {
    q = row_of_z(thread, row_of_v(own, thread));
    z_rows[2u * thread] = q.low;
    z_rows[2u * thread + 1u] = q.high;
  }
  workgroupBarrier();
  if thread < BAND {
    // Q₁ = Z₁ − V₁·(F·Z₁) with V₁ and F of the first leaf.
    let place = panel_row(panel.matrix, tall.first + tall.offset + thread);
    let v = Row(block[place], block[place + 1u]);
    var product = Row();
    for (var s = 0u; s < BAND; s++) {
      let f = leaf_row(panel.matrix, 0u, s);
      product.low += entry(v, s) * factors[f];
      product.high += entry(v, s) * factors[f + 1u];
    }
    for (var s = 0u; s < BAND; s++) {
      q.low -= entry(product, s) * z_rows[2u * s];
      q.high -= entry(product, s) * z_rows[2u * s + 1u];
    }
  }
  // Columns move on with each step, as in householder-panel.wgsl: column j is the first.
  var sign = 1.0;
  for (var j = 0u; j < BAND; j++) {
    if thread == j {
      sign = select(-1.0, 1.0, q.low.x < 0.0);
      q.low.x -= sign;
      // Of U's row what is to come; L's follows behind.
      pivots[2u * (j & 1u)] = select(vec4<f32>(), q.low, INDEX + j < vec4(BAND));
      pivots[2u * (j & 1u) + 1u] = select(vec4<f32>(), q.high, INDEX + 4u + j < vec4(BAND));
    }
    workgroupBarrier();
    let low = pivots[2u * (j & 1u)];
    let high = pivots[2u * (j & 1u) + 1u];
    let ratio = select(0.0, q.low.x / low.x, thread > j);
    let gone = select(q.low.x, ratio, thread > j);
    q.low -= ratio * low;
    q.high -= ratio * high;
    q = Row(vec4(q.low.yzw, q.high.x), vec4(q.high.yzw, gone));
  }
  if thread < BAND {
    // L below the diagonal, U above and on it.
    let l = row_of_v(q, thread);
    let place = triangle_row(panel.matrix, WIDTH + thread);
    triangles[place] = l.low;
    triangles[place + 1u] = l.high;
    strict_rows[2u * thread] = select(vec4<f32>(), q.low, INDEX > vec4(thread));
    strict_rows[2u * thread + 1u] = select(vec4<f32>(), q.high, INDEX + 4u > vec4(thread));
    reciprocals[thread] = 1.0 / entry(q, thread);
    let row = tall.first + tall.offset + thread;
    for (var c = 0u; c < BAND; c++) {
      let column = tall.first + tall.offset + c;
      if row < tall.columns && column < tall.columns {
        matrices[panel.matrix * tall.matrix + row * tall.columns + column] = select(0.0, sign * entry(own, c), c >= thread);
      }
    }
  }
  workgroupBarrier();
}

fn keep_row(panel: Panel, row: u32, own: Row) {
  write_row(panel, row, solve(row_of_z(row, own)));
}
