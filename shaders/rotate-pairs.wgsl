// The rotations that make the rows of a pair of blocks orthogonal: one sweep of the cyclic Jacobi eigenvalue method
// (Jacobi 1846; Golub and Van Loan, section 8.5) over their Gram matrix G, in workgroup memory.
//
// The product J of all rotations is kept as E = J − I, and a rotation is applied in Rutishauser's form
//   a ← a − s·(b + τ·a),  b ← b + s·(a − τ·b),  τ = s/(1 + c),
// so that the error of a rotation shrinks with its angle: the many small ones of the last sweeps cost no digits. It is as
// orthogonal as τ fits s, whatever the angle; where fma rounds once (FUSED), τ gets a step of Newton's towards that, since
// GPUs' roots and quotients are off by an ulp or two, often to the same side. Of the two angles that make a pair
// orthogonal the one is taken that leaves the longer row first: sorted rows need fewer sweeps (de Rijk 1989).
//
// One workgroup a pair (workgroup_id.x) of a matrix (workgroup_id.z). In each step of the sweep all rows meet in twos at
// TABLES tables, then move on to other seats: the first seat of table t is place t, the second place TABLES + t. The seats
// are those of Brent and Luk (1985); after SIDE − 1 steps everybody is back where he began.
//
// The steps are a chain, and what is not on it is done beside it by other invocations. Of the first TABLES each finds the
// rotation of a table, of the next step already: it turns the one inner product it needs by itself. Of the next 2·SIDE
// two hold a column of E, in registers. The others turn the 2 × 2 pieces of G above its diagonal, which
// go from one copy of G to another, so that a step has one barrier.
//
// G comes in parts, which gram-pairs.wgsl made; after round 0 of a sweep only the inner products of different blocks: those
// within a block are what this kernel left in `diagonals` a round before.
//
// `progress` gets the largest cosine between two rows that was met, before anything was turned, and the largest squared
// norm. Rows that are rounding noise beside the largest of the sweep before are left alone.
//
// Constants SIDE, THREADS and FUSED come before it, and pairs-of-blocks.wgsl.

struct Step {
  // Partial sums of a Gram matrix.
  chunks: u32,
  // Where this sweep's cosine goes, and how many places a matrix has there.
  sweep: u32,
  sweeps: u32,
  // As in gram-pairs.wgsl.
  round: u32,
  blocks: u32,
  // 1: the parts are only those of different blocks.
  crossed: u32,
}

var<immediate> step: Step;
@group(0) @binding(0) var<storage, read> grams: array<f32>;
// Eᵀ, side × side for each pair of each matrix.
@group(0) @binding(1) var<storage, read_write> rotations: array<f32>;
// 0 where there is nothing to turn.
@group(0) @binding(2) var<storage, read_write> turned: array<u32>;
// Cosine and squared norm for each sweep of each matrix. The bits of a positive float sort as it does.
@group(0) @binding(3) var<storage, read_write> progress: array<atomic<u32>>;
// SIDE/2 × SIDE/2 for each block of each matrix.
@group(0) @binding(4) var<storage, read_write> diagonals: array<f32>;

// Cosines below are rounding.
const ORTHOGONAL = 4e-7f;
const NEGLIGIBLE = 6e-8f;
// Squares of norms, relative.
const NOISE = 4e-14f;
// What keeps squares of squared norms from underflow: the largest entry is about 1.
const SCALE = 4096f;
const TABLES = SIDE / 2u;
const SIZE = SIDE * SIDE;
const STEPS = SIDE - 1u;
const FIRST_COLUMN = TABLES;
// Two invocations share a column of E, each with the rows at half of the tables.
const SHARED = TABLES / 2u;
const FIRST_PIECE = TABLES + 2u * SIDE;
// Rows of one seat that move on within the half of the tables, but for the first.
const ALL_BUT_ONE = SHARED - 1u;
const ALL_BUT_TWO = SHARED - 2u;
// Parts of an inner product that are read together.
const TOGETHER = 4u;
// 2 × 2 pieces of G above the diagonal, and how many an invocation turns.
const PIECES = TABLES * (TABLES - 1u) / 2u;
const ITEMS = (PIECES + THREADS - FIRST_PIECE - 1u) / (THREADS - FIRST_PIECE);
// One more than a row, so that a column is spread over the banks of the memory.
const PITCH = SIDE + 1u;
// Entries of a copy of G, and of those of its pieces that stand at the same of four places.
const COPY = SIZE;
const PLANE = TABLES * TABLES;

