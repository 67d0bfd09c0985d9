// Products for panel-apply-left.wgsl, in front of which it is put. A vector x is a node's ROWS entries of a column of A; its
// product Yᵀx is BAND = 8 numbers, two vec4. Strips of invocations share the entries of VECTORS vectors; `combine` adds up
// what they found and multiplies it by Tᵀ (Schreiber and Van Loan's compact WY form).

const LANES = 32u;
const STRIPS = 8u;
// An invocation has two, so that what it reads of Y serves twice.
const VECTORS = 2u * LANES;

// Strip by strip the parts of Yᵀx of each vector; afterwards Tᵀ(Yᵀx) in the place of strip 1.
var<workgroup> partial: array<vec4<f32>, 2u * STRIPS * VECTORS>;

fn combine(thread: u32, place: u32) {
  workgroupBarrier();
  if thread < 2u * VECTORS {
    var sum = partial[thread];
    for (var strip = 1u; strip < STRIPS; strip++) {
      sum += partial[strip * 2u * VECTORS + thread];
    }
    partial[thread] = sum;
  }
  workgroupBarrier();
  if thread < 2u * VECTORS {
    let near = partial[thread & ~1u];
    let far = partial[thread | 1u];
    // Rows of T are two vec4.
    let t = place * 2u * BAND + (thread & 1u);
    partial[2u * VECTORS + thread] =
      ((near.x * factors[t] + near.y * factors[t + 2u]) + (near.z * factors[t + 4u] + near.w * factors[t + 6u])) +
      ((far.x * factors[t + 8u] + far.y * factors[t + 10u]) + (far.z * factors[t + 12u] + far.w * factors[t + 14u]));
  }
  workgroupBarrier();
}
