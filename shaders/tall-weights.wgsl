// W = Tᵀ·(VᵀA) from the parts of VᵀA that tall-products.wgsl left (see tall.wgsl). T⁻¹ is the part of VᵀV above the diagonal and
// half of the diagonal, so that W comes by substitution, four rows at a time. workgroup_id.x: 16 columns, the batch on
// workgroup_id.z.

@group(0) @binding(5) var<storage, read_write> squares: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> products: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> weights: array<vec4<f32>>;

// Four rows before their turn, in turns.
var<workgroup> four_rows: array<vec4<f32>, 32>;

@compute @workgroup_size(4, WIDTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  if progress_of(group.z, thread).columns != tall.first + WIDTH {
    return;
  }
  let pitch = tall.pitch / 4u;
  let quad = (tall.first + WIDTH) / 4u + group.x * 4u + local.x;
  let start = (group.z * tall.parts * WIDTH + local.y) * pitch + quad;
  let last = tall.parts - 1u;
  var sum = vec4<f32>();
  // Four parts on their way at a time; beyond the last comes the last again, and is dropped.
  for (var part = 0u; part < tall.parts; part += 4u) {
    let parts = part + vec4(0u, 1u, 2u, 3u);
    let places = start + min(parts, vec4(last)) * WIDTH * pitch;
    let there = select(vec4(0.0), vec4(1.0), parts <= vec4(last));
    sum += (there.x * products[places.x] + there.y * products[places.y]) +
           (there.z * products[places.z] + there.w * products[places.w]);
  }
  for (var step = 0u; step < WIDTH / 4u; step++) {
    let turn = (step & 1u) * 16u;
    if local.y / 4u == step {
      four_rows[turn + local.y % 4u * 4u + local.x] = sum;
    }
    // Rows of VᵀV.
    let row = square_row(group.z, 4u * step) + step;
    let a = squares[row];
    let b = squares[row + WIDTH / 4u];
    let c = squares[row + WIDTH / 2u];
    let d = squares[row + 3u * WIDTH / 4u];
    let own = squares[square_row(group.z, local.y) + step];
    workgroupBarrier();
    let w0 = four_rows[turn + local.x] * (2.0 / a.x);
    let w1 = (four_rows[turn + 4u + local.x] - b.x * w0) * (2.0 / b.y);
    let w2 = (four_rows[turn + 8u + local.x] - (c.x * w0 + c.y * w1)) * (2.0 / c.z);
    let w3 = (four_rows[turn + 12u + local.x] - ((d.x * w0 + d.y * w1) + d.z * w2)) * (2.0 / d.w);
    if local.y / 4u == step {
      sum = select(select(w0, w1, local.y % 4u == 1u), select(w2, w3, local.y % 4u == 3u), local.y % 4u >= 2u);
    } else if local.y / 4u > step {
      sum -= (own.x * w0 + own.y * w1) + (own.z * w2 + own.w * w3);
    }
  }
  weights[(group.z * WIDTH + local.y) * pitch + quad] = sum;
}