// Two copies of G, its upper triangle of pieces; where entries stand, entry_at tells.
var<workgroup> g: array<f32, 2u * COPY>;
// Of the tables, for this step and the next: s and τ of the rotation, and the squared norms of the rows after it.
var<workgroup> turns: array<vec2<f32>, 2u * TABLES>;
var<workgroup> norms: array<vec2<f32>, 2u * TABLES>;
// What goes from one half of the tables to the other, of each column of E, for this step and the next.
var<workgroup> leaving: array<f32, 4u * SIDE>;
var<workgroup> largest_cosine: atomic<u32>;
var<workgroup> largest_norm: atomic<u32>;

struct Rotation {
  // s and τ.
  turn: vec2<f32>,
  // Squared norms after it, and the inner product.
  norms: vec2<f32>,
  inner: f32,
}

// The rotation that makes rows with the squared norms a, b and the inner product `inner` orthogonal, if they are not and
// none is shorter than `floor`; the longer one stands first after it, if `first_is_a` says truly which is first.
fn rotation(a: f32, b: f32, inner: f32, first_is_a: bool, floor: f32) -> Rotation {
  let difference = SCALE * (b - a);
  let scaled = SCALE * inner;
  // Of twice the angle, which is at most a right one.
  let radius = inverseSqrt(max(difference * difference + 4.0 * scaled * scaled, 1e-37));
  let half = 0.5 + 0.5 * abs(difference) * radius;
  let root = inverseSqrt(half);
  let c = half * root;
  let s = select(-scaled, scaled, difference >= 0.0) * radius * root;
  let t = s * root;
  // Rows that are nearly orthogonal stay where they are, so that the last sweeps turn by small angles only.
  let stays = (a >= b) == first_is_a || abs(t) < 1e-6;
  let sine = select(select(c, -c, s > 0.0), s, stays);
  let cosine = select(abs(s), c, stays);
  var tau = sine / (1.0 + cosine);
  if FUSED {
    // s·τ² − 2·τ + s = 0.
    tau = fma(fma(sine, fma(tau, tau, 1.0), -2.0 * tau), 0.5 / max(cosine, 0.5), tau);
  }
  if min(a, b) > floor && inner * inner > NEGLIGIBLE * NEGLIGIBLE * a * b {
    let values = vec2(a - t * inner, b + t * inner);
    return Rotation(vec2(sine, tau), select(values.yx, values, stays), 0.0);
  }
  return Rotation(vec2<f32>(), vec2(a, b), inner);
}

// Where a row goes after a step: the first of all stays, the others go round.
fn next_seat(place: u32) -> u32 {
  if place < TABLES {
    return select(select(place + 1u, SIDE - 1u, place == TABLES - 1u), 0u, place == 0u);
  }
  return select(place - 1u, 1u, place == TABLES);
}

fn seat_before(place: u32) -> u32 {
  if place < TABLES {
    return select(select(place - 1u, TABLES, place == 1u), 0u, place == 0u);
  }
  return select(place + 1u, TABLES - 1u, place == SIDE - 1u);
}

// Whose row stands first in the matrix, that in place a or in place b, in a step.
fn leads(blocks: vec2<u32>, a: u32, b: u32, k: u32) -> bool {
  let row_a = row_in(a, k);
  let row_b = row_in(b, k);
  let place_a = select(blocks.y, blocks.x, row_a < TABLES) * TABLES + row_a % TABLES;
  let place_b = select(blocks.y, blocks.x, row_b < TABLES) * TABLES + row_b % TABLES;
  return place_a < place_b;
}

// Who sits in a place after k steps: the seats but the first make a circle.
fn row_in(place: u32, k: u32) -> u32 {
  let around = (select(SIDE + TABLES - 2u - place, place + STEPS - 1u, place < TABLES) + STEPS - k) % STEPS;
  return select(select(SIDE + TABLES - 2u - around, around + 1u, around < TABLES - 1u), 0u, place == 0u);
}

// Where in a copy of G the entry of the rows in two places stands, which is that of the piece above the diagonal.
fn entry_at(place: u32, other: u32) -> u32 {
  let table = vec2(place % TABLES, other % TABLES);
  let seat = vec2(place / TABLES, other / TABLES);
  let upper = table.x < table.y || (table.x == table.y && seat.x < seat.y);
  return select((2u * seat.y + seat.x) * PLANE + table.y * TABLES + table.x,
    (2u * seat.x + seat.y) * PLANE + table.x * TABLES + table.y, upper);
}

