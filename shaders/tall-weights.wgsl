// W = Tᵀ·(VᵀA) from the parts of VᵀA that tall-products.wgsl left (see tall.wgsl). workgroup_id.x: 16 columns, the batch on
// workgroup_id.z.

@group(0) @binding(5) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(6) var<storage, read_write> products: array<vec4<f32>>;
@group(0) @binding(7) var<storage, read_write> weights: array<vec4<f32>>;

var<workgroup> sums: array<vec4<f32>, WIDTH * 4u>;

@compute @workgroup_size(4, WIDTH)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
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
  sums[thread] = sum;
  workgroupBarrier();
  // Column local.y of T, which is zero below the diagonal.
  let column = 4u * triangle_row(group.z, 0u) + local.y;
  var made = vec4<f32>();
  for (var k = 0u; k < WIDTH; k += 4u) {
    let t = vec4(triangles[column + k * WIDTH], triangles[column + (k + 1u) * WIDTH], triangles[column + (k + 2u) * WIDTH],
                 triangles[column + (k + 3u) * WIDTH]);
    let s = 4u * k + local.x;
    made += (t.x * sums[s] + t.y * sums[s + 4u]) + (t.z * sums[s + 8u] + t.w * sums[s + 12u]);
  }
  weights[(group.z * WIDTH + local.y) * pitch + quad] = made;
}
