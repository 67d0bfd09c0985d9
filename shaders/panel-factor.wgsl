// QR factorisation of the nodes of one level of a panel (see panel.wgsl) by Householder reflections. One workgroup a node
// (workgroup_id.x), the batch on workgroup_id.z; an invocation holds 16 consecutive entries of one column in registers,
// named ones, because compilers leave arrays in memory.
//
// Column j is brought into workgroup memory unscaled, a; each column's product aᵀx then gives ‖a‖ for j itself, the
// update for the columns after it, and for those before it (which hold their vectors v by then) vᵀa, of which T is made:
// T[:,j] = −τⱼ·T·(Yᵀvⱼ) (LAPACK xLARFT). Two barriers a column.
//
// `triangles` gets R, which the next level reads, `vectors` Y (ROWS × BAND a node, with its ones and zeros), `factors` T,
// BAND × BAND a node as R is. The last level's R goes to `corners`, one a panel. `reflection.wgsl` comes before, and
// panel-leaf.wgsl (level 0) or panel-inner.wgsl, which say what the entries of a node are: two kernels, so that an inner
// node's buffers are none of those that panel-apply-*.wgsl needs, and both run at the same time.

@group(0) @binding(1) var<storage, read_write> triangles: array<f32>;
@group(0) @binding(2) var<storage, read_write> vectors: array<f32>;
@group(0) @binding(3) var<storage, read_write> factors: array<f32>;
@group(0) @binding(4) var<storage, read_write> corners: array<f32>;

// Entries of a column that an invocation holds; the pivots are all in strip 0.
const HEIGHT = 16u;
const STRIPS = ROWS / HEIGHT;

// Column j below the diagonal and row j; two of each take turns.
var<workgroup> column: array<vec4<f32>, 2u * ROWS / 4u>;
var<workgroup> pivot_row: array<f32, 2u * BAND>;
var<workgroup> partial: array<f32, STRIPS * BAND>;
// Yᵀvⱼ above the diagonal.
var<workgroup> products: array<f32, BAND * BAND>;
var<workgroup> tau: array<f32, BAND>;
// T, row by row.
var<workgroup> rows_of_t: array<f32, BAND * BAND>;

const FIRST = vec4(0u, 1u, 2u, 3u);