// The tables whose piece an invocation of those behind the first turns: rows of pieces in twos, a long one and a short one.
fn tables_of(piece: u32) -> vec2<u32> {
  let row = piece / (TABLES - 1u);
  let along = piece % (TABLES - 1u);
  let long = TABLES - 1u - row;
  return select(vec2(long, along + 1u), vec2(row, row + 1u + along), along < long);
}

// The inner product of two rows of the pair; if only those are there, one of each block.
fn product_of(pair: u32, first_row: u32, second_row: u32) -> f32 {
  let part = select(SIZE, PLANE, step.crossed == 1u);
  let pitch = select(SIDE, TABLES, step.crossed == 1u);
  let place = first_row * pitch + second_row - select(0u, TABLES, step.crossed == 1u);
  var sum = 0.0;
  for (var chunk = 0u; chunk < step.chunks; chunk += TOGETHER) {
    // What lies beyond is read somewhere else, and dropped: a load on a condition would wait for the one before it.
    for (var i = 0u; i < TOGETHER; i++) {
      let inside = chunk + i < step.chunks;
      sum += select(0.0, grams[select(0u, (pair * step.chunks + chunk + i) * part + place, inside)], inside);
    }
  }
  return sum;
}

// Squared norms or an inner product of two rows of the first block, and of the same two of the second.
fn within(pair: u32, diagonal: vec2<u32>, row: u32, column: u32) -> vec2<f32> {
  if step.crossed == 1u {
    return vec2(diagonals[diagonal.x + row * TABLES + column], diagonals[diagonal.y + row * TABLES + column]);
  }
  return vec2(product_of(pair, row, column), product_of(pair, row + TABLES, column + TABLES));
}

// The bits of the cosine between rows of these squared norms, 0 where one is rounding.
fn cosine_of(a: f32, b: f32, inner: f32, floor: f32) -> u32 {
  let cosine = abs(inner) * inverseSqrt(a) * inverseSqrt(b);
  return select(0u, bitcast<u32>(min(cosine, 1.0)), min(a, b) > floor);
}

