// After a panel (see tall.wgsl): the columns of the block to its right become B − V·W, W = T'ᵀ·(VᵀB), with T' the panel's own
// T, and T of the whole block so far gets the panel's columns, −T·(V₀ᵀV)·T' above T', V₀ being the V before. The products with
// V are those of tall-vectors.wgsl. T'⁻¹ is the part of VᵀV above the diagonal and half of the diagonal, so that every
// multiplication by T' is a substitution. workgroup_id.x: T, then ROWS rows of B; the batch on workgroup_id.z.
// `triangular-solve.wgsl` comes before.

@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> triangles: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> products: array<vec4<f32>>;

const QUADS = WIDTH / 4u;
const STRIPS = 16u;
const THREADS = QUADS * STRIPS;

// VᵀV₀, VᵀV, VᵀB: BAND rows; W likewise.
var<workgroup> sums: array<vec4<f32>, BAND * QUADS>;
var<workgroup> weights: array<vec4<f32>, BAND * QUADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = group.z;
  let quads = tall.width / 4u;
  let quad = min(thread % QUADS, quads - 1u);
  // Half of the invocations take every other chunk each. Four numbers are on their way at a time; beyond the last chunk comes
  // the last again, and is dropped.
  let half = thread / (THREADS / 2u);
  let slot = thread % (THREADS / 2u);
  let start = (matrix * tall.chunks * BAND + slot / QUADS) * quads + quad;
  let step = BAND * quads;
  let last = tall.chunks - 1u;
  var sum = vec4<f32>();
  for (var chunk = half; chunk < tall.chunks; chunk += 8u) {
    let chunks = chunk + vec4(0u, 2u, 4u, 6u);
    let places = start + step * min(chunks, vec4(last));
    let there = select(vec4(0.0), vec4(1.0), chunks <= vec4(last));
    sum += (there.x * products[places.x] + there.y * products[places.y]) +
           (there.z * products[places.z] + there.w * products[places.w]);
  }
  if half == 1u {
    weights[slot] = sum;
  }
  workgroupBarrier();
  if half == 0u {
    sums[slot] = sum + weights[slot];
  }
  workgroupBarrier();
  let own = tall.offset / 4u;
  if thread < BAND {
    let row = thread * QUADS + own;
    let index = vec4(0u, 1u, 2u, 3u);
    strict_rows[2u * thread] = select(vec4<f32>(), sums[row], index > vec4(thread));
    strict_rows[2u * thread + 1u] = select(vec4<f32>(), sums[row + 1u], index + 4u > vec4(thread));
    let square = number_at(thread, tall.offset + thread);
    // A column beyond A has none.
    reciprocals[thread] = select(0.0, 2.0 / square, square > 0.0);
  }
  workgroupBarrier();
  if group.x == 0u {
    if thread < WIDTH {
      let row = triangle_row(matrix, thread);
      var x = Row();
      if thread < tall.offset {
        // T is zero below its diagonal.
        for (var s = 0u; s < own; s++) {
          let t = triangles[row + s];
          x.low -= vec4(dot(t, sums[s]), dot(t, sums[QUADS + s]), dot(t, sums[2u * QUADS + s]), dot(t, sums[3u * QUADS + s]));
          x.high -= vec4(dot(t, sums[4u * QUADS + s]), dot(t, sums[5u * QUADS + s]), dot(t, sums[6u * QUADS + s]),
                         dot(t, sums[7u * QUADS + s]));
        }
      } else {
        let at = vec4(thread - tall.offset);
        x.low = select(vec4<f32>(), vec4(1.0), vec4(0u, 1u, 2u, 3u) == at);
        x.high = select(vec4<f32>(), vec4(1.0), vec4(4u, 5u, 6u, 7u) == at);
      }
      let made = solve(x);
      triangles[row + own] = made.low;
      triangles[row + own + 1u] = made.high;
    }
    return;
  }
  if thread < WIDTH {
    let made = solve(column_at(thread));
    for (var c = 0u; c < BAND; c++) {
      weights[c * QUADS + thread / 4u][thread % 4u] = entry(made, c);
    }
  }
  workgroupBarrier();
  if thread % QUADS < own + BAND / 4u || thread % QUADS >= quads {
    return;
  }
  let w0 = weights[quad];
  let w1 = weights[QUADS + quad];
  let w2 = weights[2u * QUADS + quad];
  let w3 = weights[3u * QUADS + quad];
  let w4 = weights[4u * QUADS + quad];
  let w5 = weights[5u * QUADS + quad];
  let w6 = weights[6u * QUADS + quad];
  let w7 = weights[7u * QUADS + quad];
  let begin = tall.first + tall.offset + (group.x - 1u) * ROWS;
  let end = min(begin + ROWS, tall.rows);
  for (var row = begin + thread / QUADS; row < end; row += 4u * STRIPS) {
    // Four rows at a time, on their way together; beyond the last comes the last again.
    let rows = min(row + vec4(0u, STRIPS, 2u * STRIPS, 3u * STRIPS), vec4(end - 1u));
    let va = panel_row(matrix, rows.x);
    let vb = panel_row(matrix, rows.y);
    let vc = panel_row(matrix, rows.z);
    let vd = panel_row(matrix, rows.w);
    let a0 = block[va];
    let a1 = block[va + 1u];
    let b0 = block[vb];
    let b1 = block[vb + 1u];
    let c0 = block[vc];
    let c1 = block[vc + 1u];
    let d0 = block[vd];
    let d1 = block[vd + 1u];
    let pa = block_row(matrix, rows.x) + quad;
    let pb = block_row(matrix, rows.y) + quad;
    let pc = block_row(matrix, rows.z) + quad;
    let pd = block_row(matrix, rows.w) + quad;
    let a = block[pa] - ((a0.x * w0 + a0.y * w1) + (a0.z * w2 + a0.w * w3)) - ((a1.x * w4 + a1.y * w5) + (a1.z * w6 + a1.w * w7));
    let b = block[pb] - ((b0.x * w0 + b0.y * w1) + (b0.z * w2 + b0.w * w3)) - ((b1.x * w4 + b1.y * w5) + (b1.z * w6 + b1.w * w7));
    let c = block[pc] - ((c0.x * w0 + c0.y * w1) + (c0.z * w2 + c0.w * w3)) - ((c1.x * w4 + c1.y * w5) + (c1.z * w6 + c1.w * w7));
    let d = block[pd] - ((d0.x * w0 + d0.y * w1) + (d0.z * w2 + d0.w * w3)) - ((d1.x * w4 + d1.y * w5) + (d1.z * w6 + d1.w * w7));
    block[pa] = a;
    if row + STRIPS < end { block[pb] = b; }
    if row + 2u * STRIPS < end { block[pc] = c; }
    if row + 3u * STRIPS < end { block[pd] = d; }
  }
}

fn number_at(c: u32, column: u32) -> f32 {
  return sums[c * QUADS + column / 4u][column % 4u];
}

// The products of a column of the block.
fn column_at(column: u32) -> Row {
  return Row(vec4(number_at(0u, column), number_at(1u, column), number_at(2u, column), number_at(3u, column)),
             vec4(number_at(4u, column), number_at(5u, column), number_at(6u, column), number_at(7u, column)));
}
