// Between two panels (see delayed.wgsl): from what delayed-*-products.wgsl found, after a panel of columns
//   Y = (AᵀV − Y·(VᵀV) − U·(XᵀV))·T, whose left side is the new columns and right side those before,
// and then the panel of rows to come, A − V·Yᵀ − X·Uᵀ in its place; after a panel of rows the same for X and columns. One
// workgroup 16 rows of Y (or X), the batch on workgroup_id.z. The strips share the factors' columns, and then half of them
// have a number each of a row. Loads are unconditional and as many together as can be, or each would be waited for.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> panels: array<f32>;
@group(0) @binding(2) var<storage, read_write> factors: array<f32>;
@group(0) @binding(3) var<storage, read_write> products: array<f32>;
@group(0) @binding(4) var<storage, read_write> triangles: array<f32>;

const LANES = 16u;
const STRIPS = 16u;
const THREADS = LANES * STRIPS;
// Columns of factors that meet here: those before, and the panel's.
const COLUMNS = 2u * DEPTH;

// For each column of the factors its products with the panel and its entries in the panel to come, two vec4 each; then
// the strips' sums.
var<workgroup> shared_numbers: array<vec4<f32>, 1024>;

@compute @workgroup_size(LANES, STRIPS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) local: vec3<u32>,
        @builtin(local_invocation_index) thread: u32) {
  let rows_wanted = delayed.side == 1u;
  let matrix = group.z;
  let length = select(delayed.columns, delayed.rows, rows_wanted);
  let limit = select(delayed.rows, delayed.columns, rows_wanted);
  // Which factors have the rows that are made here, Y and U or V and X, and which the others.
  let own = select(Y, V, rows_wanted);
  let other = select(V, Y, rows_wanted);
  let count = delayed.left + delayed.right;
  let size = products_size();
  let found = matrix * delayed.parts * size;

  let row = delayed.rest + group.x * LANES + local.x;
  let inside = row < length;
  let place = min(row, length - 1u);
  let number = local.y % BAND;
  let takes = local.y < BAND;
  let short = delayed.next + number;
  let across = select(delayed.columns, 1u, rows_wanted);
  let along = select(1u, delayed.columns, rows_wanted);
  let entry = select(0.0, matrices[matrix * delayed.matrix + min(short, limit - 1u) * across + place * along], short < limit);
  if delayed.begin == 1u {
    if inside && takes { panels[(matrix * delayed.pitch + row) * BAND + number] = entry; }
    return;
  }
  let product = added(found + place * BAND + number, size);

  // The table, with zeros up to a multiple of what the strips take at once.
  let final_column = max(count, 1u) - 1u;
  for (var slot = thread; slot < COLUMNS * BAND; slot += THREADS) {
    let e = slot / BAND;
    let c = slot % BAND;
    let sum = added(found + (delayed.pitch + min(e, final_column)) * BAND + c, size);
    let beside = factors[joint_column(matrix, other, min(e, final_column)) + delayed.next + c];
    shared_numbers[4u * e + c / 4u][c % 4u] = select(0.0, sum, e < count);
    shared_numbers[4u * e + 2u + c / 4u][c % 4u] = select(0.0, beside, e < count);
  }
  // The panel's own: V, or U.
  let fresh = factor_column(matrix, select(V, U, rows_wanted), delayed.fresh) + short;
  let v0 = vec4(factors[fresh], factors[fresh + delayed.pitch], factors[fresh + 2u * delayed.pitch],
                factors[fresh + 3u * delayed.pitch]);
  let v1 = vec4(factors[fresh + 4u * delayed.pitch], factors[fresh + 5u * delayed.pitch],
                factors[fresh + 6u * delayed.pitch], factors[fresh + 7u * delayed.pitch]);
  // A column of T.
  let t = matrix * BAND * BAND + number;
  let t0 = vec4(triangles[t], triangles[t + BAND], triangles[t + 2u * BAND], triangles[t + 3u * BAND]);
  let t1 = vec4(triangles[t + 4u * BAND], triangles[t + 5u * BAND], triangles[t + 6u * BAND], triangles[t + 7u * BAND]);
  workgroupBarrier();

  var y0 = vec4<f32>();
  var y1 = vec4<f32>();
  var p0 = vec4<f32>();
  var p1 = vec4<f32>();
  // Four columns at a time, on their way together.
  for (var e = local.y; e < count; e += 4u * STRIPS) {
    let es = min(e + vec4(0u, STRIPS, 2u * STRIPS, 3u * STRIPS), vec4(COLUMNS - 1u));
    let f = vec4(factors[joint_column(matrix, own, min(es.x, final_column)) + place],
                 factors[joint_column(matrix, own, min(es.y, final_column)) + place],
                 factors[joint_column(matrix, own, min(es.z, final_column)) + place],
                 factors[joint_column(matrix, own, min(es.w, final_column)) + place]);
    let q = 4u * es;
    y0 += (f.x * shared_numbers[q.x] + f.y * shared_numbers[q.y]) + (f.z * shared_numbers[q.z] + f.w * shared_numbers[q.w]);
    y1 += (f.x * shared_numbers[q.x + 1u] + f.y * shared_numbers[q.y + 1u]) +
          (f.z * shared_numbers[q.z + 1u] + f.w * shared_numbers[q.w + 1u]);
    p0 += (f.x * shared_numbers[q.x + 2u] + f.y * shared_numbers[q.y + 2u]) +
          (f.z * shared_numbers[q.z + 2u] + f.w * shared_numbers[q.w + 2u]);
    p1 += (f.x * shared_numbers[q.x + 3u] + f.y * shared_numbers[q.y + 3u]) +
          (f.z * shared_numbers[q.z + 3u] + f.w * shared_numbers[q.w + 3u]);
  }
  workgroupBarrier();
  shared_numbers[thread] = y0;
  shared_numbers[THREADS + thread] = y1;
  shared_numbers[2u * THREADS + thread] = p0;
  shared_numbers[3u * THREADS + thread] = p1;
  workgroupBarrier();
  // Number `number` of row `row`.
  let vector = (number / 4u) * THREADS + local.x;
  var correction = 0.0;
  var delay = 0.0;
  for (var strip = 0u; strip < STRIPS; strip++) {
    correction += shared_numbers[vector + strip * LANES][number % 4u];
    delay += shared_numbers[2u * THREADS + vector + strip * LANES][number % 4u];
  }
  workgroupBarrier();
  if takes {
    shared_numbers[local.x * 2u + number / 4u][number % 4u] = product - correction;
  }
  workgroupBarrier();
  let made = dot(shared_numbers[local.x * 2u], t0) + dot(shared_numbers[local.x * 2u + 1u], t1);
  if takes {
    if inside {
      factors[factor_column(matrix, select(Y, X, rows_wanted), delayed.fresh + number) + row] = made;
    }
    shared_numbers[2u * LANES + local.x * 2u + number / 4u][number % 4u] = made;
  }
  workgroupBarrier();
  let change = dot(shared_numbers[2u * LANES + local.x * 2u], v0) + dot(shared_numbers[2u * LANES + local.x * 2u + 1u], v1);
  if inside && takes {
    panels[(matrix * delayed.pitch + row) * BAND + number] = select(0.0, (entry - delay) - change, short < limit);
  }
}

// The sum of the products' parts, at `place` and each `size` further on.
fn added(place: u32, size: u32) -> f32 {
  let last = delayed.parts - 1u;
  let parts = min(vec4(0u, 1u, 2u, 3u), vec4(last));
  let a = vec4(products[place + parts.x * size], products[place + parts.y * size], products[place + parts.z * size],
               products[place + parts.w * size]);
  let there = select(vec4(0.0), a, vec4(0u, 1u, 2u, 3u) <= vec4(last));
  return (there.x + there.y) + (there.z + there.w);
}
