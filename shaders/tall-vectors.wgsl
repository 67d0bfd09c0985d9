// The V of a panel (see tall.wgsl), of which tall-root.wgsl found the first rows L and Mᵢ = Zᵢ·U⁻¹, and its products with all
// columns of the block. Leaf i has Qᵢ·Zᵢ·U⁻¹ = E·Mᵢ − Vᵢ·(Fᵢ·Mᵢ), with E the first rows of the identity. V takes the panel's
// place; what was above it in the block is R's and goes to A, where the panel's place becomes zero. workgroup_id.x: `tiles`
// times ROWS rows, the batch on workgroup_id.z.

@group(0) @binding(0) var<storage, read_write> matrices: array<f32>;
@group(0) @binding(1) var<storage, read_write> block: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> transposed: array<f32>;
@group(0) @binding(3) var<storage, read_write> stack: array<vec4<f32>>;
@group(0) @binding(4) var<storage, read_write> factors: array<vec4<f32>>;
@group(0) @binding(5) var<storage, read_write> triangles: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> products: array<vec4<f32>>;

const QUADS = WIDTH / 4u;
const STRIPS = 16u;
const THREADS = QUADS * STRIPS;
// Where F·M is: behind ROWS rows of V.
const PRODUCT = 2u * ROWS;

// Rows of V; then the products of half of the strips.
var<workgroup> numbers: array<vec4<f32>, STRIPS / 2u * BAND * QUADS>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let matrix = group.z;
  let first = tall.first + tall.offset;
  let quads = tall.width / 4u;
  if group.x == 0u {
    for (var slot = thread; slot < 2u * tall.offset; slot += THREADS) {
      let row = tall.first + slot / 2u;
      let place = panel_row(matrix, row) + slot % 2u;
      put_in_a(matrix, row, first + 4u * (slot % 2u), block[place]);
      block[place] = vec4<f32>();
      put_transposed(matrix, row, tall.offset + 4u * (slot % 2u), vec4<f32>());
    }
  }
  let quad = min(thread % QUADS, quads - 1u);
  let strip = thread / QUADS;
  var p0 = vec4<f32>();
  var p1 = vec4<f32>();
  var p2 = vec4<f32>();
  var p3 = vec4<f32>();
  var p4 = vec4<f32>();
  var p5 = vec4<f32>();
  var p6 = vec4<f32>();
  var p7 = vec4<f32>();
  for (var tile = group.x * tall.tiles; tile < (group.x + 1u) * tall.tiles; tile++) {
    let begin = tile * ROWS;
    workgroupBarrier();
    if first + begin < tall.rows {
      let leaf = begin / LEAF;
      if thread < BAND * BAND {
        let r = leaf_row(matrix, leaf, thread / BAND);
        let c = thread % BAND;
        let f = Row(factors[r], factors[r + 1u]);
        var sum = 0.0;
        for (var s = 0u; s < BAND; s++) {
          sum += entry(f, s) * stack[leaf_row(matrix, leaf, s) + c / 4u][c % 4u];
        }
        numbers[PRODUCT + thread / 4u][c % 4u] = sum;
      }
    }
    workgroupBarrier();
    for (var slot = thread; slot < ROWS; slot += THREADS) {
      let v = vector_row(matrix, begin + slot);
      numbers[2u * slot] = v.low;
      numbers[2u * slot + 1u] = v.high;
    }
    storageBarrier();
    workgroupBarrier();
    // Four rows at a time, on their way together; those beyond A are read from its last row, where V is zero.
    for (var slot = strip; slot < ROWS; slot += 4u * STRIPS) {
      let slots = slot + vec4(0u, STRIPS, 2u * STRIPS, 3u * STRIPS);
      let rows = min(first + begin + slots, vec4(tall.rows - 1u));
      let a = block[block_row(matrix, rows.x) + quad];
      let b = block[block_row(matrix, rows.y) + quad];
      let c = block[block_row(matrix, rows.z) + quad];
      let d = block[block_row(matrix, rows.w) + quad];
      let a0 = numbers[2u * slots.x];
      let a1 = numbers[2u * slots.x + 1u];
      let b0 = numbers[2u * slots.y];
      let b1 = numbers[2u * slots.y + 1u];
      let c0 = numbers[2u * slots.z];
      let c1 = numbers[2u * slots.z + 1u];
      let d0 = numbers[2u * slots.w];
      let d1 = numbers[2u * slots.w + 1u];
      p0 += (a0.x * a + b0.x * b) + (c0.x * c + d0.x * d);
      p1 += (a0.y * a + b0.y * b) + (c0.y * c + d0.y * d);
      p2 += (a0.z * a + b0.z * b) + (c0.z * c + d0.z * d);
      p3 += (a0.w * a + b0.w * b) + (c0.w * c + d0.w * d);
      p4 += (a1.x * a + b1.x * b) + (c1.x * c + d1.x * d);
      p5 += (a1.y * a + b1.y * b) + (c1.y * c + d1.y * d);
      p6 += (a1.z * a + b1.z * b) + (c1.z * c + d1.z * d);
      p7 += (a1.w * a + b1.w * b) + (c1.w * c + d1.w * d);
    }
  }
  let own = strip % (STRIPS / 2u) * BAND * QUADS + thread % QUADS;
  let near = strip < STRIPS / 2u;
  workgroupBarrier();
  if !near {
    numbers[own] = p0;
    numbers[own + QUADS] = p1;
    numbers[own + 2u * QUADS] = p2;
    numbers[own + 3u * QUADS] = p3;
    numbers[own + 4u * QUADS] = p4;
    numbers[own + 5u * QUADS] = p5;
    numbers[own + 6u * QUADS] = p6;
    numbers[own + 7u * QUADS] = p7;
  }
  workgroupBarrier();
  if near {
    numbers[own] += p0;
    numbers[own + QUADS] += p1;
    numbers[own + 2u * QUADS] += p2;
    numbers[own + 3u * QUADS] += p3;
    numbers[own + 4u * QUADS] += p4;
    numbers[own + 5u * QUADS] += p5;
    numbers[own + 6u * QUADS] += p6;
    numbers[own + 7u * QUADS] += p7;
  }
  workgroupBarrier();
  if thread < BAND * QUADS && thread % QUADS < quads {
    var sum = vec4<f32>();
    for (var other = 0u; other < STRIPS / 2u; other++) {
      sum += numbers[other * BAND * QUADS + thread];
    }
    products[((matrix * tall.chunks + group.x) * BAND + thread / QUADS) * quads + thread % QUADS] = sum;
  }
}