@compute @workgroup_size(BAND, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>) {
  let c = local.x;
  let strip = local.y;
  let node = group.x;
  var a0 = load(group, local, 0u);
  var a1 = load(group, local, 4u);
  var a2 = load(group, local, 8u);
  var a3 = load(group, local, 12u);
  // Entries' places in the node.
  let q0 = strip * HEIGHT + FIRST;
  let q1 = q0 + 4u;
  let q2 = q0 + 8u;
  let q3 = q0 + 12u;

  for (var j = 0u; j < BAND; j++) {
    let turn = (j & 1u) * (ROWS / 4u) + strip * 4u;
    let row = (j & 1u) * BAND;
    let at = vec4(j);
    if c == j {
      column[turn] = select(a0, vec4<f32>(), q0 <= at);
      column[turn + 1u] = select(a1, vec4<f32>(), q1 <= at);
      column[turn + 2u] = select(a2, vec4<f32>(), q2 <= at);
      column[turn + 3u] = select(a3, vec4<f32>(), q3 <= at);
    }
    if strip == 0u {
      let pivot = select(vec4<f32>(), a0, q0 == at) + select(vec4<f32>(), a1, q1 == at) +
                  select(vec4<f32>(), a2, q2 == at) + select(vec4<f32>(), a3, q3 == at);
      pivot_row[row + c] = (pivot.x + pivot.y) + (pivot.z + pivot.w);
    }
    workgroupBarrier();
    let x0 = column[turn];
    let x1 = column[turn + 1u];
    let x2 = column[turn + 2u];
    let x3 = column[turn + 3u];
    let sums = (x0 * a0 + x1 * a1) + (x2 * a2 + x3 * a3);
    partial[strip * BAND + c] = (sums.x + sums.y) + (sums.z + sums.w);
    workgroupBarrier();
    var norm = vec4<f32>();
    var product = vec4<f32>();
    for (var other = 0u; other < STRIPS * BAND; other += 4u * BAND) {
      norm += vec4(partial[other + j], partial[other + BAND + j], partial[other + 2u * BAND + j],
                   partial[other + 3u * BAND + j]);
      product += vec4(partial[other + c], partial[other + BAND + c], partial[other + 2u * BAND + c],
                      partial[other + 3u * BAND + c]);
    }
    let own = pivot_row[row + c];
    let h = reflection(pivot_row[row + j], (norm.x + norm.y) + (norm.z + norm.w));
    // vⱼᵀx for this invocation's column x.
    let along = own + h.inverse * ((product.x + product.y) + (product.z + product.w));
    let update = select(0.0, h.tau * along, c > j);
    if strip == 0u {
      if c < j {
        products[c * BAND + j] = along;
      }
      if c == j {
        tau[j] = h.tau;
      }
    }
    // Column j becomes v, those after it are updated.
    let gone = select(0.0, 1.0, c == j);
    let share = select(-update * h.inverse, h.inverse, c == j);
    a0 = (a0 - gone * x0) + share * x0;
    a1 = (a1 - gone * x1) + share * x1;
    a2 = (a2 - gone * x2) + share * x2;
    a3 = (a3 - gone * x3) + share * x3;
    if strip == 0u {
      let pivot = vec4(select(own - update, h.beta, c == j));
      a0 = select(a0, pivot, q0 == at);
      a1 = select(a1, pivot, q1 == at);
      a2 = select(a2, pivot, q2 == at);
      a3 = select(a3, pivot, q3 == at);
    }
  }
  store(group, local, 0u, a0);
  store(group, local, 4u, a1);
  store(group, local, 8u, a2);
  store(group, local, 12u, a3);

  workgroupBarrier();
  // An invocation makes a row of T; rows do not need each other.
  if strip == 0u {
    let place = (group.z * panel.nodes + panel.nodes_before + node) * BAND * BAND;
    for (var j = 0u; j < BAND; j++) {
      var entry = select(0.0, tau[j], j == c);
      if j > c {
        for (var k = c; k < j; k++) {
          entry += rows_of_t[c * BAND + k] * products[k * BAND + j];
        }
        entry *= -tau[j];
      }
      rows_of_t[c * BAND + j] = entry;
      factors[place + c * BAND + j] = entry;
    }
  }
}

fn load(group: vec3<u32>, local: vec3<u32>, i: u32) -> vec4<f32> {
  let q = local.y * HEIGHT + i;
  return vec4(load_entry(group, local.x, q), load_entry(group, local.x, q + 1u), load_entry(group, local.x, q + 2u),
              load_entry(group, local.x, q + 3u));
}

fn store_entry(group: vec3<u32>, c: u32, q: u32, entry: f32) {
  let node = group.z * panel.nodes + panel.nodes_before + group.x;
  vectors[(node * ROWS + q) * BAND + c] = select(select(0.0, 1.0, q == c), entry, q > c);
  if q < BAND {
    let place = q * BAND + c;
    let kept = select(0.0, entry, q <= c);
    triangles[node * BAND * BAND + place] = kept;
    if panel.root == 1u {
      corners[(group.z * panel.corners + panel.corner) * BAND * BAND + place] = kept;
    }
  }
}

fn store(group: vec3<u32>, local: vec3<u32>, i: u32, entries: vec4<f32>) {
  let q = local.y * HEIGHT + i;
  store_entry(group, local.x, q, entries.x);
  store_entry(group, local.x, q + 1u, entries.y);
  store_entry(group, local.x, q + 2u, entries.z);
  store_entry(group, local.x, q + 3u, entries.w);
}
