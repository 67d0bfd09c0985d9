// Products of rows with a panel, for delayed-left-products.wgsl and delayed-right-products.wgsl: lanes go along the row, an
// invocation has four rows, and the lanes' sums are added up in workgroup memory. Rows come from the matrix, or are
// columns of the factors, which lie in memory as rows do.

// Lanes and strips of a workgroup; each strip has rows of its own.
const LANES = 32u;
const STRIPS = 8u;
const DOT_ROWS = 4u * STRIPS;

@group(0) @binding(0) var<storage, read> matrices: array<f32>;
// Rows of a panel are two vec4.
@group(0) @binding(1) var<storage, read> panels: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;
// See `products_size`.
@group(0) @binding(3) var<storage, read_write> products: array<f32>;

var<workgroup> partial: array<vec4<f32>, 1024>;

// Entries [begin, to) of four rows of the matrix, which begin at `rows`, times those rows of the panel that begin at
// `panel`, in vec4. Strips of a workgroup may have other numbers of them. Afterwards invocation (lane, strip) has in
// `found` number lane % 8 of the product of row lane / 8 of its strip.
fn dots(rows: vec4<u32>, of_factors: bool, panel: u32, begin: u32, to: u32, lane: u32, strip: u32) -> f32 {
  var a0 = vec4<f32>();
  var a1 = vec4<f32>();
  var b0 = vec4<f32>();
  var b1 = vec4<f32>();
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var d0 = vec4<f32>();
  var d1 = vec4<f32>();
  let last = to - 1u;
  if of_factors {
    for (var i = begin + lane; i < to; i += LANES) {
      let x0 = panels[panel + 2u * i];
      let x1 = panels[panel + 2u * i + 1u];
      let row = vec4(factors[rows.x + i], factors[rows.y + i], factors[rows.z + i], factors[rows.w + i]);
      a0 += row.x * x0;
      a1 += row.x * x1;
      b0 += row.y * x0;
      b1 += row.y * x1;
      c0 += row.z * x0;
      c1 += row.z * x1;
      d0 += row.w * x0;
      d1 += row.w * x1;
    }
  } else {
    // Four columns at a time, so that there is enough on its way; what lies beyond the end meets zeros.
    for (var i = begin + lane; i < to; i += 4u * LANES) {
      let near = min(i + vec4(0u, LANES, 2u * LANES, 3u * LANES), vec4(last));
      let there = i + vec4(0u, LANES, 2u * LANES, 3u * LANES) <= vec4(last);
      let r0 = vec4(matrices[rows.x + near.x], matrices[rows.y + near.x], matrices[rows.z + near.x], matrices[rows.w + near.x]);
      let r1 = vec4(matrices[rows.x + near.y], matrices[rows.y + near.y], matrices[rows.z + near.y], matrices[rows.w + near.y]);
      let r2 = vec4(matrices[rows.x + near.z], matrices[rows.y + near.z], matrices[rows.z + near.z], matrices[rows.w + near.z]);
      let r3 = vec4(matrices[rows.x + near.w], matrices[rows.y + near.w], matrices[rows.z + near.w], matrices[rows.w + near.w]);
      let p0 = select(vec4<f32>(), panels[panel + 2u * near.x], there.x);
      let q0 = select(vec4<f32>(), panels[panel + 2u * near.x + 1u], there.x);
      a0 += r0.x * p0;
      a1 += r0.x * q0;
      b0 += r0.y * p0;
      b1 += r0.y * q0;
      c0 += r0.z * p0;
      c1 += r0.z * q0;
      d0 += r0.w * p0;
      d1 += r0.w * q0;
      let p1 = select(vec4<f32>(), panels[panel + 2u * near.y], there.y);
      let q1 = select(vec4<f32>(), panels[panel + 2u * near.y + 1u], there.y);
      a0 += r1.x * p1;
      a1 += r1.x * q1;
      b0 += r1.y * p1;
      b1 += r1.y * q1;
      c0 += r1.z * p1;
      c1 += r1.z * q1;
      d0 += r1.w * p1;
      d1 += r1.w * q1;
      let p2 = select(vec4<f32>(), panels[panel + 2u * near.z], there.z);
      let q2 = select(vec4<f32>(), panels[panel + 2u * near.z + 1u], there.z);
      a0 += r2.x * p2;
      a1 += r2.x * q2;
      b0 += r2.y * p2;
      b1 += r2.y * q2;
      c0 += r2.z * p2;
      c1 += r2.z * q2;
      d0 += r2.w * p2;
      d1 += r2.w * q2;
      let p3 = select(vec4<f32>(), panels[panel + 2u * near.w], there.w);
      let q3 = select(vec4<f32>(), panels[panel + 2u * near.w + 1u], there.w);
      a0 += r3.x * p3;
      a1 += r3.x * q3;
      b0 += r3.y * p3;
      b1 += r3.y * q3;
      c0 += r3.z * p3;
      c1 += r3.z * q3;
      d0 += r3.w * p3;
      d1 += r3.w * q3;
    }
  }
  // Two of the four rows at a time: workgroup memory holds no more.
  let near = across(a0, a1, b0, b1, lane, strip);
  let far = across(c0, c1, d0, d1, lane, strip);
  return select(near, far, lane >= 16u);
}

// Adds up the lanes' numbers, 16 each; a lane gets number lane % 16.
fn across(a0: vec4<f32>, a1: vec4<f32>, b0: vec4<f32>, b1: vec4<f32>, lane: u32, strip: u32) -> f32 {
  let start = strip * 4u * LANES;
  workgroupBarrier();
  partial[start + lane] = a0;
  partial[start + LANES + lane] = a1;
  partial[start + 2u * LANES + lane] = b0;
  partial[start + 3u * LANES + lane] = b1;
  workgroupBarrier();
  // A vector from each fourth lane: an eighth of them.
  let vector = start + (lane / 8u) * LANES + lane % 8u;
  let sum = (partial[vector] + partial[vector + 8u]) + (partial[vector + 16u] + partial[vector + 24u]);
  // Nobody else has read what was there.
  partial[vector] = sum;
  workgroupBarrier();
  let number = start + (lane % 16u) / 4u * LANES;
  let c = lane % 4u;
  return ((partial[number][c] + partial[number + 1u][c]) + (partial[number + 2u][c] + partial[number + 3u][c])) +
         ((partial[number + 4u][c] + partial[number + 5u][c]) + (partial[number + 6u][c] + partial[number + 7u][c]));
}

// Products of the joint columns of factors `factor` and the next with the panel: DOT_ROWS of them.
fn factor_dots(matrix: u32, factor: u32, block: u32, part: u32, begin: u32, to: u32, lane: u32, strip: u32) {
  let count = delayed.left + delayed.right;
  let e = block * DOT_ROWS + strip * 4u;
  let last = count - 1u;
  let rows = vec4(joint_column(matrix, factor, min(e, last)), joint_column(matrix, factor, min(e + 1u, last)),
                  joint_column(matrix, factor, min(e + 2u, last)), joint_column(matrix, factor, min(e + 3u, last)));
  let number = dots(rows, true, 2u * matrix * delayed.pitch, begin, to, lane, strip);
  let column = e + lane / 8u;
  if column < count {
    products[(matrix * delayed.parts + part) * products_size() + (delayed.pitch + column) * BAND + lane % 8u] = number;
  }
}