// Row `down` of the panel's V, which is also kept; zeros beyond A.
fn vector_row(matrix: u32, down: u32) -> Row {
  let row = tall.first + tall.offset + down;
  if row >= tall.rows {
    return Row();
  }
  let place = panel_row(matrix, row);
  let v = Row(block[place], block[place + 1u]);
  var made = Row();
  for (var s = 0u; s < BAND; s++) {
    made.low -= entry(v, s) * numbers[PRODUCT + 2u * s];
    made.high -= entry(v, s) * numbers[PRODUCT + 2u * s + 1u];
  }
  let in_leaf = down % LEAF;
  if in_leaf < BAND {
    let m = leaf_row(matrix, down / LEAF, in_leaf);
    made.low += stack[m];
    made.high += stack[m + 1u];
  }
  if down < BAND {
    let l = triangle_row(matrix, WIDTH + down);
    made = Row(triangles[l], triangles[l + 1u]);
  } else if row < tall.columns {
    put_in_a(matrix, row, tall.first + tall.offset, vec4<f32>());
    put_in_a(matrix, row, tall.first + tall.offset + 4u, vec4<f32>());
  }
  block[place] = made.low;
  block[place + 1u] = made.high;
  put_transposed(matrix, row, tall.offset, made.low);
  put_transposed(matrix, row, tall.offset + 4u, made.high);
  return made;
}

fn put_in_a(matrix: u32, row: u32, column: u32, entries: vec4<f32>) {
  let place = matrix * tall.matrix + row * tall.columns + column;
  if column < tall.columns { matrices[place] = entries.x; }
  if column + 1u < tall.columns { matrices[place + 1u] = entries.y; }
  if column + 2u < tall.columns { matrices[place + 2u] = entries.z; }
  if column + 3u < tall.columns { matrices[place + 3u] = entries.w; }
}

// For tall-update.wgsl, which only a block with columns to its right needs.
fn put_transposed(matrix: u32, row: u32, column: u32, entries: vec4<f32>) {
  if tall.first + WIDTH < tall.columns {
    let place = (matrix * WIDTH + column) * tall.height + row;
    transposed[place] = entries.x;
    transposed[place + tall.height] = entries.y;
    transposed[place + 2u * tall.height] = entries.z;
    transposed[place + 3u * tall.height] = entries.w;
  }
}