// Puts the inner products within the blocks, after the sweep or as they were, where the next round finds them.
fn keep(diagonal: vec2<u32>, local: u32, after: bool) {
  if local < TABLES {
    let last = select(0u, (STEPS - 1u) % 2u * TABLES, after);
    let sat = select(vec2(local, local + TABLES), vec2(seat_before(local), seat_before(local + TABLES)), after);
    let norm = vec2(norms[last + sat.x % TABLES][sat.x / TABLES], norms[last + sat.y % TABLES][sat.y / TABLES]);
    diagonals[diagonal.x + local * TABLES + local] = norm.x;
    diagonals[diagonal.y + local * TABLES + local] = norm.y;
  }
  if local >= FIRST_PIECE {
    for (var piece = local - FIRST_PIECE; piece < PIECES; piece += THREADS - FIRST_PIECE) {
      let tables = tables_of(piece);
      let entry = tables.x * TABLES + tables.y;
      let at = select(0u, COPY * (STEPS % 2u), after) + entry;
      diagonals[diagonal.x + entry] = g[at];
      diagonals[diagonal.y + entry] = g[at + 3u * PLANE];
    }
  }
}

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>,
        @builtin(local_invocation_index) local: u32) {
  let pair = group.z * groups.x + group.x;
  let blocks = vec2(block_of(step.round, step.blocks, group.x, false), block_of(step.round, step.blocks, group.x, true));
  let diagonal = (vec2(group.z * step.blocks) + blocks) * PLANE;
  let is_table = local < TABLES;
  let is_column = local >= FIRST_COLUMN && local < FIRST_PIECE;
  let is_piece = local >= FIRST_PIECE;
  let place = 2u * (group.z * step.sweeps + step.sweep);
  var floor = 0.0;
  if step.sweep > 0u {
    floor = NOISE * bitcast<f32>(atomicLoad(&progress[place - 1u]));
  }
  if is_table {
    norms[local] = within(pair, diagonal, local, local);
    g[entry_at(local, local + TABLES)] = product_of(pair, local, local + TABLES);
  }
  if is_piece {
    for (var piece = local - FIRST_PIECE; piece < PIECES; piece += THREADS - FIRST_PIECE) {
      let tables = tables_of(piece);
      let at = tables.x * TABLES + tables.y;
      let own = within(pair, diagonal, tables.x, tables.y);
      g[at] = own.x;
      g[at + PLANE] = product_of(pair, tables.x, tables.y + TABLES);
      g[at + 2u * PLANE] = product_of(pair, tables.y, tables.x + TABLES);
      g[at + 3u * PLANE] = own.y;
    }
  }
  workgroupBarrier();
  if is_table {
    let own = norms[local];
    atomicMax(&largest_norm, bitcast<u32>(max(own.x, own.y)));
    atomicMax(&largest_cosine, cosine_of(own.x, own.y, g[entry_at(local, local + TABLES)], floor));
  }
  if is_piece {
    var largest = 0u;
    for (var piece = local - FIRST_PIECE; piece < PIECES; piece += THREADS - FIRST_PIECE) {
      let tables = tables_of(piece);
      let at = tables.x * TABLES + tables.y;
      let a = norms[tables.x];
      let b = norms[tables.y];
      largest = max(max(max(largest, cosine_of(a.x, b.x, g[at], floor)), cosine_of(a.x, b.y, g[at + PLANE], floor)),
        max(cosine_of(a.y, b.x, g[at + 2u * PLANE], floor), cosine_of(a.y, b.y, g[at + 3u * PLANE], floor)));
    }
    atomicMax(&largest_cosine, largest);
  }
  let met = workgroupUniformLoad(&largest_cosine);
  let any = met > bitcast<u32>(ORTHOGONAL);
  if local == 0u {
    atomicMax(&progress[place], met);
    atomicMax(&progress[place + 1u], atomicLoad(&largest_norm));
    turned[pair] = u32(any);
  }
  // Nothing is turned, but the next round needs what is within the blocks.
  if any {
    // A table: the places from which its next rows come, and of the piece between them the four entries.
    let first_place = seat_before(local % TABLES);
    let second_place = seat_before(local % TABLES + TABLES);
    let first_table = first_place % TABLES;
    let second_table = second_place % TABLES;
    let signs = select(vec2(1.0), vec2(-1.0), vec2(first_place, second_place) >= vec2(TABLES));
    let own_entry = entry_at(first_place, second_place);
    let own_across = entry_at(first_place, (second_place + TABLES) % SIDE);
    let other_entry = entry_at((first_place + TABLES) % SIDE, second_place);
    let other_across = entry_at((first_place + TABLES) % SIDE, (second_place + TABLES) % SIDE);
    let left_at = entry_at(next_seat(local % TABLES), next_seat(local % TABLES + TABLES));
    var left = 0.0;
    // The tables of pieces, and where their entries go.
    var pieces: array<vec2<u32>, ITEMS>;
    var seats: array<vec4<u32>, ITEMS>;
    if is_piece {
      for (var i = 0u; i < ITEMS; i++) {
        let piece = local - FIRST_PIECE + i * (THREADS - FIRST_PIECE);
        if piece < PIECES {
          let tables = tables_of(piece);
          let rows = vec2(next_seat(tables.x), next_seat(tables.x + TABLES));
          let columns = vec2(next_seat(tables.y), next_seat(tables.y + TABLES));
          pieces[i] = tables;
          seats[i] = vec4(entry_at(rows.x, columns.x), entry_at(rows.x, columns.y),
            entry_at(rows.y, columns.x), entry_at(rows.y, columns.y));
        }
      }
    }
    // The part of a column of E at its tables, and the place of the row that has the entry 1 of the identity in it.
    var first: array<f32, SHARED>;
    var second: array<f32, SHARED>;
    let is_upper = local >= FIRST_COLUMN + SIDE;
    let first_table_held = select(0u, SHARED, is_upper);
    let column_half = (local + 2u * SIDE - FIRST_COLUMN) % (2u * SIDE);
    let own_column = column_half % SIDE;
    var own_place = own_column;
    if is_table {
      let found = rotation(norms[local].x, norms[local].y, g[entry_at(local, local + TABLES)],
        leads(blocks, local, local + TABLES, 0u), floor);
      turns[local] = found.turn;
      norms[local] = found.norms;
      left = found.inner;
    }
    workgroupBarrier();
    for (var k = 0u; k < STEPS; k++) {
      let now = k % 2u;
      let next = 1u - now;
      if is_table {
        let down = turns[now * TABLES + first_table] * signs.x;
        let along = turns[now * TABLES + second_table] * signs.y;
        let own = vec2(g[now * COPY + own_entry], g[now * COPY + own_across]);
        let other = vec2(g[now * COPY + other_entry], g[now * COPY + other_across]);
        let met_by = own - down.x * (other + down.y * own);
        let inner = met_by.x - along.x * (met_by.y + along.y * met_by.x);
        let found = rotation(norms[now * TABLES + first_table][first_place / TABLES],
          norms[now * TABLES + second_table][second_place / TABLES], inner,
          leads(blocks, local, local + TABLES, k + 1u), floor);
        g[next * COPY + left_at] = left;
        turns[next * TABLES + local] = found.turn;
        norms[next * TABLES + local] = found.norms;
        left = found.inner;
      } else if is_column {
        let arrived = leaving[now * 2u * SIDE + column_half];
        first[0] = select(first[0], arrived, is_upper);
        second[SHARED - 1u] = select(arrived, second[SHARED - 1u], is_upper);
        let own_table = own_place % TABLES;
        let own_turn = turns[now * TABLES + own_table];
        let both = own_turn.x * own_turn.y;
        let added = select(vec2(-own_turn.x, -both), vec2(-both, own_turn.x), own_place < TABLES);
        var turned_first: array<f32, SHARED>;
        var turned_second: array<f32, SHARED>;
        for (var i = 0u; i < SHARED; i++) {
          let turn = turns[now * TABLES + first_table_held + i];
          var a = first[i] - turn.x * (second[i] + turn.y * first[i]);
          var b = second[i] + turn.x * (first[i] - turn.y * second[i]);
          if own_table == first_table_held + i {
            a += added.x;
            b += added.y;
          }
          turned_first[i] = a;
          turned_second[i] = b;
        }
        // Each to its next seat.
        leaving[next * 2u * SIDE + (column_half + SIDE) % (2u * SIDE)] =
          select(turned_first[SHARED - 1u], turned_second[0], is_upper);
        first[0] = turned_first[0];
        first[1] = select(turned_second[0], turned_first[0], is_upper);
        for (var i = 0u; i < ALL_BUT_TWO; i++) {
          first[i + 2u] = turned_first[i + 1u];
        }
        for (var i = 0u; i < ALL_BUT_ONE; i++) {
          second[i] = turned_second[i + 1u];
        }
        second[SHARED - 1u] = turned_first[SHARED - 1u];
        own_place = next_seat(own_place);
      } else {
        for (var i = 0u; i < ITEMS; i++) {
          let tables = pieces[i];
          if tables.x == tables.y {
            break;
          }
          let at = now * COPY + tables.x * TABLES + tables.y;
          let by_rows = turns[now * TABLES + tables.x];
          let by_columns = turns[now * TABLES + tables.y];
          let above = vec2(g[at], g[at + PLANE]);
          let below = vec2(g[at + 2u * PLANE], g[at + 3u * PLANE]);
          let top = above - by_rows.x * (below + by_rows.y * above);
          let bottom = below + by_rows.x * (above - by_rows.y * below);
          let x = vec2(top.x, bottom.x);
          let y = vec2(top.y, bottom.y);
          let turned_x = x - by_columns.x * (y + by_columns.y * x);
          let turned_y = y + by_columns.x * (x - by_columns.y * y);
          let entries = seats[i] + next * COPY;
          g[entries.x] = turned_x.x;
          g[entries.y] = turned_y.x;
          g[entries.z] = turned_x.y;
          g[entries.w] = turned_y.y;
        }
      }
      workgroupBarrier();
    }
    keep(diagonal, local, true);
    workgroupBarrier();
    if is_column {
      let arrived = leaving[STEPS % 2u * 2u * SIDE + column_half];
      first[0] = select(first[0], arrived, is_upper);
      second[SHARED - 1u] = select(arrived, second[SHARED - 1u], is_upper);
      for (var i = 0u; i < SHARED; i++) {
        g[(first_table_held + i) * PITCH + own_column] = first[i];
        g[(first_table_held + i + TABLES) * PITCH + own_column] = second[i];
      }
    }
    workgroupBarrier();
    for (var item = local; item < SIZE; item += THREADS) {
      rotations[pair * SIZE + item] = g[(item % SIDE) * PITCH + item / SIDE];
    }
  } else {
    keep(diagonal, local, false);
  }
}
