// QR factorisation of a node of a panel (see panel.wgsl) by Householder reflections, by one workgroup; an invocation holds
// 16 consecutive entries of one column in registers, named ones, because compilers leave arrays in memory. The entries are
// those of A at level 0 (panel-leaf.wgsl), the triangles of the level below else (panel-inner.wgsl).
//
// Column j is brought into workgroup memory unscaled, a; each column's product aᵀx then gives ‖a‖ for j itself, the
// update for the columns after it, and for those before it (which hold their vectors v by then) vᵀa, of which T is made:
// T[:,j] = −τⱼ·T·(Yᵀvⱼ) (LAPACK xLARFT). Two barriers a column.
//
// `triangles` gets R, which the next level reads, `new_vectors` Y (ROWS × BAND a node, with its ones and zeros),
// `new_factors` T, BAND × BAND a node as R is. The last level's R goes to `corners`, one a panel. `reflection.wgsl` comes
// before. Workgroup memory is `partial`, because what applies a level shares it.

// Entries of a column that an invocation holds; the pivots are all in strip 0.
const NODE_HEIGHT = 16u;
const NODE_STRIPS = ROWS / NODE_HEIGHT;
const FIRST = vec4(0u, 1u, 2u, 3u);

// Where things are in `partial`, in vec4: column j below the diagonal (two take turns), and in numbers: row j (two take
// turns), the strips' sums, Yᵀvⱼ above the diagonal, τ, T row by row.
const PIVOT_ROW = 4u * (2u * ROWS / 4u);
const SUMS = PIVOT_ROW + 2u * BAND;
const PRODUCTS = SUMS + NODE_STRIPS * BAND;
const TAU = PRODUCTS + BAND * BAND;
const ROWS_OF_T = TAU + BAND;
const NODE_MEMORY = (ROWS_OF_T + BAND * BAND) / 4u;

fn number_at(place: u32) -> f32 {
  return partial[place >> 2u][place & 3u];
}

fn set_number(place: u32, number: f32) {
  partial[place >> 2u][place & 3u] = number;
}

// Which node, where its results go, and whether its R is the panel's.
struct Node {
  matrix: u32,
  number: u32,
  place: u32,
  root: bool,
}

// By NODE_STRIPS × BAND invocations, of which this is number `thread`; more only wait.
fn factor_node(node: Node, thread: u32) {
  let c = thread % BAND;
  let strip = thread / BAND;
  let takes = strip < NODE_STRIPS;
  var a0 = load(node, c, strip * NODE_HEIGHT);
  var a1 = load(node, c, strip * NODE_HEIGHT + 4u);
  var a2 = load(node, c, strip * NODE_HEIGHT + 8u);
  var a3 = load(node, c, strip * NODE_HEIGHT + 12u);
  // Entries' places in the node.
  let q0 = strip * NODE_HEIGHT + FIRST;
  let q1 = q0 + 4u;
  let q2 = q0 + 8u;
  let q3 = q0 + 12u;

  for (var j = 0u; j < BAND; j++) {
    let turn = (j & 1u) * (ROWS / 4u) + (strip % NODE_STRIPS) * 4u;
    let row = PIVOT_ROW + (j & 1u) * BAND;
    let at = vec4(j);
    if takes && c == j {
      partial[turn] = select(a0, vec4<f32>(), q0 <= at);
      partial[turn + 1u] = select(a1, vec4<f32>(), q1 <= at);
      partial[turn + 2u] = select(a2, vec4<f32>(), q2 <= at);
      partial[turn + 3u] = select(a3, vec4<f32>(), q3 <= at);
    }
    if strip == 0u {
      let pivot = select(vec4<f32>(), a0, q0 == at) + select(vec4<f32>(), a1, q1 == at);
      set_number(row + c, (pivot.x + pivot.y) + (pivot.z + pivot.w));
    }
    workgroupBarrier();
    let x0 = partial[turn];
    let x1 = partial[turn + 1u];
    let x2 = partial[turn + 2u];
    let x3 = partial[turn + 3u];
    if takes {
      let sums = (x0 * a0 + x1 * a1) + (x2 * a2 + x3 * a3);
      set_number(SUMS + strip * BAND + c, (sums.x + sums.y) + (sums.z + sums.w));
    }
    workgroupBarrier();
    var norm = vec4<f32>();
    var product = vec4<f32>();
    for (var other = SUMS; other < SUMS + NODE_STRIPS * BAND; other += 4u * BAND) {
      norm += vec4(number_at(other + j), number_at(other + BAND + j), number_at(other + 2u * BAND + j), number_at(other + 3u * BAND + j));
      product += vec4(number_at(other + c), number_at(other + BAND + c), number_at(other + 2u * BAND + c), number_at(other + 3u * BAND + c));
    }
    let own = number_at(row + c);
    let h = reflection(number_at(row + j), (norm.x + norm.y) + (norm.z + norm.w));
    // vⱼᵀx for this invocation's column x.
    let along = own + h.inverse * ((product.x + product.y) + (product.z + product.w));
    let update = select(0.0, h.tau * along, c > j);
    if strip == 0u {
      if c < j {
        set_number(PRODUCTS + c * BAND + j, along);
      }
      if c == j {
        set_number(TAU + j, h.tau);
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
    }
  }
  if takes {
    store(node, c, strip * NODE_HEIGHT, a0);
    store(node, c, strip * NODE_HEIGHT + 4u, a1);
    store(node, c, strip * NODE_HEIGHT + 8u, a2);
    store(node, c, strip * NODE_HEIGHT + 12u, a3);
  }

  workgroupBarrier();
  // An invocation makes a row of T; rows do not need each other.
  if strip == 0u {
    for (var j = 0u; j < BAND; j++) {
      var entry = select(0.0, number_at(TAU + j), j == c);
      if j > c {
        for (var k = c; k < j; k++) {
          entry += number_at(ROWS_OF_T + c * BAND + k) * number_at(PRODUCTS + k * BAND + j);
        }
        entry *= -number_at(TAU + j);
      }
      set_number(ROWS_OF_T + c * BAND + j, entry);
      new_factors[(node.place * BAND + c) * BAND + j] = entry;
    }
  }
}

fn load(node: Node, c: u32, q: u32) -> vec4<f32> {
  return vec4(load_entry(node, c, q), load_entry(node, c, q + 1u), load_entry(node, c, q + 2u),
              load_entry(node, c, q + 3u));
}

fn store_entry(node: Node, c: u32, q: u32, entry: f32) {
  new_vectors[(node.place * ROWS + q) * BAND + c] = select(select(0.0, 1.0, q == c), entry, q > c);
  if q < BAND {
    let place = q * BAND + c;
    let kept = select(0.0, entry, q <= c);
    triangles[node.place * BAND * BAND + place] = kept;
    if node.root {
      corners[(node.matrix * panel.corners + panel.corner) * BAND * BAND + place] = kept;
    }
  }
}

fn store(node: Node, c: u32, q: u32, entries: vec4<f32>) {
  store_entry(node, c, q, entries.x);
  store_entry(node, c, q + 1u, entries.y);
  store_entry(node, c, q + 2u, entries.z);
  store_entry(node, c, q + 3u, entries.w);
}
